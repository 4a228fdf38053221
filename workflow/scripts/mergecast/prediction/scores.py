"""Scores of a forecast as it was made: every value that a fold forecast counts, never a mean over two folds.

Where a task is held out, a pair of two tasks is forecast twice, by the fold that hides the one and by the fold that hides
the other. Each knows one of the tasks; their mean would know both.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .columns import NOISE, constant

CLOSE = 1e-12  # a draw of a null that falls short of the observed score by rounding alone reaches it
FEWEST_PAIRS = 3  # r of two pairs is 1 or −1 whatever they are
FEWEST_DRAWS = 199  # of a null; with fewer, p is too coarse to be given
WITH_NULL = ("q2", "centred_r", "mean_r")  # scores that a null is drawn of


@dataclass(frozen=True)
class Held:
    """What one fold forecast of M methods.

    `measured` and `predicted` (k, M) are its held-out rows; `level` (M,) is the mean of its training rows.
    """

    measured: np.ndarray
    predicted: np.ndarray
    level: np.ndarray


def undefined(measured, predicted) -> str | None:
    """Why a correlation of these values is undefined, in words, or None where it is defined.

    Parameters
    ----------
    measured, predicted : (n,) array

    Returns
    -------
    str or None
    """
    if len(measured) < FEWEST_PAIRS:
        return "fewer than three pairs"
    for name, values in (("predictions", predicted), ("measured values", measured)):
        if constant(np.asarray(values, dtype=float)):
            return f"{name} are constant"
    return None


def pearson(measured, predicted) -> float | None:
    """Pearson correlation of two arrays.

    Parameters
    ----------
    measured, predicted : (n,) array

    Returns
    -------
    float or None
        In [−1, 1]; None where it is `undefined`.
    """
    r = pearsons(*(np.asarray(values, dtype=float)[:, None] for values in (measured, predicted)))[0]
    return None if np.isnan(r) else float(r)


def pearsons(measured: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Pearson correlation of each column of two arrays.

    Parameters
    ----------
    measured, predicted : (n, …) array

    Returns
    -------
    (…) array
        In [−1, 1]; NaN where `undefined` has a reason.
    """
    if len(measured) < FEWEST_PAIRS:
        return np.full(measured.shape[1:], np.nan)
    x, y = (values - values.mean(axis=0) for values in (measured, predicted))
    x, y = (values / np.maximum(np.abs(values).max(axis=0), np.finfo(float).tiny) for values in (x, y))
    with np.errstate(invalid="ignore", divide="ignore"):
        r = np.clip((x * y).sum(axis=0) / np.sqrt((x * x).sum(axis=0) * (y * y).sum(axis=0)), -1.0, 1.0)
    return np.where(constant(measured) | constant(predicted), np.nan, r)


def spearman(measured, predicted) -> float | None:
    """Spearman rank correlation of two arrays, ties by their mean rank.

    Parameters
    ----------
    measured, predicted : (n,) array

    Returns
    -------
    float or None
        In [−1, 1]; None where it is `undefined`.
    """
    if undefined(measured, predicted):
        return None
    return pearson(pd.Series(measured).rank().to_numpy(), pd.Series(predicted).rank().to_numpy())


def mean_absolute_error(measured, predicted) -> float:
    """Mean absolute error of two arrays.

    Parameters
    ----------
    measured, predicted : (n,) array

    Returns
    -------
    float
        In units of the target.
    """
    return float(np.mean(np.abs(np.asarray(measured, dtype=float) - np.asarray(predicted, dtype=float))))


