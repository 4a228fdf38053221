"""Splits by task: no pair of a fold's training half shares what is held out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from .. import catalogue
from ..errors import MergecastError


@dataclass(frozen=True)
class Fold:
    """One fold: its name (the held-out task) and the rows of its training and validation pairs, each (k,) integers."""

    held_out: str
    train: np.ndarray
    validation: np.ndarray


def loto(pairs: Sequence[tuple[str, str]], tasks: Sequence[str]) -> Iterator[Fold]:
    """Leave one task out: for each task, train on the pairs without it and validate on the pairs with it.

    `pairs` are the table's rows, `tasks` the order of the folds.
    Raises MergecastError with fewer than 4 tasks (an inner split would have nothing to learn from), for a task
    without any pair, and where nothing is left to train on.
    """
    if len(tasks) < 4:
        raise MergecastError(f"split 'loto': needs 4 tasks or more, there are {len(tasks)}; add tasks")
    table = np.array(pairs, dtype=object).reshape(len(pairs), 2)
    for task in tasks:
        held = (table == task).any(axis=1)
        if not held.any():
            raise MergecastError(f"split 'loto': task {task!r} is in no pair; merge it with others or leave it out")
        if held.all():
            raise MergecastError(f"split 'loto': every pair has task {task!r}, so nothing trains without it; add pairs")
        yield Fold(task, np.flatnonzero(~held), np.flatnonzero(held))


def inner(pairs: Sequence[tuple[str, str]]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Leave-one-task-out splits of a training half, as scikit-learn's `cv` takes them: (train, validation) rows.

    Tasks are taken in the order of their names; one whose absence leaves nothing to train on makes no split.
    Raises MergecastError when no split is possible.
    """
    table = np.array(pairs, dtype=object).reshape(len(pairs), 2)
    held = [(table == task).any(axis=1) for task in sorted(set(table.ravel()))]
    splits = [(np.flatnonzero(~mask), np.flatnonzero(mask)) for mask in held if not mask.all()]
    if not splits:
        raise MergecastError(f"inner split: {len(pairs)} training pairs all share a task; add tasks or pairs")
    return splits


SPLITS = {"loto": loto}


def find(name: str):
    """A split by name. Raises MergecastError with the closest name if there is none."""
    if name not in SPLITS:
        raise MergecastError(catalogue.unknown("split", name, SPLITS))
    return SPLITS[name]
