"""The null: the same targets with the tasks that own them relabelled, so that metrics and targets no longer belong together.

A quadratic-assignment permutation (Hubert & Schultz 1976): one permutation of the tasks moves rows and columns of the
task × task table of targets together. What a task does to all its pairs stays together, unlike in a shuffle of pairs.
"""

import numpy as np

from .design import Design


def relabelled(design: Design, n: int, *, seed: int) -> np.ndarray:
    """Targets of `n` relabellings: pair (a, b) gets the target of (π(a), π(b)), all methods with the same π.

    A pair that was not measured lends its additive fit (mean of the one task's pairs + mean of the other's − mean).

    Parameters
    ----------
    design : Design
    n : int
    seed : int

    Returns
    -------
    (P, n, M) array
    """
    place = {task: i for i, task in enumerate(design.tasks)}
    a, b = (np.array([place[pair[side]] for pair in design.pairs]) for side in (0, 1))
    table = _table(design, a, b)
    random = np.random.default_rng(seed)
    orders = np.stack([random.permutation(len(design.tasks)) for _ in range(n)]) if n else np.empty((0, len(place)), int)
    return np.moveaxis(table[orders[:, a], orders[:, b]], 0, 1)


def _table(design: Design, a, b) -> np.ndarray:
    """The target of every ordered pair of tasks (T, T, M); its diagonal is never asked for."""
    n_tasks = len(design.tasks)
    table = np.full((n_tasks, n_tasks, design.Y.shape[1]), np.nan)
    table[a, b] = design.Y
    if not design.directed:
        table[b, a] = design.Y
    level = np.nanmean(table, axis=(0, 1))
    rows, columns = (np.where(np.isnan(mean), level, mean) for mean in (_mean(table, 1), _mean(table, 0)))
    return np.where(np.isnan(table), rows[:, None] + columns[None] - level, table)


def _mean(table, axis):
    """Mean over what is there; NaN where nothing is."""
    there = ~np.isnan(table)
    count = there.sum(axis=axis)
    return np.divide(np.where(there, table, 0).sum(axis=axis), count, out=np.full(count.shape, np.nan), where=count > 0)