def centred(values: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Values less the training mean of their fold: what is known without looking at a pair is 0.

    Parameters
    ----------
    values, level : (n, …) array
        In one unit, `level` row by row.

    Returns
    -------
    (n, …) array
        Exactly 0 where both are equal but for rounding.
    """
    less = values - level
    return np.where(np.abs(less) <= NOISE * np.maximum(np.abs(values), np.abs(level)), 0.0, less)


def q_squared(measured: np.ndarray, predicted: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Q² = 1 − Σ(y − ŷ)² / Σ(y − m)², m the mean of the training pairs of each row's own fold.

    Parameters
    ----------
    measured, predicted, level : (n, …) array
        In one unit.

    Returns
    -------
    (…) array
        At most 1; 0 for a forecast that knows the training mean alone, below 0 for a worse one. NaN where every measured
        value is its training mean, and without rows.
    """
    against = (centred(measured, level) ** 2).sum(axis=0)
    missed = ((measured - predicted) ** 2).sum(axis=0)
    return 1 - np.divide(missed, against, out=np.full(np.shape(against), np.nan), where=against > 0)


def of(measured, predicted) -> dict[str, float | None]:
    """The scores of one fold.

    Parameters
    ----------
    measured, predicted : (n,) array

    Returns
    -------
    dict
        `pearson`, `spearman` (None where undefined) and `mae`.
    """
    return {
        "pearson": pearson(measured, predicted),
        "spearman": spearman(measured, predicted),
        "mae": mean_absolute_error(measured, predicted),
    }


def of_forecasts(folds: Sequence[Held]) -> dict[str, np.ndarray]:
    """The scores of M forecasts over all their folds.

    Parameters
    ----------
    folds : sequence of Held

    Returns
    -------
    dict of (M,) arrays
        Over all rows that were forecast: `q2` (see `q_squared`); `centred_r`, Pearson's r of measured and predicted less the
        training mean of their fold; `mae`, in units of the target; `pooled_r`, Pearson's r without that, which is biased
        downwards. Over folds: `mean_r` and `sd_r` (see `over_folds`), `n_undefined` folds without an r of `n_folds`.
        NaN where undefined.
    """
    measured, predicted = (np.concatenate([getattr(fold, name) for fold in folds]) for name in ("measured", "predicted"))
    level = np.concatenate([np.broadcast_to(fold.level, fold.measured.shape) for fold in folds])
    inside = np.array([pearsons(fold.measured, fold.predicted) for fold in folds])
    mean, spread = np.array([over_folds(column) for column in inside.T]).T
    return {
        "q2": q_squared(measured, predicted, level),
        "centred_r": pearsons(centred(measured, level), centred(predicted, level)),
        "mae": np.abs(measured - predicted).mean(axis=0),
        "mean_r": mean,
        "sd_r": spread,
        "pooled_r": pearsons(measured, predicted),
        "n_folds": np.full(len(mean), len(folds)),
        "n_undefined": np.isnan(inside).sum(axis=0),
    }


def over_folds(values: np.ndarray) -> tuple[float, float]:
    """Mean and population s.d. (as published) of a correlation over folds.

    Parameters
    ----------
    values : (F,) array
        NaN where it is undefined.

    Returns
    -------
    (float, float)
        Those of the folds where it is defined, if these are half of all or more; else both are NaN.
    """
    defined = values[~np.isnan(values)]
    enough = enough_folds(len(defined), len(values))
    return (float(defined.mean()), float(defined.std())) if enough else (np.nan, np.nan)


def enough_folds(defined, n_folds):
    """Whether so many folds with a defined correlation speak for all: half of them or more.

    Parameters
    ----------
    defined, n_folds : int or array of int

    Returns
    -------
    bool or array of bool
        False for no fold.
    """
    return (defined > 0) & (2 * defined >= n_folds)


def summarise(folds: list[dict]) -> dict:
    """The scores of one predictor, method, split and target from its folds.

    Parameters
    ----------
    folds : list of dict
        As `prediction.folds` makes them.

    Returns
    -------
    dict
        Those `of_forecasts`, and more: `mean_spearman` and `sd_spearman` are over folds, as `mean_r` is; `spearman` is over
        the `n_forecasts` rows; `mean_nonzero` is the mean number of non-zero coefficients. None where undefined.
    """
    rows = [held(fold) for fold in folds]
    measured, predicted = (np.concatenate([getattr(row, name)[:, 0] for row in rows]) for name in ("measured", "predicted"))
    mean_spearman, sd_spearman = over_folds(np.array([fold["scores"]["spearman"] for fold in folds], dtype=float))
    counts = [sum(value != 0 for value in fold["coefficients"].values()) for fold in folds if fold["coefficients"]]
    summary = {name: values[0].item() for name, values in of_forecasts(rows).items()} | {
        "mean_spearman": mean_spearman,
        "sd_spearman": sd_spearman,
        "spearman": spearman(measured, predicted),
        "mean_nonzero": float(np.mean(counts)) if counts else None,
        "n_forecasts": len(measured),
    }
    return {key: None if value is None or np.isnan(value) else value for key, value in summary.items()}


def held(fold: dict) -> Held:
    """What a fold forecast.

    Parameters
    ----------
    fold : dict
        Of one method, as `prediction.folds` makes it.

    Returns
    -------
    Held
        Of M = 1.
    """
    measured, predicted = (np.array([[row[name]] for row in fold["predictions"]]) for name in ("measured", "predicted"))
    return Held(measured, predicted, np.array([fold["train_mean"]]))


def null(observed: float | None, draws) -> dict:
    """An observed score among those of relabelled tasks.

    Parameters
    ----------
    observed : float or None
    draws : sequence of float
        NaN where undefined.

    Returns
    -------
    dict
        `mean` and `sd` (population) of the draws that are defined, None where there are fewer than one and two; and `p`,
        one-sided: (1 + number of draws ≥ observed) / (1 + number of draws). A draw that is undefined ranks nothing: in p it
        counts as 0. None where nothing is observed, no draw is defined or there are fewer than 199.
    """
    draws = np.asarray(draws, dtype=float)
    defined = draws[~np.isnan(draws)]
    enough = observed is not None and len(defined) and len(draws) >= FEWEST_DRAWS
    return {
        "mean": float(defined.mean()) if len(defined) else None,
        "sd": float(defined.std()) if len(defined) > 1 else None,
        "p": float(share_reached(np.array(observed), np.nan_to_num(draws))) if enough else None,
    }


def of_the_largest(observed: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """p of several scores at once: each among the largest that any of them reaches when tasks are relabelled.

    The smallest of them is the p of having found anything at all, however many were tried (Westfall & Young 1993).

    Parameters
    ----------
    observed : (K,) array
        NaN where undefined.
    draws : (K, D) array
        Of the same D relabellings; one that is undefined counts as 0.

    Returns
    -------
    (K,) array
        NaN where nothing is observed, and everywhere with fewer than 199 draws.
    """
    if draws.shape[1] < FEWEST_DRAWS:
        return np.full(len(observed), np.nan)
    p = share_reached(observed[:, None], np.nan_to_num(draws).max(axis=0))
    return np.where(np.isnan(observed), np.nan, p)


def share_reached(observed: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """(1 + number of draws ≥ observed) / (1 + number of draws), draws along the last axis.

    Parameters
    ----------
    observed : (…) or (…, 1) array
    draws : (…, D) array

    Returns
    -------
    (…) array
        In (0, 1].
    """
    return (1 + (draws >= observed - CLOSE).sum(axis=-1)) / (1 + draws.shape[-1])
