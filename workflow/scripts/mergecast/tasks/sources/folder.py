"""Your own pictures in folders: one folder per class, in one folder for training and one for testing."""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import MergecastError, warn
from .. import listing, options
from ..images import Split, Splits
from ..pictures import decode

DEFAULTS = {"train": "train", "test": "test"}


@dataclass(frozen=True)
class Files(Sequence):
    """Pictures of a task by path, each decoded when it is asked for."""

    task: str
    paths: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> np.ndarray:
        return decode(self.paths[index], f"task {self.task}: {self.paths[index]}")


def read_options(row: dict) -> dict:
    """Options of a row.

    Parameters
    ----------
    row : mapping from column to text

    Returns
    -------
    mapping from option to bool, int or str

    Raises
    ------
    MergecastError
        As `options.read` does.
    """
    return options.read(row, DEFAULTS)


def load(row: dict, *, size: int, seed: int) -> Splits:
    """The pictures `{path}/{train}/{class}/*` and `{path}/{test}/{class}/*`, classes and pictures in the order of names.

    The options `train` and `test` are the names of those two folders; "_" in the name of a class is read as a space. Files
    that are no pictures, and pictures beside or below the folders of classes, are passed over, which is said on stderr in one
    line (see `listing.survey`).

    Parameters
    ----------
    row : mapping from column to text
    size, seed : int
        Not used.

    Returns
    -------
    Splits
        Each picture is decoded when it is asked for.

    Raises
    ------
    MergecastError
        Naming the task and the folder: no path, not there, not readable, without classes or pictures, classes that are in one
        of the two alone. As `read_options` does.
    """
    task, root, chosen = row["task"], options.path(row, "a folder of pictures"), read_options(row)
    folders = {part: os.path.join(root, chosen[part]) for part in DEFAULTS}
    classes = {part: _listed(task, folder, listing.folders) for part, folder in folders.items()}
    for part, folder in folders.items():
        if not classes[part]:
            raise MergecastError(f"task {task}: {folder}: has no folder in it; make one per class, with its pictures")
    for part, other in (("train", "test"), ("test", "train")):
        if alone := [name for name in classes[part] if name not in classes[other]]:
            raise MergecastError(
                f"task {task}: class {alone[0]!r} is in {folders[part]}, but not in {folders[other]}; "
                "give both the same classes"
            )
    others: dict[str, Counter] = {}
    splits = [_split(task, root, folder, classes["train"], others) for folder in folders.values()]
    if line := listing.remark(others):
        warn(f"task {task}: {root}: {line}")
    return Splits(tuple(name.replace("_", " ") for name in classes["train"]), *splits)


def _split(task: str, root: str, folder: str, classes: list[str], others: dict[str, Counter]) -> Split:
    """A split; what is passed over is put into `others`, by folder."""
    paths, labels = [], []
    others[os.path.relpath(folder, root)] = _listed(task, folder, listing.strays)
    for label, name in enumerate(classes):
        place = os.path.join(folder, name)
        pictures, passed = _listed(task, place, listing.survey)
        others[os.path.relpath(place, root)] = passed
        if not pictures:
            there = f", but {listing.endings(passed)}" if passed else ""
            raise MergecastError(
                f"task {task}: {place}: holds no picture{there}; put some there as PNG or JPEG, or remove the class from both"
            )
        paths += [os.path.join(place, picture) for picture in pictures]
        labels += [label] * len(pictures)
    return Split(Files(task, tuple(paths)), np.array(labels, np.int64))


def _listed(task: str, folder: str, look: Callable):
    """What a function of `listing` finds in a folder."""
    try:
        return look(folder)
    except OSError as error:
        raise MergecastError(f"task {task}: {folder}: cannot be read ({error.strerror}); check `path` and `options`") from error
