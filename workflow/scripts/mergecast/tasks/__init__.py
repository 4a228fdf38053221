"""Image tasks from several sources behind one door. Nothing here imports torch."""

from dataclasses import replace

import numpy as np

from .. import catalogue
from ..errors import MergecastError
from . import images, options
from .images import Split, Task
from .store import open_task, save

__all__ = ["Split", "Task", "find", "load", "open_task", "save", "known_sources"]


def known_sources() -> tuple[str, ...]:
    """Names of the sources, one module each."""
    return catalogue.names("tasks.sources")


def find(row: dict, *, size: int, seed: int, validation_fraction: float = 0.1) -> Task:
    """The task of one row of tasks.tsv, as size×size RGB images, each decoded and resized when it is reached: for `save`.

    Parameters
    ----------
    row : mapping from column to text
        `task`, `source` and, where needed, `path`, `options` (`name=value` pairs set apart by spaces), `classes` and `prompts`
        (each list set apart by `|`); absent or empty means the source's own.
    size : int
        Side of the images, in pixels.
    seed : int
    validation_fraction : float, default 0.1
        Share of the train images that become the validation split, a choice seeded by the task's name.

    Returns
    -------
    Task
        Its images raise MergecastError for a picture that cannot be decoded, when it is reached.

    Raises
    ------
    MergecastError
        For an unknown source, a number of `classes` other than the source's, and for whatever the source or the checks of
        `images.check`, `images.carve` and `options.limits` refuse.
    """
    name, source = row["task"], row["source"]
    if source not in known_sources():
        raise MergecastError(f"task {name}: {catalogue.unknown('source', source, known_sources())}")
    splits = catalogue.load("tasks.sources", source).load(row, size=size, seed=seed)
    class_names = options.listed(row, "classes") or splits.class_names
    if len(class_names) != len(splits.class_names):
        raise MergecastError(
            f"task {name}: `classes` lists {len(class_names)} names, its source has {len(splits.class_names)} classes; "
            "give one name a class, set apart by |"
        )
    prompts = options.listed(row, "prompts") or splits.prompts
    # Checked before carving as well, so that an empty or mismatched train split is named as what it is.
    images.check(Task(name, source, class_names, prompts, splits.train, splits.train, splits.test))
    most = options.limits(row)
    train, test = (
        images.limit(len(split), most[f"{part}_limit"], task=name, part=part, seed=seed)
        for part, split in (("train", splits.train), ("test", splits.test))
    )
    kept, held = images.carve(len(train), validation_fraction, task=name, seed=seed)
    chosen = ((splits.train, train[kept]), (splits.train, train[held]), (splits.test, test))
    parts = (Split(images.Resized(split.images, indices, size), split.labels[indices]) for split, indices in chosen)
    return images.check(Task(name, source, class_names, prompts, *parts))


def load(row: dict, *, size: int, seed: int, validation_fraction: float = 0.1) -> Task:
    """The task of `find`, all its images in memory.

    Parameters
    ----------
    row : mapping from column to text
    size, seed : int
    validation_fraction : float, default 0.1
        All as for `find`.

    Returns
    -------
    Task

    Raises
    ------
    MergecastError
        As for `find`, and for a picture that cannot be decoded.
    """
    task = find(row, size=size, seed=seed, validation_fraction=validation_fraction)
    return replace(task, **{name: _in_memory(getattr(task, name)) for name in images.SPLITS})


def _in_memory(split: Split) -> Split:
    array = np.empty(split.images.shape, np.uint8)
    for index, image in enumerate(split.images):
        array[index] = image
    return Split(array, split.labels)
