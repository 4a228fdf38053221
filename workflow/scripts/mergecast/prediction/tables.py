"""Tidy tables from fold results, in the order of the results."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import product

import numpy as np
import pandas as pd

from ..seeding import seed_for
from . import bootstrap, scores
from .design import DIRECTED, PAIR

GROUP = ["predictor", "kind", "method", "split", "target"]
PREDICTIONS = [
    "method", "predictor", "kind", "split", "target", "fold", "task_a", "task_b", "measured", "predicted", "train_mean",
]  # fmt: skip
INTERVALS = [
    "method", "predictor", "target", "fold", "task_a", "task_b", "level", "predicted", "lower", "upper", "measured", "covered",
]  # fmt: skip
FOLDS = [
    "method", "predictor", "kind", "split", "target", "fold", "n_train_pairs", "n_validation_pairs", "train_mean",
    "pearson", "spearman", "mae", "undefined",
]  # fmt: skip
NUMBERS = [
    *(f"{name}{end}" for name in bootstrap.SCORES for end in ("", "_low", "_high")),
    "sd_r", "mean_spearman", "sd_spearman", "pooled_r", "spearman",
    *(column for name in scores.WITH_NULL for column in (f"null_{name}", f"null_{name}_sd", f"p_{name}", f"p_max_{name}")),
    "mean_nonzero",
]  # fmt: skip
SCORES = [*GROUP, *NUMBERS, "n_permutations", "n_folds", "n_undefined", "n_forecasts"]
COMPARISONS = ["predictor", "rival", "method", "split", "target", "score", "difference", "low", "high"]
EVERY = "all"  # methods, in the table of comparisons: the mean over them
COEFFICIENTS = ["method", "predictor", "target", "fold", "feature", "coefficient"]
COVERAGE = [
    "predictor", "kind", "method", "split", "target", "level", "coverage", "mean_width", "n", "n_unbounded", "refused",
]  # fmt: skip


def in_order(results: Sequence[dict], tasks: Sequence[str]) -> list[dict]:
    """Folds and their rows in the order of the tasks, whatever order they were made in.

    Parameters
    ----------
    results : sequence of dict
        Folds, as in `Forecast.folds`.
    tasks : sequence of str

    Returns
    -------
    list of dict
        Predictors, splits and methods as they come. Of a symmetric target a row's `task_a` is the earlier task, and a fold
        that holds out a pair is named after it the same way.
    """
    place = {task: number for number, task in enumerate(tasks)}
    groups: dict = {}
    for fold in results:
        groups.setdefault((fold["predictor"], fold["split"], fold["method"]), []).append(_turned(fold, place))
    return [fold for group in groups.values() for fold in sorted(group, key=lambda fold: _place(fold, place))]


def _turned(fold: dict, place: dict) -> dict:
    """A fold with its rows and, where it holds out a pair, its name in the order of `place`."""
    rows = [(row["task_a"], row["task_b"]) for row in fold["predictions"]]
    directed = fold["target"] in DIRECTED
    pairs = [pair if directed else tuple(sorted(pair, key=place.get)) for pair in rows]
    order = sorted(range(len(rows)), key=lambda number: [place[task] for task in pairs[number]])
    predictions = [fold["predictions"][number] | dict(zip(PAIR, pairs[number], strict=True)) for number in order]
    name = "__".join(sorted(rows[0], key=place.get)) if fold["split"] == "l2to" else fold["fold"]
    return fold | {"fold": name, "predictions": predictions}


def _place(fold: dict, place: dict) -> tuple:
    if fold["split"] == "disjoint":
        return (int(fold["fold"]),)
    return tuple(place[task] for task in ([fold["fold"]] if fold["split"] == "loto" else fold["fold"].split("__")))


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
    """One row per fold, validation pair and level; bounds and `covered` are empty where the level is refused.

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
        for level, width in fold["interval"]["half_width"].items():
            for row in fold["predictions"]:
                bounds = dict.fromkeys(("lower", "upper", "covered"))
                if width is not None:
                    bounds = {"lower": row["predicted"] - width, "upper": row["predicted"] + width}
                    bounds["covered"] = _inside(row, width)
                rows.append({**fold, **row, "level": float(level), **bounds})
    return _numbers(pd.DataFrame(rows, columns=INTERVALS), ["predicted", "lower", "upper"]).astype({"covered": "boolean"})


def coverage(results: Iterable[dict]) -> pd.DataFrame:
    """One row per predictor, method, split, target and level: how often the interval held the measured value.

    Parameters
    ----------
    results : iterable of dict
        Folds, as in `Forecast.folds`.

    Returns
    -------
    DataFrame
        With the columns `COVERAGE`. `coverage` and `mean_width` (units of the target) are over the `n` intervals that are
        given, a pair counted in every fold that holds it out; `n_unbounded` counts the others, and `refused` says why, in the
        words of the first. Empty where there are none.
    """
    rows = []
    for group in grouped(results):
        for level in group[0]["interval"]["half_width"]:
            held, widths, reasons, unbounded = [], [], [], 0
            for fold in group:
                width = fold["interval"]["half_width"][level]
                if width is None:
                    unbounded += len(fold["predictions"])
                    reasons.append(fold["interval"]["refused"][level])
                else:
                    held.extend(_inside(row, width) for row in fold["predictions"])
                    widths.extend([2 * width] * len(fold["predictions"]))
            means = {"coverage": np.mean(held), "mean_width": np.mean(widths)} if held else {}
            counts = {"level": float(level), "n": len(held), "n_unbounded": unbounded, "refused": next(iter(reasons), None)}
            rows.append({key: group[0][key] for key in GROUP} | counts | means)
    return _numbers(pd.DataFrame(rows, columns=COVERAGE), ["coverage", "mean_width"])


