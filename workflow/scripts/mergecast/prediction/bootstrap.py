"""How far a score depends on which tasks there happen to be: a bootstrap over tasks, not over pairs.

Tasks are drawn with replacement; a pair counts as often as both its tasks were drawn together (the product of their
counts), since pairs that share a task are not independent observations.
"""

from collections.abc import Sequence

import numpy as np

from . import scores
from .columns import NOISE

LEVEL = 0.95
FEWEST_PAIRS = 3  # r of two pairs is 1 or −1 whatever they are
FEWEST = 0.5  # share of draws in which a score must be defined for an interval to be given


def counts(n_tasks: int, draws: int, *, seed: int) -> np.ndarray:
    """How often each task is drawn.

    Parameters
    ----------
    n_tasks : int
    draws : int
    seed : int

    Returns
    -------
    (draws, n_tasks) array of int
        Each row with sum `n_tasks`.
    """
    return np.random.default_rng(seed).multinomial(n_tasks, np.full(n_tasks, 1 / n_tasks), size=draws)


def intervals(folds: Sequence[dict], tasks: Sequence[str], drawn: np.ndarray) -> dict:
    """Percentile intervals (95 %) `mean_r_low`, `mean_r_high`, `pooled_r_low`, `pooled_r_high` of one predictor's folds.

    A fold's r is weighted by the count of its held-out task; folds that hold out no single task count alike.

    Parameters
    ----------
    folds : sequence of dict
    tasks : sequence of str
    drawn : (draws, T) array of int
        The counts of the `tasks`.

    Returns
    -------
    mapping from name to float or None
        None where the score is undefined in more than half of the draws.
    """
    place = {task: i for i, task in enumerate(tasks)}
    total, weight = np.zeros(len(drawn)), np.zeros(len(drawn))
    for fold in folds:
        r = _weighted(fold["predictions"], place, drawn)
        count = drawn[:, place[fold["fold"]]] if fold["split"] == "loto" else 1
        count = np.where(np.isnan(r), 0, count)
        total, weight = total + count * np.nan_to_num(r), weight + count
    mean_r = np.divide(total, weight, out=np.full(len(drawn), np.nan), where=weight > 0)
    pooled_r = _weighted(scores.once(folds).to_dict("records"), place, drawn)
    return {**_percentiles("mean_r", mean_r), **_percentiles("pooled_r", pooled_r)}


def weighted_pearson(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Pearson r of (n,) values under each row of `weights`.

    Parameters
    ----------
    x, y : (n,) array
    weights : (draws, n) array
        Not negative.

    Returns
    -------
    (draws,) array
        In [−1, 1]; NaN where either side is constant and where fewer than three values have a weight.
    """
    if scores.undefined(x, y):
        return np.full(len(weights), np.nan)
    mass = weights.sum(axis=1, dtype=float)
    share = weights / np.where(mass > 0, mass, 1)[:, None]
    x, y = x - x.mean(), y - y.mean()
    middle_x, middle_y = share @ x, share @ y
    spread = (share @ (x * x) - middle_x**2), (share @ (y * y) - middle_y**2)
    fine = ((weights > 0).sum(axis=1) >= FEWEST_PAIRS) & (spread[0] > NOISE * (x @ x)) & (spread[1] > NOISE * (y @ y))
    product = np.sqrt(np.where(fine, spread[0] * spread[1], 1))
    return np.where(fine, np.clip((share @ (x * y) - middle_x * middle_y) / product, -1, 1), np.nan)


def _weighted(rows, place, drawn):
    """Pearson r (draws,) of some pairs, each weighted by how often its tasks were drawn together."""
    a, b = ([place[row[side]] for row in rows] for side in ("task_a", "task_b"))
    x, y = (np.array([row[key] for row in rows]) for key in ("measured", "predicted"))
    return weighted_pearson(x, y, drawn[:, a] * drawn[:, b])


def _percentiles(name, values) -> dict:
    defined = values[~np.isnan(values)]
    if len(defined) < FEWEST * len(values) or not len(defined):
        return {f"{name}_low": None, f"{name}_high": None}
    low, high = np.quantile(defined, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return {f"{name}_low": float(low), f"{name}_high": float(high)}
