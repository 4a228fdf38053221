"""Entries spared at random, the same ones whatever else is merged and wherever it is computed."""

import torch

from ..seeding import seed_for


def stream(task: str, name: str, seed: int) -> torch.Generator:
    """The random numbers of one tensor of one task."""
    return torch.Generator().manual_seed(seed_for("dare", task, name, seed=seed))


def spared(numbers: torch.Generator, vector: torch.Tensor, drop: float) -> torch.Tensor:
    """Which entries of a task vector are not dropped, each with probability `drop`; drawn on the CPU."""
    return (torch.rand(vector.shape, generator=numbers, dtype=torch.float64) >= drop).to(vector.device)