def _inside(row: dict, width: float) -> bool:
    return bool(abs(row["measured"] - row["predicted"]) <= width)


def bootstraps(
    results: Sequence[dict], tasks: Sequence[str], *, draws: int = 1000, setting: str = "", seed: int = 0
) -> dict[tuple, dict[str, np.ndarray]]:
    """The scores of every forecast under the same draws of tasks.

    Parameters
    ----------
    results : sequence of dict
    tasks : sequence of str
        In any order.
    draws : int, default 1000
    setting : str
        Its name is part of the seed.
    seed : int, default 0

    Returns
    -------
    dict of dict of (draws,) arrays
        By (predictor, kind, method, split, target), then by score; see `bootstrap.draws`.
    """
    names = sorted(tasks)
    drawn = bootstrap.counts(len(names), draws, seed=seed_for(setting, "bootstrap", seed=seed))
    return {_key(group[0]): bootstrap.draws(group, names, drawn) for group in grouped(results)}


def score_table(results: Sequence[dict], nulls: pd.DataFrame, drawn: Mapping[tuple, Mapping]) -> pd.DataFrame:
    """One row per predictor, method, split and target: scores, their bootstrap intervals over tasks, their nulls.

    Parameters
    ----------
    results : sequence of dict
    nulls : DataFrame
    drawn : mapping
        From `bootstraps`.

    Returns
    -------
    DataFrame
        Columns `SCORES`. `null_*` and `p_*` are of the same predictor refitted to relabelled tasks (`scores.null`);
        `p_max_*` are over all predictors and methods of the split and target that were refitted to as many relabellings
        (`scores.of_the_largest`).
    """
    by_group = dict(list(nulls.groupby(["predictor", "method", "split", "target"]))) if len(nulls) else {}
    rows = []
    for group in grouped(results):
        head, row = {key: group[0][key] for key in GROUP}, scores.summarise(group)
        for name, values in drawn[_key(group[0])].items():
            row[f"{name}_low"], row[f"{name}_high"] = bootstrap.interval(values)
        draws = by_group.get((head["predictor"], head["method"], head["split"], head["target"]))
        for name in scores.WITH_NULL:
            null = scores.null(row[name], [] if draws is None else draws[name])
            row |= {f"null_{name}": null["mean"], f"null_{name}_sd": null["sd"], f"p_{name}": null["p"]}
        rows.append(head | row | {"n_permutations": 0 if draws is None else len(draws)})
    table = pd.DataFrame(rows, columns=SCORES)
    for name in scores.WITH_NULL:
        table[f"p_max_{name}"] = _of_the_largest(table, by_group, name)
    return _numbers(table, NUMBERS)


def comparisons(table: pd.DataFrame, drawn: Mapping[tuple, Mapping]) -> pd.DataFrame:
    """Every predictor against every baseline, paired: both under the same draws of tasks.

    Parameters
    ----------
    table : DataFrame
        From `score_table`.
    drawn : mapping
        From `bootstraps`.

    Returns
    -------
    DataFrame
        Columns `COMPARISONS`. `difference` is the predictor's score less its rival's, `low` and `high` its bootstrap 95 %
        interval over tasks; in units of the score. NaN where undefined.
    """
    observed = {_key(row): row for row in table.to_dict("records")}
    cells: dict = {}
    for predictor, kind, method, split, target in observed:
        cells.setdefault((split, target), {}).setdefault((predictor, kind), []).append(method)
    rows = []
    for (split, target), forecasters in cells.items():
        for (predictor, kind), (rival, other) in product(forecasters, repeat=2):
            if (kind, other) != ("predictor", "baseline"):
                continue
            methods = [method for method in forecasters[predictor, kind] if method in forecasters[rival, other]]
            sides = [[(*who, method, split, target) for method in methods] for who in ((predictor, kind), (rival, other))]
            for name in bootstrap.SCORES:
                measured = _differences([[observed[key][name] for key in keys] for keys in sides])
                redrawn = _differences([[drawn[key][name] for key in keys] for keys in sides])
                for method, difference, values in [
                    *zip(methods, measured, redrawn, strict=True), (EVERY, measured.mean(), redrawn.mean(axis=0))
                ]:  # fmt: skip
                    row = (predictor, rival, method, split, target, name, difference, *bootstrap.interval(values))
                    rows.append(row)
    return _numbers(pd.DataFrame(rows, columns=COMPARISONS), ["difference", "low", "high"])


def _differences(sides) -> np.ndarray:
    """One side less the other."""
    return np.subtract(*(np.array(side, dtype=float) for side in sides))


def _of_the_largest(table: pd.DataFrame, by_group: dict, name: str) -> pd.Series:
    """`scores.of_the_largest` of the predictors of each split and target; NaN for baselines."""
    p = pd.Series(np.nan, index=table.index)
    tried = table[(table["kind"] == "predictor") & (table["n_permutations"] > 0)]
    for _, rows in tried.groupby(["split", "target", "n_permutations"], sort=False):
        keys = zip(rows["predictor"], rows["method"], rows["split"], rows["target"], strict=True)
        draws = np.array([by_group[key].sort_values("draw")[name].to_numpy(dtype=float) for key in keys])
        p[rows.index] = scores.of_the_largest(rows[name].to_numpy(dtype=float), draws)
    return p


def _key(row: dict) -> tuple:
    return tuple(row[key] for key in GROUP)


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
        groups.setdefault(_key(fold), []).append(fold)
    return list(groups.values())


def _numbers(table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """These columns as float64, so that an undefined value is NaN even where all are undefined."""
    return table.astype(dict.fromkeys(columns, float))
