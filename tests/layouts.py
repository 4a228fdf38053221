"""An OpenCLIP CLIP's tensors as others would have saved them, written by hand from the names of their modules."""

import re

import torch

from mergecast.models import checkpoints

# In this order: what OpenCLIP calls a module or tensor, and transformers does.
NAMES = {
    r"^transformer\.resblocks": "encoder.layers",
    r"attn\.out_proj": "self_attn.out_proj",
    r"mlp\.c_fc": "mlp.fc1",
    r"mlp\.c_proj": "mlp.fc2",
    r"ln_(\d)": r"layer_norm\1",
    r"^ln_pre": "pre_layrnorm",
    r"^ln_post": "post_layernorm",
    r"^ln_final": "final_layer_norm",
    r"^class_embedding$": "embeddings.class_embedding",
    r"^conv1": "embeddings.patch_embedding",
    r"^token_embedding": "embeddings.token_embedding",
    r"^positional_embedding$": "embeddings.position_embedding.weight",
}
PROJECTIONS = {"visual.proj": "visual_projection.weight", "text_projection": "text_projection.weight"}


def to_huggingface(state: dict) -> dict:
    """The tensors as `transformers.CLIPModel` names them: q, k and v apart, projections turned."""
    found: dict[str, torch.Tensor] = {}
    for name, tensor in state.items():
        tower = "vision_model" if name.startswith("visual.") else "text_model"
        inner = name.removeprefix("visual.")
        for ours, theirs in NAMES.items():
            inner = re.sub(ours, theirs, inner)
        if name in PROJECTIONS:
            found[PROJECTIONS[name]] = tensor.T.contiguous()
        elif name == "logit_scale":
            found[name] = tensor
        elif "attn.in_proj_" in inner:
            for letter, rows in zip("qkv", tensor.chunk(3), strict=True):
                found[f"{tower}.{inner.replace('attn.in_proj_', f'self_attn.{letter}_proj.')}"] = rows.clone()
        else:
            found[f"{tower}.{inner}"] = tensor
    return found


def behind(prefix: str, state: dict) -> dict:
    """The tensors with a wrapper's prefix before every name."""
    return {prefix + name: tensor for name, tensor in state.items()}


def published(state: dict) -> dict:
    """As the published checkpoints are: behind `model.`, of the text tower all but its blocks."""
    return behind("model.", {name: tensor for name, tensor in state.items() if not name.startswith("transformer.")})


# By how a file is described: all tensors of a CLIP as that layout has them.
LAYOUTS = {
    "OpenCLIP visual tower": lambda state: {name: tensor for name, tensor in state.items() if name.startswith("visual.")},
    "OpenCLIP CLIP": lambda state: state,
    "OpenCLIP CLIP, without the wrappers 'module'": lambda state: behind("module.", state),
    "OpenCLIP CLIP without text blocks, behind 'model.'": published,
    "Hugging Face CLIP": to_huggingface,
    "Hugging Face CLIP, behind 'model.', without the wrappers 'module'": lambda state: behind(
        "module.model.", to_huggingface(state)
    ),
    "Hugging Face CLIP vision model": lambda state: {
        name: tensor for name, tensor in to_huggingface(state).items() if name.startswith(("vision_model.", "visual_"))
    },
    "Hugging Face CLIP vision model without 'vision_model.'": lambda state: {
        name.removeprefix("vision_model."): tensor
        for name, tensor in to_huggingface(state).items()
        if name.startswith(("vision_model.", "visual_"))
    },
    "OpenCLIP visual tower without 'visual.', behind 'encoder.'": lambda state: {
        f"encoder.{name.removeprefix('visual.')}": tensor for name, tensor in state.items() if name.startswith("visual.")
    },
    "OpenCLIP visual tower, without the wrappers '_fsdp_wrapped_module', '_orig_mod'": lambda state: {
        name.replace("visual.", "_orig_mod.visual.")
        .replace("resblocks.0.", "resblocks.0._fsdp_wrapped_module.")
        .replace("mlp.", "mlp._orig_mod."): tensor
        for name, tensor in state.items()
        if name.startswith("visual.")
    },
}
# By file name: how such a file is written.
WRITERS = {
    "model.safetensors": checkpoints.save,
    "model.pt": lambda path, state: torch.save(state, path),
    "model.bin": lambda path, state: torch.save({"state_dict": state, "epoch": 3}, path),
    "model.pth": lambda path, state: torch.save({"model": state, "optimizer": {"state": {}, "param_groups": []}}, path),
}
