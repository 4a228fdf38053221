"""Splits by task: no pair of a fold's training half shares what is held out. And one by pair, whose tasks are all known."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from .. import catalogue
from ..errors import MergecastError
from ..seeding import seed_for

# With fewer tasks a fold, or an inner split of its training half, would have nothing to learn from.
FEWEST_TASKS = {"loto": 4, "l2to": 5, "disjoint": 8}
FEWEST_PAIRS = 4  # of which one can be left out
INNER_GROUPS = 5


@dataclass(frozen=True)
class Fold:
    """One fold: its name (the held-out task, pair or number) and its training and validation rows, each (k,) integers.

    `unseen` says how many tasks of a validation pair are in no training pair: 0, 1 or 2.
    """

    name: str
    train: np.ndarray
    validation: np.ndarray
    unseen: int


def loto(pairs: Sequence[tuple[str, str]], tasks: Sequence[str]) -> Iterator[Fold]:
    """Leave one task out: for each task, train on the pairs without it and validate on the pairs with it.

    Parameters
    ----------
    pairs : sequence of (str, str)
        The table's rows.
    tasks : sequence of str
        In the order of the folds.

    Yields
    ------
    Fold

    Raises
    ------
    MergecastError
        With fewer than 4 tasks, for a task without any pair, and where nothing is left to train on.
    """
    _enough("loto", tasks)
    table = _table(pairs)
    for task in tasks:
        held = (table == task).any(axis=1)
        if not held.any():
            raise MergecastError(f"split 'loto': task {task!r} is in no pair; merge it with others or leave it out")
        if held.all():
            raise MergecastError(f"split 'loto': every pair has task {task!r}, so nothing trains without it; add pairs")
        yield Fold(task, np.flatnonzero(~held), np.flatnonzero(held), 1)


def l2to(pairs: Sequence[tuple[str, str]], tasks: Sequence[str]) -> Iterator[Fold]:
    """Leave two tasks out: for each pair, train on the rows that contain neither of its tasks, and validate on its own.

    Parameters
    ----------
    pairs : sequence of (str, str)
        The table's rows.
    tasks : sequence of str
        The folds come in the order of `pairs`; a pair that stands there both ways round is one fold.

    Yields
    ------
    Fold

    Raises
    ------
    MergecastError
        With fewer than 5 tasks, and where nothing is left to train on.
    """
    _enough("l2to", tasks)
    for (a, b), train, validation in _two_out(pairs):
        if not len(train):
            raise MergecastError(f"split 'l2to': no pair has neither {a!r} nor {b!r}, so nothing trains; add pairs")
        yield Fold(f"{a}__{b}", train, validation, 2)


def disjoint(pairs: Sequence[tuple[str, str]], tasks: Sequence[str], *, halves: int = 50, seed: int = 0) -> Iterator[Fold]:
    """Random halves of the tasks, `halves` times: train on the pairs inside one, validate on those inside the other.

    With an odd number of tasks the training half is the larger. Fold i depends on `seed`, i and the names of the tasks.

    Parameters
    ----------
    pairs : sequence of (str, str)
        The table's rows.
    tasks : sequence of str
    halves : int, default 50
    seed : int, default 0

    Yields
    ------
    Fold

    Raises
    ------
    MergecastError
        With fewer than 8 tasks, and where a half holds too few pairs to learn from or to score.
    """
    _enough("disjoint", tasks)
    table, names = _table(pairs), sorted(tasks)
    for number in range(halves):
        random = np.random.default_rng(seed_for("disjoint", number, seed=seed))
        learned = [names[place] for place in random.permutation(len(names))[: (len(names) + 1) // 2]]
        inside = np.isin(table, learned).sum(axis=1)
        train, validation = np.flatnonzero(inside == 2), np.flatnonzero(inside == 0)
        if len(train) < 3 or len(validation) < 2:
            raise MergecastError(
                f"split 'disjoint': half {number} has {len(train)} pairs to learn from, {len(validation)} to score; add pairs"
            )
        yield Fold(f"{number:02d}", train, validation, 2)


def pair_groups(pairs: Sequence[tuple[str, str]], tasks: Sequence[str], *, groups: int = 10, seed: int = 0) -> Iterator[Fold]:
    """Leave pairs out, and no task: the pairs in `groups` random groups of nearly equal size, or as many as there are pairs.

    Parameters
    ----------
    pairs : sequence of (str, str)
        The table's rows; both rows of a pair that stands there both ways round are in one group.
    tasks : sequence of str
        Not looked at: a task all of whose pairs are in one group is unseen in that fold.
    groups : int, default 10
    seed : int, default 0

    Yields
    ------
    Fold

    Raises
    ------
    MergecastError
        With fewer than four pairs.
    """
    numbers = np.array(_numbered(pairs))
    count = len(set(numbers.tolist()))
    if count < FEWEST_PAIRS:
        raise MergecastError(f"split 'pairs': needs {FEWEST_PAIRS} pairs or more, there are {count}; merge more pairs")
    groups = min(groups, count)
    group = np.empty(count, dtype=int)
    group[np.random.default_rng(seed_for("pairs", seed=seed)).permutation(count)] = np.arange(count) % groups
    for number in range(groups):
        held = group[numbers] == number
        yield Fold(f"{number:02d}", np.flatnonzero(~held), np.flatnonzero(held), 0)


def inner(pairs: Sequence[tuple[str, str]], unseen: int = 1) -> list[tuple[np.ndarray, np.ndarray]]:
    """Splits of a training half that ask what its fold asks, as scikit-learn's `cv` takes them.

    Where a fold's pairs have one unseen task, one task is left out at a time, in the order of names; where they have two,
    two tasks, for every pair; where they have none, a fifth of the pairs. With fewer than five tasks to train on, one is
    left out all the same. A task whose absence leaves nothing to train on makes no split.

    Parameters
    ----------
    pairs : sequence of (str, str)
    unseen : int, default 1
        0, 1 or 2.

    Returns
    -------
    list of (array of int, array of int)
        Train and validation rows.

    Raises
    ------
    MergecastError
        If no split is possible.
    """
    table = _table(pairs)
    tasks = sorted(set(table.ravel()))
    if unseen == 0 and len(set(_numbered(pairs))) >= FEWEST_PAIRS:
        splits = [(fold.train, fold.validation) for fold in pair_groups(pairs, tasks, groups=INNER_GROUPS)]
    elif unseen == 2 and len(tasks) >= FEWEST_TASKS["l2to"]:
        splits = [(train, held) for _, train, held in _two_out(pairs) if len(train)]
    else:
        held = [(table == task).any(axis=1) for task in tasks]
        splits = [(np.flatnonzero(~mask), np.flatnonzero(mask)) for mask in held if not mask.all()]
    if not splits:
        raise MergecastError(f"inner split: {len(pairs)} training pairs all share a task; add tasks or pairs")
    return splits


def check(name: str, pairs: Sequence[tuple[str, str]], tasks: Sequence[str], **options) -> None:
    """Raise MergecastError if these pairs leave a fold of a split empty, or its training half without an inner split.

    Parameters
    ----------
    name : str
        The split's.
    pairs : sequence of (str, str)
    tasks : sequence of str
    **options
        The split's own.

    Raises
    ------
    MergecastError
        As `find`, the split and `inner` do.
    """
    for fold in find(name)(pairs, tasks, **options):
        inner([pairs[row] for row in fold.train])


SPLITS = {"loto": loto, "l2to": l2to, "disjoint": disjoint, "pairs": pair_groups}


def find(name: str):
    """A split by name.

    Parameters
    ----------
    name : str

    Returns
    -------
    function

    Raises
    ------
    MergecastError
        With the closest name, if there is none.
    """
    if name not in SPLITS:
        raise MergecastError(catalogue.unknown("split", name, SPLITS))
    return SPLITS[name]


def _two_out(pairs) -> Iterator[tuple[tuple[str, str], np.ndarray, np.ndarray]]:
    """Each pair as it first stands there, the rows with neither of its tasks, and its own rows."""
    table = _table(pairs)
    first: dict = {}
    for pair in pairs:
        first.setdefault(frozenset(pair), tuple(pair))
    for a, b in first.values():
        count = np.isin(table, (a, b)).sum(axis=1)
        yield (a, b), np.flatnonzero(count == 0), np.flatnonzero(count == 2)


def _numbered(pairs) -> list[int]:
    """The number of each row's pair, whichever way round it stands there, in the order of the names of their tasks."""
    number = {pair: place for place, pair in enumerate(sorted({tuple(sorted(pair)) for pair in pairs}))}
    return [number[tuple(sorted(pair))] for pair in pairs]


def _enough(name: str, tasks: Sequence[str]) -> None:
    if len(tasks) < FEWEST_TASKS[name]:
        raise MergecastError(f"split {name!r}: needs {FEWEST_TASKS[name]} tasks or more, there are {len(tasks)}; add tasks")


def _table(pairs) -> np.ndarray:
    return np.array(pairs, dtype=object).reshape(len(pairs), 2)
