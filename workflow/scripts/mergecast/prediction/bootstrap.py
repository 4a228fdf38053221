"""How far a score depends on which tasks there happen to be: a bootstrap over tasks, not over pairs.

Tasks are drawn with replacement; a pair counts as often as both its tasks were drawn together (the product of their
counts), since pairs that share a task are not independent observations.
"""

from collections.abc import Sequence

import numpy as np

from . import scores
from .columns import NOISE

SCORES = ("q2", "centred_r", "mae", "mean_r")
LEVEL = 0.95
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


def draws(folds: Sequence[dict], tasks: Sequence[str], drawn: np.ndarray) -> dict[str, np.ndarray]:
    """The scores of one forecast under each draw of tasks.

    Parameters
    ----------
    folds : sequence of dict
        Of one predictor, method, split and target.
    tasks : sequence of str
    drawn : (draws, T) array of int
        The counts of the `tasks`.

    Returns
    -------
    dict of (draws,) arrays
        `SCORES`. A row weighs the product of its tasks' counts; in `mean_r` a fold's r weighs the count of its held-out
        task, and folds that hold out no single task count alike. NaN where undefined, and with fewer than three rows.
    """
    place = {task: i for i, task in enumerate(tasks)}
    weights = [_weights(fold["predictions"], place, drawn) for fold in folds]
    rows = [scores.held(fold) for fold in folds]
    total, weight = np.zeros(len(drawn)), np.zeros(len(drawn))
    for fold, row, of_fold in zip(folds, rows, weights, strict=True):
        if len(row.measured) >= scores.FEWEST_PAIRS:
            r = weighted_pearson(row.measured[:, 0], row.predicted[:, 0], of_fold)
            count = drawn[:, place[fold["fold"]]] if fold["split"] == "loto" else 1
            count = np.where(np.isnan(r), 0, count)
            total, weight = total + count * np.nan_to_num(r), weight + count
    every = np.hstack(weights)
    measured, predicted = (np.concatenate([getattr(row, name)[:, 0] for row in rows]) for name in ("measured", "predicted"))
    level = np.concatenate([np.repeat(row.level, len(row.measured)) for row in rows])
    known, forecast = scores.centred(measured, level), scores.centred(predicted, level)
    some = (every > 0).sum(axis=1) >= scores.FEWEST_PAIRS
    missed, against = every @ (measured - predicted) ** 2, every @ known**2
    return {
        "q2": 1 - _over(missed, against, some & (against > 0)),
        "centred_r": weighted_pearson(known, forecast, every),
        "mae": _over(every @ np.abs(measured - predicted), every.sum(axis=1), some),
        "mean_r": _over(total, weight, weight > 0),
    }


def interval(values: np.ndarray) -> tuple[float, float]:
    """The percentile interval (95 %) of the draws of a score.

    Parameters
    ----------
    values : (draws,) array
        NaN where undefined.

    Returns
    -------
    (float, float)
        Both NaN where the score is undefined in more than half of the draws.
    """
    defined = values[~np.isnan(values)]
    if len(defined) < FEWEST * len(values) or not len(defined):
        return np.nan, np.nan
    low, high = np.quantile(defined, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


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
    fine = ((weights > 0).sum(axis=1) >= scores.FEWEST_PAIRS) & (spread[0] > NOISE * (x @ x)) & (spread[1] > NOISE * (y @ y))
    product = np.sqrt(np.where(fine, spread[0] * spread[1], 1))
    return np.where(fine, np.clip((share @ (x * y) - middle_x * middle_y) / product, -1, 1), np.nan)


def _weights(rows, place, drawn):
    """How often the tasks of each row were drawn together (draws, n)."""
    a, b = ([place[row[side]] for row in rows] for side in ("task_a", "task_b"))
    return drawn[:, a] * drawn[:, b]


def _over(total, weight, where):
    return np.divide(total, weight, out=np.full(len(total), np.nan), where=where)
