"""Scores of a forecast: inside each fold, and over all pairs with each pair counted once."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from .columns import constant

CLOSE = 1e-12  # a draw of a null that falls short of the observed r by rounding alone reaches it


def undefined(measured, predicted) -> str | None:
    """Why a correlation of these values is undefined, in words, or None where it is defined.

    Parameters
    ----------
    measured, predicted : (n,) array

    Returns
    -------
    str or None
    """
    if len(measured) < 2:
        return "fewer than two pairs"
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
    if len(measured) < 2:
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


def r_squared(measured, predicted) -> float | None:
    """1 − squared error / squared deviation from the mean of `measured`.

    It asks for the right level and scale, not for a linear relation: a forecast worse than the mean has it below 0.

    Parameters
    ----------
    measured, predicted : (n,) array

    Returns
    -------
    float or None
        At most 1; None if `measured` is constant or holds fewer than two values.
    """
    measured, predicted = np.asarray(measured, dtype=float), np.asarray(predicted, dtype=float)
    if len(measured) < 2 or constant(measured):
        return None
    return float(1 - ((measured - predicted) ** 2).sum() / ((measured - measured.mean()) ** 2).sum())


def of(measured, predicted) -> dict[str, float | None]:
    """`pearson`, `spearman` and `mae` of one set of pairs.

    Parameters
    ----------
    measured, predicted : (n,) array

    Returns
    -------
    mapping from name to float or None
    """
    return {
        "pearson": pearson(measured, predicted),
        "spearman": spearman(measured, predicted),
        "mae": mean_absolute_error(measured, predicted),
    }


def once(folds: Iterable[dict]) -> pd.DataFrame:
    """Each pair once: `task_a`, `task_b`, `measured` and `predicted`, the mean of its out-of-fold predictions.

    Parameters
    ----------
    folds : iterable of dict

    Returns
    -------
    DataFrame
    """
    rows = pd.DataFrame([row for fold in folds for row in fold["predictions"]])
    means = rows.groupby(["task_a", "task_b"], sort=False)[["measured", "predicted"]].mean()
    return means.reset_index()


def of_forecasts(r: np.ndarray, measured: np.ndarray, predicted: np.ndarray) -> list[dict]:
    """The scores of M forecasts.

    Parameters
    ----------
    r : (F, M) array
        Of every fold, NaN where undefined.
    measured, predicted : (P, M) array
        Each pair once.

    Returns
    -------
    list of dict
        One per forecast. `mean_r` and `sd_r` are those `over_folds`; `n_undefined` counts the folds without an r and `n_folds`
        all. `pooled_r` and `mae` (in units of the target) are over pairs. NaN where undefined.
    """
    rows = []
    for m, pooled in enumerate(pearsons(measured, predicted)):
        mean, spread = over_folds(r[:, m])
        error = mean_absolute_error(measured[:, m], predicted[:, m]) if len(measured) else np.nan
        counts = {"n_folds": len(r), "n_undefined": int(np.isnan(r[:, m]).sum())}
        rows.append({"mean_r": mean, "sd_r": spread, "pooled_r": float(pooled), "mae": error, **counts})
    return rows


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
    """The scores of one predictor, method, split and target from its folds: those `of_forecasts`, and more.

    Parameters
    ----------
    folds : list of dict

    Returns
    -------
    dict
        `mean_spearman` and `sd_spearman` are over folds, as `mean_r` is. `spearman` and `r2` are over `n_pairs` pairs, each
        once. `mean_nonzero` is the mean number of non-zero coefficients. None where nothing is defined.
    """
    pairs = once(folds)
    r, ranks = (np.array([fold["scores"][key] for fold in folds], dtype=float) for key in ("pearson", "spearman"))
    mean_spearman, sd_spearman = over_folds(ranks)
    counts = [sum(value != 0 for value in fold["coefficients"].values()) for fold in folds if fold["coefficients"]]
    measured, predicted = pairs["measured"].to_numpy(), pairs["predicted"].to_numpy()
    summary = of_forecasts(r[:, None], measured[:, None], predicted[:, None])[0] | {
        "mean_spearman": mean_spearman,
        "sd_spearman": sd_spearman,
        "spearman": spearman(measured, predicted),
        "r2": r_squared(measured, predicted),
        "mean_nonzero": float(np.mean(counts)) if counts else None,
        "n_pairs": len(pairs),
    }
    return {key: None if value is None or np.isnan(value) else value for key, value in summary.items()}


def null(observed: float | None, draws) -> dict:
    """An observed correlation among those of relabelled tasks: `null_mean`, `null_sd` (population) and `p`, one-sided.

    p = (1 + number of draws ≥ observed) / (1 + number of draws). A draw without any defined correlation ranks nothing: in
    p it counts as 0, in mean and s.d. not at all.

    Parameters
    ----------
    observed : float or None
    draws : (n,) array
        NaN where a draw has no defined correlation.

    Returns
    -------
    dict
        `n_permutations` counts the draws, `null_undefined` those without a correlation. The others are None where no draw
        has a correlation (two for the s.d.), or nothing is observed for p.
    """
    draws = np.asarray(draws, dtype=float)
    defined = draws[~np.isnan(draws)]
    reached = int((np.nan_to_num(draws) >= observed - CLOSE).sum()) if observed is not None else 0
    return {
        "null_mean": float(defined.mean()) if len(defined) else None,
        "null_sd": float(defined.std()) if len(defined) > 1 else None,
        "p": (1 + reached) / (1 + len(draws)) if observed is not None and len(defined) else None,
        "n_permutations": len(draws),
        "null_undefined": len(draws) - len(defined),
    }
