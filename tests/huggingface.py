"""Small CLIPs of `transformers` with random weights, and OpenCLIP's models of the same architecture, for tests."""

import json
from functools import cache

import torch

from mergecast.models import encoders

encoders.library()  # makes torchvision importable, which transformers tries

import transformers  # noqa: E402

WIDTH, LAYERS, HEADS, IMAGE, PATCH, FEATURES = 64, 2, 2, 32, 8, 48
TEXT = {"width": 32, "layers": 1, "heads": 2, "context_length": 16, "vocab_size": 100}


@cache
def _models(folder):
    for activation in ("gelu", "quick_gelu"):
        config = {
            "embed_dim": FEATURES,
            "quick_gelu": activation == "quick_gelu",
            "vision_cfg": {
                "image_size": IMAGE,
                "layers": LAYERS,
                "width": WIDTH,
                "head_width": WIDTH // HEADS,
                "patch_size": PATCH,
            },
            "text_cfg": TEXT,
        }
        (folder / f"small-{activation}.json").write_text(json.dumps(config))
    encoders.library().add_model_config(folder)


def openclip(folder, activation: str, seed: int = 0):
    """OpenCLIP's CLIP of the same architecture with random weights, and its model's name."""
    _models(folder)
    return encoders.new_clip(f"small-{activation}", seed=seed), f"small-{activation}"


def clip(activation: str, seed: int = 0) -> transformers.CLIPModel:
    """A whole CLIP of `transformers`; every tensor random, biases and norms too, so that none can be mistaken."""
    vision = {"hidden_size": WIDTH, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "intermediate_size": 4 * WIDTH}
    text = {"hidden_size": TEXT["width"], "num_hidden_layers": TEXT["layers"], "num_attention_heads": TEXT["heads"]}
    text |= {"intermediate_size": 4 * TEXT["width"], "vocab_size": TEXT["vocab_size"]}
    text |= {"max_position_embeddings": TEXT["context_length"], "bos_token_id": 98, "eos_token_id": 99}
    config = transformers.CLIPConfig(
        vision_config=vision | {"image_size": IMAGE, "patch_size": PATCH, "projection_dim": FEATURES, "hidden_act": activation},
        text_config=text | {"hidden_act": activation},
        projection_dim=FEATURES,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = transformers.CLIPModel(config)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(0.1 * torch.randn(parameter.shape))
    return model.eval()


def vision(activation: str, seed: int = 0) -> transformers.CLIPVisionModelWithProjection:
    """The visual tower of `clip` alone, as transformers has it."""
    whole = clip(activation, seed)
    tower = transformers.CLIPVisionModelWithProjection(whole.config.vision_config)
    tower.load_state_dict({name: tensor for name, tensor in whole.state_dict().items() if name in tower.state_dict()})
    return tower.eval()


def pixels(seed: int = 5) -> torch.Tensor:
    """Four normalised images."""
    return torch.randn(4, 3, IMAGE, IMAGE, generator=torch.Generator().manual_seed(seed))


def llama(hidden: int = 32, seed: int = 0) -> transformers.LlamaForCausalLM:
    """A small language model with random weights, its head apart from its embeddings."""
    config = transformers.LlamaConfig(
        vocab_size=50, hidden_size=hidden, intermediate_size=48, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=2, tie_word_embeddings=False,
    )  # fmt: skip
    return _random(transformers.LlamaForCausalLM, config, seed)


def gpt2(seed: int = 0) -> transformers.GPT2LMHeadModel:
    """A small GPT-2 with random weights, whose matrices are stored (in, out)."""
    config = transformers.GPT2Config(
        vocab_size=50, n_positions=16, n_embd=32, n_layer=2, n_head=2, bos_token_id=1, eos_token_id=1
    )
    return _random(transformers.GPT2LMHeadModel, config, seed)


def _random(kind, config, seed: int):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return kind(config).eval()
