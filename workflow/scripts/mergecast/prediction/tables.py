"""Tidy tables from fold results, in the order of the results."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from ..seeding import seed_for
from . import bootstrap, scores

GROUP = ["predictor", "kind", "method", "split", "target"]
PREDICTIONS = ["method", "predictor", "kind", "target", "fold", "task_a", "task_b", "measured", "predicted"]
INTERVALS = [
    "method", "predictor", "target", "fold", "task_a", "task_b", "level", "centre", "lower", "upper", "measured", "covered",
]  # fmt: skip
FOLDS = [
    "method", "predictor", "kind", "split", "target", "fold", "n_train_pairs", "n_validation_pairs", "pearson", "spearman",
    "mae", "undefined",
]  # fmt: skip
NUMBERS = [
    "mean_r", "sd_r", "mean_r_low", "mean_r_high", "mean_spearman", "sd_spearman", "pooled_r", "pooled_r_low",
    "pooled_r_high", "spearman", "r2", "mae", "null_mean", "null_sd", "p", "mean_nonzero",
]  # fmt: skip
SCORES = [
    *GROUP, *NUMBERS[:12], "null_statistic", "null_mean", "null_sd", "p", "n_permutations", "null_undefined",
    "mean_nonzero", "n_folds", "n_undefined", "n_pairs",
]  # fmt: skip
COEFFICIENTS = ["method", "predictor", "target", "fold", "feature", "coefficient"]
COVERAGE = ["predictor", "kind", "method", "split", "target", "level", "coverage", "mean_width", "n", "n_unbounded"]


def predictions(results: Iterable[dict]) -> pd.DataFrame:
    """One row per method, predictor, target, fold and validation pair.

    Parameters
    ----------
    results : iterable of dict
        Folds, as in `Forecast.folds`.

    Returns
    -------
    DataFrame
        With the columns `PREDICTIONS`.
    """
    rows = [{**fold, **row} for fold in results for row in fold["predictions"]]
    return pd.DataFrame(rows, columns=PREDICTIONS)


def folds(results: Iterable[dict]) -> pd.DataFrame:
    """One row per fold with its scores; an undefined correlation is empty and `undefined` says why.

    Parameters
    ----------
    results : iterable of dict
        Folds, as in `Forecast.folds`.

    Returns
    -------
    DataFrame
        With the columns `FOLDS`.
    """
    rows = [{**fold, "n_validation_pairs": len(fold["predictions"]), **fold["scores"]} for fold in results]
    return _numbers(pd.DataFrame(rows, columns=FOLDS), ["pearson", "spearman", "mae"])


def coefficients(results: Iterable[dict]) -> pd.DataFrame:
    """One row per fold and feature, for the predictors that have coefficients.

    Parameters
    ----------
    results : iterable of dict
        Folds, as in `Forecast.folds`.

    Returns
    -------
    DataFrame
        With the columns `COEFFICIENTS`.
    """
    rows = [
        {**fold, "feature": feature, "coefficient": value}
        for fold in results
        for feature, value in (fold["coefficients"] or {}).items()
    ]
    return pd.DataFrame(rows, columns=COEFFICIENTS)


def intervals(results: Iterable[dict]) -> pd.DataFrame:
    """One row per fold, validation pair and level; bounds and `covered` are empty where the interval is unbounded.

    `centre` is the forecast of the model that was fitted without the calibration tasks, not that of `predictions`.

    Parameters
    ----------
    results : iterable of dict
        Folds, as in `Forecast.folds`.

    Returns
    -------
    DataFrame
        With the columns `INTERVALS`.
    """
    rows = []
    for fold in results:
        centres = fold["interval"]["centre"] or [np.nan] * len(fold["predictions"])
        for level, width in fold["interval"]["half_width"].items():
            width = np.inf if width is None else width
            for row, centre in zip(fold["predictions"], centres, strict=True):
                known = np.isfinite(width)
                rows.append(
                    {**fold, **row, "level": float(level), "centre": centre}
                    | {"lower": centre - width if known else None, "upper": centre + width if known else None}
                    | {"covered": bool(abs(row["measured"] - centre) <= width) if known else None}
                )
    return _numbers(pd.DataFrame(rows, columns=INTERVALS), ["centre", "lower", "upper"]).astype({"covered": "boolean"})


def coverage(results: Iterable[dict]) -> pd.DataFrame:
    """One row per predictor, method, split, target and level: how often the interval held the measured value.

    Parameters
    ----------
    results : iterable of dict
        Folds, as in `Forecast.folds`.

    Returns
    -------
    DataFrame
        With the columns `COVERAGE`. `coverage` and `mean_width` (units of the target) are over the `n` bounded intervals, a
        pair counted in every fold that holds it out; `n_unbounded` counts the others. Empty where all are unbounded.
    """
    rows = []
    for group in grouped(results):
        for level in group[0]["interval"]["half_width"]:
            held, widths, unbounded = [], [], 0
            for fold in group:
                width, measured = fold["interval"]["half_width"][level], [row["measured"] for row in fold["predictions"]]
                if width is None:
                    unbounded += len(measured)
                else:
                    held.extend(np.abs(np.subtract(measured, fold["interval"]["centre"])) <= width)
                    widths.extend([2 * width] * len(measured))
            means = {"coverage": np.mean(held), "mean_width": np.mean(widths)} if held else {}
            counts = {"level": float(level), "n": len(held), "n_unbounded": unbounded}
            rows.append({key: group[0][key] for key in GROUP} | counts | means)
    return _numbers(pd.DataFrame(rows, columns=COVERAGE), ["coverage", "mean_width"])


def score_table(
    results: Sequence[dict], nulls: pd.DataFrame, tasks: Sequence[str], *, draws: int = 1000, setting: str = "", seed: int = 0
) -> pd.DataFrame:
    """One row per predictor, method, split and target: scores, their bootstrap intervals over tasks, their null.

    The null is that of `null_statistic`: mean_r where folds hold several pairs, else pooled_r.

    Parameters
    ----------
    results : sequence of dict
        Folds, as in `Forecast.folds`.
    nulls : DataFrame
        As `Forecast.nulls`; it may be empty.
    tasks : sequence of str
    draws : int, default 1000
        Of the bootstrap.
    setting : str, default ""
        Its name, for the seed of the bootstrap.
    seed : int, default 0

    Returns
    -------
    DataFrame
        With the columns `SCORES`; NaN where a score is undefined.
    """
    drawn = bootstrap.counts(len(tasks), draws, seed=seed_for(setting, "bootstrap", seed=seed))
    by_group = dict(list(nulls.groupby(["predictor", "method", "split", "target"]))) if len(nulls) else {}
    rows = []
    for group in grouped(results):
        head = {key: group[0][key] for key in GROUP}
        summary = scores.summarise(group)
        statistic = "pooled_r" if all(len(fold["predictions"]) == 1 for fold in group) else "mean_r"
        refits = by_group.get((head["predictor"], head["method"], head["split"], head["target"]))
        null = scores.null(summary[statistic], [] if refits is None else refits[statistic])
        rows.append(head | summary | bootstrap.intervals(group, tasks, drawn) | {"null_statistic": statistic} | null)
    return _numbers(pd.DataFrame(rows, columns=SCORES), NUMBERS)


def grouped(results: Iterable[dict]) -> list[list[dict]]:
    """Folds by predictor, method, split and target, in the order in which they first occur.

    Parameters
    ----------
    results : iterable of dict
        Folds, as in `Forecast.folds`.

    Returns
    -------
    list of list of dict
    """
    groups: dict = {}
    for fold in results:
        groups.setdefault(tuple(fold[key] for key in GROUP), []).append(fold)
    return list(groups.values())


def _numbers(table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """These columns as float64, so that an undefined value is NaN even where all are undefined."""
    return table.astype(dict.fromkeys(columns, float))
