"""Calibration images and heads of tasks, and a checkpoint in its encoder, for features that look at images."""

import numpy as np
import torch

from ..errors import MergecastError
from ..models.encoders import Encoder, open_encoder, open_head
from ..seeding import seed_for
from ..tasks import Split, Task, open_task
from ._given import Checkpoint, Grid

SIZE = "calibration.images_per_task"


def encoder(checkpoint: Checkpoint) -> Encoder:
    """The checkpoint in an encoder on its device, placed once for all features of a job."""
    return checkpoint.once(_placed)


def shown(source: Checkpoint | Grid) -> dict[str, tuple[Split, torch.Tensor]]:
    """The calibration images and the zero-shot head of every task that the feature looks at, by task.

    Raises MergecastError naming the task with fewer train images, and the key that asked for so many.
    """
    images, by_task = source.images, {}
    for name in images.files:
        task, head = source.once(_opened, name)
        by_task[name] = calibration(task, images.per_task, seed=images.seed, asked_by=images.asked_by), head
    return by_task


def calibration(task: Task, images_per_task: int, *, seed: int, asked_by: str = SIZE) -> Split:
    """A task's calibration images and labels, from its train split; `asked_by` as for their indices."""
    indices = calibration_indices(task.name, len(task.train), images_per_task, seed=seed, asked_by=asked_by)
    return task.train.take(indices)


def calibration_indices(task: str, available: int, images_per_task: int, *, seed: int, asked_by: str = SIZE) -> np.ndarray:
    """Sorted indices (int64) of a task's calibration images among its train images: a choice seeded by its name alone.

    Raises MergecastError when more images are asked for, by the key `asked_by`, than there are.
    """
    if images_per_task > available:
        raise MergecastError(
            f"task {task}: {asked_by} is {images_per_task}, but it has only {available} train images; lower it"
        )
    rng = np.random.default_rng(seed_for("calibration", task, seed=seed))
    return np.sort(rng.choice(available, images_per_task, replace=False))


def _placed(checkpoint: Checkpoint) -> Encoder:
    return open_encoder(checkpoint.base, device=checkpoint.device).load(checkpoint.model)


def _opened(source: Checkpoint | Grid, name: str) -> tuple[Task, torch.Tensor]:
    """A task and its zero-shot head, from their files."""
    task = open_task(source.images.files[name])
    return task, open_head(source.images.heads[name], class_names=task.class_names, base=source.base)
