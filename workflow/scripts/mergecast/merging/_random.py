"""Entries spared at random, the same ones whatever else is merged and wherever it is computed."""

import torch

from ..seeding import seed_for


def spared(task: str, name: str, vector: torch.Tensor, drop: float, seed: int) -> torch.Tensor:
    """Which entries of the task vector of one tensor are not dropped, each with probability `drop`; drawn on the CPU."""
    stream = torch.Generator().manual_seed(seed_for("dare", task, name, seed=seed))
    return (torch.rand(vector.shape, generator=stream, dtype=torch.float64) >= drop).to(vector.device)
