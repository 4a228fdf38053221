"""Scores of a forecast: inside each fold, and over all pairs with each pair counted once."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

NOISE = 1e-12  # a spread this small beside the values themselves is rounding


def undefined(measured, predicted) -> str | None:
    """Why a correlation of these (n,) values is undefined, in words, or None where it is defined."""
    if len(measured) < 2:
        return "fewer than two pairs"
    for name, values in (("predictions", predicted), ("measured values", measured)):
        values = np.asarray(values, dtype=float)
        if np.ptp(values) <= NOISE * np.abs(values).max():
            return f"{name} are constant"
    return None


def pearson(measured, predicted) -> float | None:
    """Pearson correlation in [−1, 1] of two (n,) arrays; None where it is undefined."""
    if undefined(measured, predicted):
        return None
    x, y = (np.asarray(values, dtype=float) for values in (measured, predicted))
    x, y = x - x.mean(), y - y.mean()
    x, y = x / np.abs(x).max(), y / np.abs(y).max()
    return float(np.clip(x @ y / np.sqrt((x @ x) * (y @ y)), -1.0, 1.0))


def spearman(measured, predicted) -> float | None:
    """Spearman rank correlation in [−1, 1] of two (n,) arrays, ties by their mean rank; None where it is undefined."""
    if undefined(measured, predicted):
        return None
    return pearson(pd.Series(measured).rank().to_numpy(), pd.Series(predicted).rank().to_numpy())


def mean_absolute_error(measured, predicted) -> float:
    """Mean absolute error of two (n,) arrays, in units of the target."""
    return float(np.mean(np.abs(np.asarray(measured, dtype=float) - np.asarray(predicted, dtype=float))))


def of(measured, predicted) -> dict[str, float | None]:
    """`pearson`, `spearman` and `mae` of one set of pairs."""
    return {
        "pearson": pearson(measured, predicted),
        "spearman": spearman(measured, predicted),
        "mae": mean_absolute_error(measured, predicted),
    }


def once(folds: Iterable[dict]) -> pd.DataFrame:
    """Each pair once: `task_a`, `task_b`, `measured` and `predicted`, the mean of its out-of-fold predictions."""
    rows = pd.DataFrame([row for fold in folds for row in fold["predictions"]])
    means = rows.groupby(["task_a", "task_b"], sort=False)[["measured", "predicted"]].mean()
    return means.reset_index()


def summarise(folds: list[dict]) -> dict:
    """One row of the score table from the folds of one predictor, method, split and target.

    `mean_r`, `sd_r` (population s.d., as published) and `mean_spearman` are over the folds where they are defined;
    `n_undefined` counts the others and `n_folds` all. `pooled_r`, `spearman` and `mae` are over `n_pairs` pairs, each
    once. None where nothing is defined.
    """
    first, pairs = folds[0], once(folds)
    found = [fold["scores"]["pearson"] for fold in folds if fold["scores"]["pearson"] is not None]
    ranks = [fold["scores"]["spearman"] for fold in folds if fold["scores"]["spearman"] is not None]
    pooled = of(pairs["measured"].to_numpy(), pairs["predicted"].to_numpy())
    return {
        **{key: first[key] for key in ("predictor", "kind", "method", "split", "target")},
        "mean_r": float(np.mean(found)) if found else None,
        "sd_r": float(np.std(found)) if found else None,
        "mean_spearman": float(np.mean(ranks)) if ranks else None,
        "pooled_r": pooled["pearson"],
        "spearman": pooled["spearman"],
        "mae": pooled["mae"],
        "n_folds": len(folds),
        "n_pairs": len(pairs),
        "n_undefined": len(folds) - len(found),
    }
