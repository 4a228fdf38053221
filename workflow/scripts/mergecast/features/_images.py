"""Calibration images and heads of tasks, and a checkpoint in its encoder, for features that look at images."""

import numpy as np
import torch

from ..errors import MergecastError
from ..models.checkpoints import task_vector
from ..models.encoders import Encoder, open_encoder, open_head
from ..seeding import seed_for
from ..tasks import Split, Task, open_task
from ..tasks.images import limit
from ._given import Checkpoint, Grid, State

SIZE = "calibration.images_per_task"


def encoder(checkpoint: Checkpoint) -> Encoder:
    """The checkpoint in an encoder on its device, placed once for all features of a job."""
    return checkpoint.once(_placed)


def shown(source: Checkpoint | Grid) -> dict[str, tuple[Split, torch.Tensor]]:
    """The images and the zero-shot head of every task that the feature looks at, by task.

    Raises MergecastError naming the task with fewer train images, and the key that asked for so many.
    """
    images, by_task = source.images, {}
    for name in images.files:
        task, head = source.once(_opened, name)
        if images.split == "val":
            chosen = validation(task, images.per_task, seed=images.seed)
        else:
            chosen = calibration(task, images.per_task, seed=images.seed, asked_by=images.asked_by)
        by_task[name] = chosen, head
    return by_task


def calibration(task: Task, images_per_task: int, *, seed: int, asked_by: str = SIZE) -> Split:
    """A task's calibration images and labels, from its train split; `asked_by` as for their indices."""
    indices = calibration_indices(task.name, len(task.train), images_per_task, seed=seed, asked_by=asked_by)
    return task.train.take(indices)


def validation(task: Task, most: int, *, seed: int) -> Split:
    """A task's validation images and labels, at most so many: a choice seeded by its name alone."""
    return task.val.take(limit(len(task.val), most, task=task.name, part="features", seed=seed))


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


def interpolated(base: State, model: State, share: float) -> dict[str, torch.Tensor]:
    """θ0 + λτ, λ = `share`: float32, exactly the base at 0 and the model at 1."""
    if share in (0, 1):
        return {name: (model if share else base)[name].float() for name in base}
    return {name: base[name].float() + share * task_vector(base, model, name) for name in base}


def _placed(checkpoint: Checkpoint) -> Encoder:
    return open_encoder(checkpoint.base, device=checkpoint.device).load(checkpoint.model)


def _opened(source: Checkpoint | Grid, name: str) -> tuple[Task, torch.Tensor]:
    """A task and its zero-shot head, from their files."""
    task = open_task(source.images.files[name])
    return task, open_head(source.images.heads[name], class_names=task.class_names, base=source.base)
