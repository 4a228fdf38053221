"""Intervals around a forecast: how far off were forecasts of training tasks that the model had not seen either?

Tasks are put aside in turn, and the predictor is refitted without them: the jackknife at the level of tasks (Barber et al.
2021, "Predictive inference with the jackknife+"; conformal inference: Lei et al. 2018). Pairs that share a task are not
exchangeable, so the promise holds only approximately: coverage is measured, not assumed.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from ..seeding import seed_for

FEWEST = 3  # pairs that a model can be fitted on
ENOUGH = 19  # refits, each without two tasks: of 19 residuals and the forecast, 18 are nine of ten
QUICK_GROUP = 4  # tasks put aside at a time where refits take long


def asides(
    pairs: Sequence[tuple[str, str]], unseen: int, *, quick: bool = False, seed: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Rows to refit on and rows whose residuals count, of a fold's training rows, each pair to its refit what the fold's are.

    If `unseen` is 1, each task is put aside by itself: it is refitted on the pairs without it, and those with it count. If it
    is 2, two tasks are put aside at a time: 19 refits, or as many as there are pairs. Which ones is drawn by the tasks that are
    left, so that folds which could make the same refit do: most of them need to be made once.
    With `quick` tasks are divided into groups of about four that are put aside one after the other: a refit gives six pairs.
    What leaves fewer than three pairs to fit on is passed over.

    Parameters
    ----------
    pairs : sequence of (str, str)
        Of the rows.
    unseen : 1 or 2
        As in `Fold`.
    quick : bool, default False
        For predictors whose refits take long.
    seed : int
        Decides which tasks are put aside together; the same for all folds.

    Returns
    -------
    list of (array of int, array of int)
    """
    tasks = sorted({task for pair in pairs for task in pair})
    groups = [(task,) for task in tasks]
    if unseen == 2:
        groups = _groups(tasks, seed) if quick else _couples(tasks, seed)
    made = []
    for aside in groups:
        count = np.isin(np.array(pairs, dtype=object).reshape(len(pairs), 2), aside).sum(axis=1)
        fit, held = np.flatnonzero(count == 0), np.flatnonzero(count == unseen)
        if len({frozenset(pairs[row]) for row in fit}) >= FEWEST and len(held):
            made.append((fit, held))
    return made


def _couples(tasks: list[str], seed: int) -> list[tuple[str, str]]:
    """The first 19 couples of tasks in an order that depends on the tasks which each of them leaves, and on nothing else."""

    def place(aside: tuple[str, str]) -> int:
        return seed_for("left", *(task for task in tasks if task not in aside), seed=seed)

    return sorted(combinations(tasks, 2), key=place)[:ENOUGH]


def _groups(tasks: list[str], seed: int) -> list[list[str]]:
    """All tasks in groups of about four."""
    order = np.random.default_rng(seed_for("grouped", *tasks, seed=seed)).permutation(len(tasks))
    mixed, n_groups = [tasks[place] for place in order], max(2, round(len(tasks) / QUICK_GROUP))
    return [mixed[number::n_groups] for number in range(n_groups)]


def refused(level: float, tasks: int, residuals: int) -> str | None:
    """Why an interval of a level cannot be given, in words, or None where it can.

    Parameters
    ----------
    level : float
        In (0, 1).
    tasks, residuals : int
        Trained on; of refits without some of these tasks.

    Returns
    -------
    str or None
        K tasks are K observations of how far off a forecast is for a task: they support levels up to K / (K + 1).
    """
    for count, what in ((tasks, "training tasks"), (residuals, "residuals")):
        if level > count / (count + 1) + 1e-9:
            return f"{count} {what} support levels up to {count / (count + 1):.3f}"
    return None


def half_width(residuals: np.ndarray, level: float) -> np.ndarray:
    """The ⌈(n + 1)·level⌉-th smallest of n absolute residuals.

    Parameters
    ----------
    residuals : (n, M) array
    level : float
        In (0, 1).

    Returns
    -------
    (M,) array
        In units of the residuals. Infinite where n is too small for that level (below level / (1 − level)).
    """
    rank = int(np.ceil((len(residuals) + 1) * level - 1e-9))
    if rank > len(residuals):
        return np.full(residuals.shape[1], np.inf)
    return np.sort(np.abs(residuals), axis=0)[rank - 1]
