"""Checkpoints to measure on: a random base of a real architecture, and random task vectors of a realistic size."""

import re
from pathlib import Path

SETTING = "random"
SIZE = 2.6e-4  # of an entry of τ: a length of 2.4 in a ViT-B, as fine-tuned ones have
SHARED = 0.25  # of the entries that all tasks have in common: a cosine of 0.06, the published mean


def make(folder: Path, model: str, count: int, *, blocks: int | None = None) -> list[str]:
    """Write a base and `count` checkpoints of a visual tower, or of its first blocks, as a setting has them; their tasks.

    Every number is a function of the model and the task's place alone. Files that are there already are kept.
    """
    import torch

    from mergecast.models.checkpoints import content_hash, save
    from mergecast.models.encoders import Encoder, new_clip

    def kept(name):
        block = re.search(r"resblocks\.(\d+)\.", name)
        return blocks is None or not block or int(block[1]) < blocks

    setting = folder / "results" / SETTING
    visual = Encoder(model, new_clip(model).visual).state()
    base = {name: tensor for name, tensor in visual.items() if kept(name)}
    save(setting / "base.safetensors", base, {"model": model})
    header = {"base_sha256": content_hash(base)}
    tasks = [f"t{place:03}" for place in range(count)]
    for place, task in enumerate(tasks, start=1):
        path = setting / "checkpoints" / f"{task}.safetensors"
        if path.exists():
            continue
        common, own = torch.Generator().manual_seed(0), torch.Generator().manual_seed(place)
        state = {}
        for name, tensor in base.items():
            shared, single = (torch.randn(tensor.shape, generator=generator) for generator in (common, own))
            state[name] = tensor + SIZE * (SHARED * shared + single)
        save(path, state, {**header, "task": task})
    return tasks


def pairs(tasks: list[str]) -> list[tuple[str, str]]:
    """Row by row of the triangle, as the workflow orders them."""
    return [(a, b) for row, b in enumerate(tasks) for a in tasks[:row]]
