"""The pair's own part: what is left of measured values and of forecasts once each task's level is taken out."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ...prediction import scores
from ...prediction.columns import constant
from ...seeding import seed_for

COLUMNS = ["predictor", "kind", "method", "split", "target", "r", "p", "share_measured", "n_pairs"]
SPLIT = "l2to"  # the one in which neither task of a pair is known
DRAWS = 999


def make(tables: Mapping[str, pd.DataFrame], setting: Mapping) -> dict[str, pd.DataFrame]:
    """Of the headline target."""
    return {"interaction": interaction(tables["predictions"], setting["target"], setting=setting["name"], seed=setting["seed"])}


def interaction(
    predictions: pd.DataFrame, target: str, *, draws: int = DRAWS, setting: str = "", seed: int = 0
) -> pd.DataFrame:
    """One row per predictor and method: whether the pair's own part is forecast.

    Parameters
    ----------
    predictions : DataFrame
    target : str
    draws : int, default 999
        Relabellings of the tasks of the measured part.
    setting : str
        Part of the seed.
    seed : int, default 0

    Returns
    -------
    DataFrame
        Columns `COLUMNS`. `r`: Pearson's r over pairs of the two parts (see `own_part`), NaN where one is constant. `p`:
        one-sided, among relabelled tasks. `share_measured`: of the variance over pairs that is the pair's own.
    """
    rows = predictions[(predictions["split"] == SPLIT) & (predictions["target"] == target)]
    made = []
    for (predictor, kind, method), mine in rows.groupby(["predictor", "kind", "method"], sort=False):
        tasks = sorted({*mine["task_a"], *mine["task_b"]})
        a, b = (mine[side].map(tasks.index).to_numpy() for side in ("task_a", "task_b"))
        measured, forecast = (own_part(mine[name].to_numpy(), a, b, len(tasks)) for name in ("measured", "predicted"))
        r, p = _related(measured, forecast, a, b, len(tasks), draws, seed_for(setting, "interaction", seed=seed))
        total = mine["measured"].to_numpy().var()
        share = measured.var() / total if total > 0 else np.nan
        made.append((predictor, kind, method, SPLIT, target, r, p, share, len(mine)))
    return pd.DataFrame(made, columns=COLUMNS)


def own_part(values: np.ndarray, a: np.ndarray, b: np.ndarray, n_tasks: int) -> np.ndarray:
    """What is left of values of pairs after the least squares fit of level + effect of a + effect of b.

    Parameters
    ----------
    values : (P,) array
    a, b : (P,) array of int
        Tasks of the pairs.
    n_tasks : int

    Returns
    -------
    (P,) array
        In units of the values; exactly 0 where nothing but rounding is left.
    """
    effects = (a[:, None] == np.arange(n_tasks)).astype(float) + (b[:, None] == np.arange(n_tasks))
    fit, *_ = np.linalg.lstsq(np.hstack([np.ones((len(a), 1)), effects]), values, rcond=None)
    left = values - fit[0] - effects @ fit[1:]
    return np.where(np.abs(left) < 1e-9 * max(np.abs(values).max(), 1e-300), 0.0, left)


def _related(measured, forecast, a, b, n_tasks, draws, seed) -> tuple[float, float]:
    """r of both, and its p among relabellings of the measured part. A pair that was not measured lends 0."""
    if constant(measured) or constant(forecast):
        return np.nan, np.nan
    table = np.zeros((n_tasks, n_tasks))
    table[a, b] = table[b, a] = measured
    random = np.random.default_rng(seed)
    orders = np.array([random.permutation(n_tasks) for _ in range(draws)])
    drawn = scores.pearsons(table[orders[:, a], orders[:, b]].T, np.repeat(forecast[:, None], draws, axis=1))
    r = scores.pearson(measured, forecast)
    return r, float(scores.share_reached(np.array(r), np.nan_to_num(drawn)))
