"""LoRA adapters as PEFT saves them, merged into the tower they were trained on: θ = θ0 + s·B·A.

Source: Hu et al. 2022, "LoRA"; s = α/r, or α/√r (Kalajdzievski 2023, "rsLoRA"). The files: PEFT's `adapter_config.json` and
`adapter_model.safetensors`.
"""

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path

import torch

from ...errors import MergecastError
from ...pretenders import pretender
from ..checkpoints import State
from . import architecture
from .layouts import Mapped, listed, table, wrapper
from .reading import File

KEY = re.compile(r"(?:base_model\.model\.)?(.+)\.lora_([AB])(?:\.default)?\.weight")
# PEFT's wrapper of torch's MultiheadAttention adds the adapter of out_proj twice, while training too: huggingface/peft#3774.
ATTENTION = re.compile(r"visual\..*\.attn(\.|$)")
# Each changes more than θ0 + s·B·A, or θ0 itself.
REFUSED = (
    "use_dora", "use_qalora", "use_bdlora", "lora_bias", "modules_to_save", "target_parameters", "trainable_token_indices",
    "layer_replication", "alora_invocation_tokens", "arrow_config", "kasa_config", "monteclora_config",
)  # fmt: skip
# The other initialisations start by changing θ0, and their adapters fit only that changed base.
STARTS = (True, False, "gaussian", "orthogonal", "eva")
REMEDY = "save the merged model instead (PEFT's merge_and_unload)"


def merge(file: File, config_path, base: State) -> Mapped:
    """The visual tower of `base` with an adapter merged into it; products are taken in float32.

    Adapters of the text tower are left out, since heads are the base's. `fan_in_fan_out` needs nothing: it turns B·A for
    weights stored (in, out), and ours are (out, in).

    Parameters
    ----------
    file : File
        Weights of the adapter.
    config_path : Path or str
        Its `adapter_config.json`.
    base : State

    Returns
    -------
    Mapped
        In the base's types; `left_out` counts adapted modules of the text tower, not tensors.

    Raises
    ------
    MergecastError
        If the adapter is no plain LoRA, is of another base, or has tensors without a place.
    """
    config = read_config(config_path)
    _check_architecture(config_path, config, base)
    pairs = _pairs(file)
    if fused := [module for module in pairs if ATTENTION.search(module)]:
        raise MergecastError(f"{file.path}: the adapter of {listed(fused)} counts once or twice, by PEFT's version; {REMEDY}")
    prefix = wrapper(pairs)
    look_up = table(module.removeprefix(prefix) for module in pairs)
    places = {module: look_up(f"{module.removeprefix(prefix)}.weight") for module in pairs}
    if unknown := [module for module, place in places.items() if place is None]:
        raise MergecastError(f"{file.path}: the adapter of {listed(unknown)} has no place in a CLIP; {REMEDY}")
    visual = {module: place for module, place in places.items() if place.name.startswith("visual.")}
    if not visual:
        raise MergecastError(f"{file.path}: adapts nothing of the visual tower; give an adapter of the image encoder")
    state = dict(base.items())
    for module, place in visual.items():
        if place.name not in state:
            raise MergecastError(f"{file.path}: adapts {module!r}, which the base {base.path} has not; give its own base")
        down, up = pairs[module]["A"], pairs[module]["B"]
        target = state[place.name] = state[place.name].clone()
        if place.part is not None:
            target = target.view(3, -1, *target.shape[1:])[place.part]
        target = target.T if place.turned else target
        inner = target[0].numel()
        if (len(up), up[0].numel(), down[0].numel()) != (len(target), len(down), inner):
            raise MergecastError(
                f"{file.path}: the adapter of {module!r} is {len(up)}×{down[0].numel()}, its weight in the base {base.path} "
                f"{len(target)}×{inner}; give the base that it was trained on"
            )
        # A convolution's kernels lie flat in A, and B is its 1×1 convolution: one product for all kinds of modules.
        product = up.flatten(1).float() @ down.flatten(1).float() * _scale(config_path, config, module, len(down))
        target.copy_((target.float() + product.view(target.shape)).to(target.dtype))
    return Mapped(state, "LoRA adapter (PEFT)", len(places) - len(visual))


