"""Calibration images, and what a checkpoint does on them: mean activation and input gradients, task by task."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from ..errors import MergecastError
from ..models.encoders import Encoder, logits
from ..seeding import seed_for
from ..tasks import Split, Task

SIZE = "calibration.images_per_task"


@dataclass(frozen=True)
class TaskProbe:
    """One checkpoint on one task's calibration images.

    activation: float64 (width,), mean over images and tokens of the last block's output; count: number of images;
    input_gradient: float32 (count·3·S·S,), each image's ∂loss/∂(normalised input), one after the other.
    """

    activation: np.ndarray
    count: int
    input_gradient: np.ndarray


def calibration_indices(task: str, available: int, images_per_task: int, *, seed: int, key: str = SIZE) -> np.ndarray:
    """Sorted indices (int64) of a task's calibration images among its train images: a choice seeded by its name alone.

    Raises MergecastError when more images are asked for, by the configuration's `key`, than there are.
    """
    if images_per_task > available:
        raise MergecastError(f"task {task}: {key} is {images_per_task}, but it has only {available} train images; lower it")
    rng = np.random.default_rng(seed_for("calibration", task, seed=seed))
    return np.sort(rng.choice(available, images_per_task, replace=False))


def calibration(task: Task, images_per_task: int, *, seed: int, key: str = SIZE) -> Split:
    """A task's calibration images and labels, from its train split; `key` as for their indices."""
    return task.train.take(calibration_indices(task.name, len(task.train), images_per_task, seed=seed, key=key))


def probe(encoder: Encoder, head: torch.Tensor, images: Split, *, batch_size: int = 32) -> TaskProbe:
    """One checkpoint on one task's calibration images under that task's head; other tasks cannot change a bit of it."""
    encoder.eval()
    head = head.to(encoder.device)
    tokens: list[torch.Tensor] = []
    hook = encoder.last_block.register_forward_hook(lambda block, inputs, output: tokens.append(output.detach()))
    total, gradients = 0.0, []
    try:
        for start in range(0, len(images), batch_size):
            batch = images.take(slice(start, start + batch_size))
            pixels = encoder.preprocess(batch.images).requires_grad_()
            truth = torch.from_numpy(batch.labels).to(encoder.device)
            # Summed, not averaged: each image's gradient then is that of its own loss.
            loss = functional.cross_entropy(logits(encoder(pixels), head), truth, reduction="sum")
            (gradient,) = torch.autograd.grad(loss, pixels)
            gradients.append(gradient.flatten().cpu().numpy())
            total = total + tokens.pop().double().mean(dim=1).sum(dim=0).cpu().numpy()
    finally:
        hook.remove()
    return TaskProbe(total / len(images), len(images), np.concatenate(gradients))


def tensors(probes: Mapping[str, TaskProbe]) -> dict[str, torch.Tensor]:
    """Tensors of a probe file: `{task}/activation`, `{task}/count`, `{task}/input_gradient` for every task."""
    found = {}
    for task, one in probes.items():
        found[f"{task}/activation"] = torch.from_numpy(one.activation)
        found[f"{task}/count"] = torch.tensor(one.count)
        found[f"{task}/input_gradient"] = torch.from_numpy(one.input_gradient)
    return found
