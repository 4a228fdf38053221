"""Tidy tables from fold results, in the order of the results; and how each metric alone goes with the target."""

from collections.abc import Iterable

import pandas as pd

from . import scores
from .design import metric_columns, target_of

GROUP = ["method", "predictor", "kind", "split", "target"]
PREDICTIONS = ["method", "predictor", "held_out_task", "task_a", "task_b", "measured", "predicted"]
FOLDS = [
    *GROUP, "held_out_task", "n_train_pairs", "n_validation_pairs", "pearson", "spearman", "mae", "undefined",
]  # fmt: skip
SCORES = [
    "predictor", "kind", "method", "split", "target", "mean_r", "sd_r", "mean_spearman", "pooled_r", "spearman", "mae",
    "n_folds", "n_pairs", "n_undefined",
]  # fmt: skip
COEFFICIENTS = ["method", "predictor", "held_out_task", "feature", "coefficient"]
CORRELATIONS = ["method", "metric", "pearson", "spearman", "n_pairs"]


def predictions(results: Iterable[dict]) -> pd.DataFrame:
    """One row a method, predictor, fold and validation pair."""
    rows = [{**fold, **row} for fold in results for row in fold["predictions"]]
    return pd.DataFrame(rows, columns=PREDICTIONS)


def folds(results: Iterable[dict]) -> pd.DataFrame:
    """One row a fold with its scores; an undefined correlation is empty and `undefined` says why."""
    rows = [{**fold, "n_validation_pairs": len(fold["predictions"]), **fold["scores"]} for fold in results]
    return _numbers(pd.DataFrame(rows, columns=FOLDS), ["pearson", "spearman", "mae"])


def score_table(results: Iterable[dict]) -> pd.DataFrame:
    """One row a method, predictor, split and target: `scores.summarise`."""
    groups: dict = {}
    for fold in results:
        groups.setdefault(tuple(fold[key] for key in GROUP), []).append(fold)
    table = pd.DataFrame([scores.summarise(group) for group in groups.values()], columns=SCORES)
    return _numbers(table, ["mean_r", "sd_r", "mean_spearman", "pooled_r", "spearman", "mae"])


def coefficients(results: Iterable[dict]) -> pd.DataFrame:
    """One row a fold and feature, for the predictors that have coefficients."""
    rows = [
        {**fold, "feature": feature, "coefficient": value}
        for fold in results
        for feature, value in (fold["coefficients"] or {}).items()
    ]
    return pd.DataFrame(rows, columns=COEFFICIENTS)


def correlations(metrics: pd.DataFrame, merges: pd.DataFrame, target: str) -> pd.DataFrame:
    """One row a method and metric: its correlation with the target over the pairs; empty where undefined.

    Methods and metrics in the order of their tables. Raises MergecastError as `design.build` does.
    """
    tasks = list(dict.fromkeys([*metrics["task_a"], *metrics["task_b"]]))
    rows = []
    for method in merges["method"].unique():
        measured = target_of(merges, method, target, tasks)
        names, X = metric_columns(metrics, tuple(measured), tasks)
        y = list(measured.values())
        for name in (column for column in metrics.columns if column in names):
            x = X[:, names.index(name)]
            rows.append((method, name, scores.pearson(y, x), scores.spearman(y, x), len(y)))
    return _numbers(pd.DataFrame(rows, columns=CORRELATIONS), ["pearson", "spearman"])


def _numbers(table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """These columns as float64, so that an undefined value is NaN even where all are undefined."""
    return table.astype(dict.fromkeys(columns, float))
