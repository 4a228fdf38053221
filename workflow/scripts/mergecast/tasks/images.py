"""A task: labelled images in three splits, its class names, the prompts that describe them; and its file."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from ..errors import MergecastError
from ..files import atomic
from ..seeding import seed_for

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class Split:
    """Images (uint8, N×H×W×3) and their class indices (int64, N)."""

    images: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indices) -> "Split":
        """The images at `indices`, in that order."""
        return Split(self.images[indices], self.labels[indices])


@dataclass(frozen=True)
class Splits:
    """What a source gives: images for training and testing, and the class names, in the order of the labels."""

    class_names: tuple[str, ...]
    train: Split
    test: Split
    prompts: tuple[str, ...] = ("a photo of {}.",)


@dataclass(frozen=True)
class Task:
    """A task ready to be learned: square RGB images, validation carved from train, prompts that hold `{}` once."""

    name: str
    source: str
    class_names: tuple[str, ...]
    prompts: tuple[str, ...]
    train: Split
    val: Split
    test: Split


def square(images: np.ndarray, size: int) -> np.ndarray:
    """Images (uint8, N×H×W grey or N×H×W×3) as RGB of size×size: shortest side resized bicubically, centre kept."""
    if images.ndim == 3:
        images = np.repeat(images[..., None], 3, axis=-1)
    height, width = images.shape[1:3]
    if (height, width) == (size, size):
        return np.ascontiguousarray(images)
    scale = size / min(height, width)
    tall, wide = max(size, round(height * scale)), max(size, round(width * scale))
    top, left = (tall - size) // 2, (wide - size) // 2
    result = np.empty((len(images), size, size, 3), np.uint8)
    for index, image in enumerate(images):
        resized = Image.fromarray(image).resize((wide, tall), Image.Resampling.BICUBIC)
        result[index] = np.asarray(resized)[top : top + size, left : left + size]
    return result


def carve(split: Split, fraction: float, *, task: str, seed: int) -> tuple[Split, Split]:
    """Train and validation: a choice of round(fraction × N), at least one image, seeded by the task's name.

    Raises MergecastError when nothing would be left to train on.
    """
    count = max(1, round(fraction * len(split)))
    if count >= len(split):
        raise MergecastError(
            f"task {task}: its {len(split)} train images cannot give a validation fraction of {fraction}; "
            "lower `validation_fraction` or give more images"
        )
    order = np.random.default_rng(seed_for("validation", task, seed=seed)).permutation(len(split))
    return split.take(np.sort(order[count:])), split.take(np.sort(order[:count]))


def check(task: Task) -> Task:
    """The task itself, if it can be trained and tested; else MergecastError naming task, split and fault."""
    if len(task.class_names) < 2:
        raise MergecastError(f"task {task.name}: has {len(task.class_names)} class; a task needs two or more")
    twice = sorted({name for name in task.class_names if task.class_names.count(name) > 1})
    if twice:
        raise MergecastError(f"task {task.name}: two classes are named {twice[0]!r}; rename one in `classes`")
    for prompt in task.prompts:
        if prompt.count("{}") != 1:
            raise MergecastError(f"task {task.name}: prompt {prompt!r} must hold {{}} once, for the class name")
    if not task.prompts:
        raise MergecastError(f"task {task.name}: has no prompt; give at least one with {{}} for the class name")
    for name in SPLITS:
        split = getattr(task, name)
        if len(split.images) != len(split.labels):
            raise MergecastError(
                f"task {task.name}: {name} has {len(split.images)} images but {len(split.labels)} labels; "
                "give one label an image"
            )
        if not len(split):
            raise MergecastError(f"task {task.name}: {name} is empty; give at least one image")
        outside = (split.labels < 0) | (split.labels >= len(task.class_names))
        if outside.any():
            raise MergecastError(
                f"task {task.name}: {name} has label {split.labels[outside][0]}, but there are "
                f"{len(task.class_names)} classes (0 to {len(task.class_names) - 1}); mend the labels or `classes`"
            )
    if len(np.unique(np.concatenate([task.train.labels, task.val.labels]))) < 2:
        raise MergecastError(f"task {task.name}: all its train images are of one class; a task needs two or more")
    return task


def save(path, task: Task) -> None:
    """Write a task as safetensors: `{split}_images`, `{split}_labels`; header: task, source, class_names, prompts."""
    tensors = {}
    for name in SPLITS:
        split = getattr(task, name)
        tensors[f"{name}_images"] = np.ascontiguousarray(split.images)
        tensors[f"{name}_labels"] = np.ascontiguousarray(split.labels)
    header = {
        "task": task.name,
        "source": task.source,
        "class_names": json.dumps(task.class_names),
        "prompts": json.dumps(task.prompts),
    }
    with atomic(path) as temporary:
        save_file(tensors, temporary, header)


def open_task(path) -> Task:
    """Read a prepared task. Raises MergecastError when the file is missing, damaged or not one of ours."""
    if not Path(path).is_file():
        raise MergecastError(f"{path}: no such file; prepare the task's images first, with `snakemake {path}`")
    try:
        with safe_open(path, framework="numpy") as file:
            header = file.metadata() or {}
            splits = {name: Split(file.get_tensor(f"{name}_images"), file.get_tensor(f"{name}_labels")) for name in SPLITS}
            class_names, prompts = (tuple(json.loads(header[key])) for key in ("class_names", "prompts"))
            return check(Task(header["task"], header["source"], class_names, prompts, **splits))
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise MergecastError(f"{path}: is not a whole file of prepared images ({error}); delete it and run again") from error
