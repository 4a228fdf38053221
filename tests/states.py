"""Small states of random weights for tests of merging, and how to compare them."""

import torch

SHAPES = {
    "visual.class_embedding": (6,),
    "visual.conv1.weight": (6, 3, 2, 2),
    "visual.ln_pre.weight": (6,),
    "visual.positional_embedding": (5, 6),
    "visual.proj": (6, 4),
    "visual.transformer.resblocks.0.attn.in_proj_weight": (18, 6),
    "visual.transformer.resblocks.0.attn.out_proj.weight": (6, 6),
    "visual.transformer.resblocks.0.mlp.c_proj.weight": (6, 24),
}
MATRIX = "visual.transformer.resblocks.0.attn.out_proj.weight"


def state(seed: int, shapes=SHAPES, scale: float = 1.0, dtype=torch.float32) -> dict:
    stream = torch.Generator().manual_seed(seed)
    return {name: (scale * torch.randn(shape, generator=stream)).to(dtype) for name, shape in shapes.items()}


def tuned(base: dict, *seeds: int, scale: float = 0.1) -> dict:
    """Models called a, b, …: the base plus a random task vector each."""
    models = {}
    for letter, seed in zip("abcdef", seeds, strict=False):
        step = state(seed, {name: tensor.shape for name, tensor in base.items()}, scale)
        models[letter] = {name: (base[name] + step[name]).to(base[name].dtype) for name in base}
    return models


def step(merged: dict, base: dict) -> dict:
    return {name: merged[name].double() - base[name].double() for name in base}


def close(one: dict, other: dict, tolerance: float = 1e-6) -> bool:
    return one.keys() == other.keys() and all(torch.allclose(one[n], other[n], 1e-5, tolerance) for n in one)


def same(one: dict, other: dict) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[n], other[n]) for n in one)


def single(value, name: str = MATRIX) -> dict:
    return {name: torch.as_tensor(value, dtype=torch.float32)}