def read_config(path) -> dict:
    """An adapter's configuration.

    Parameters
    ----------
    path : Path or str

    Returns
    -------
    dict

    Raises
    ------
    MergecastError
        If it cannot be read, or is of no plain LoRA, naming the key that says so.
    """
    try:
        config = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        found = pretender(path, "configuration") or f"cannot be read as JSON ({error}); an adapter needs it beside its weights"
        raise MergecastError(f"{path}: {found}") from error
    if not isinstance(config, dict) or config.get("peft_type") != "LORA":
        kind = config.get("peft_type") if isinstance(config, dict) else None
        raise MergecastError(f"{path}: peft_type is {kind!r}, only LORA can be merged; {REMEDY}")
    if refused := [key for key in REFUSED if config.get(key)]:
        raise MergecastError(f"{path}: {refused[0]} is set, which is more than a plain LoRA; {REMEDY}")
    if config.get("bias", "none") != "none":
        raise MergecastError(f"{path}: bias is {config['bias']!r}, so biases were trained too; {REMEDY}")
    if (start := config.get("init_lora_weights", True)) not in STARTS:
        raise MergecastError(f"{path}: init_lora_weights is {start!r}, which changes the base first; {REMEDY}")
    return config


def _check_architecture(path, config: dict, base: State) -> None:
    """Names of models say what shapes may not: a ViT-L-14 at 336 px, for one."""
    named, model = config.get("base_model_name_or_path"), base.metadata.get("model")
    theirs, ours = architecture.named(named or ""), architecture.named(model or "")
    if theirs and ours and theirs != ours:
        raise MergecastError(f"{path}: is an adapter of {named}, and the base {base.path} is a {model}; give its own base")


def _pairs(file: File) -> dict[str, dict[str, torch.Tensor]]:
    """A (r×in) and B (out×r) by module. Anything else in the file is an error: it was trained, and would be lost."""
    pairs, others = {}, []
    for name in file.tensors:
        if matched := KEY.fullmatch(name):
            pairs.setdefault(matched[1], {})[matched[2]] = file.tensors[name]
        else:
            others.append(name)
    if others:
        raise MergecastError(f"{file.path}: {listed(others)} is no part of a plain LoRA; {REMEDY}")
    if half := [module for module, pair in pairs.items() if len(pair) < 2]:
        raise MergecastError(f"{file.path}: the adapter of {listed(half)} lacks its lora_A or lora_B; save it whole")
    for module, pair in pairs.items():
        for side, tensor in pair.items():
            if tensor.ndim < 2 or not tensor.numel() or not tensor.is_floating_point():
                raise MergecastError(f"{file.path}: lora_{side} of {module!r} is no matrix of weights; save the adapter again")
    return pairs


def _scale(path, config: Mapping, module: str, rank: int) -> float:
    """s of one module, its own rank and α where a pattern gives them: the first that ends the module's name, as in PEFT."""
    try:
        r, alpha = (
            next((value for pattern, value in patterns.items() if re.match(rf"(.*\.)?({pattern})$", module)), default)
            for patterns, default in (
                (config.get("rank_pattern") or {}, config["r"]),
                (config.get("alpha_pattern") or {}, config["lora_alpha"]),
            )
        )
        scale = alpha / (math.sqrt(r) if config.get("use_rslora") else r)
    except (re.error, KeyError, TypeError, AttributeError, ValueError, ZeroDivisionError) as error:
        raise MergecastError(
            f"{path}: its r, lora_alpha or patterns make no scale ({error}); save the adapter again"
        ) from error
    if r != rank:
        raise MergecastError(f"{path}: gives {module!r} rank {json.dumps(r)}, its weights have {rank}; give the adapter's own")
    return scale
