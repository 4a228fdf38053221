"""Ranking merges of more than two tasks by the forecasts of their pairs, against what those merges measured."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ...errors import MergecastError
from ...prediction import bootstrap, scores
from ...seeding import seed_for
from ...tables.reading import hardest, headline
from .. import _checks, _pairs

RANKING = [
    "predictor", "kind", "method", "target", "size", "spearman", "spearman_low", "spearman_high", "pearson",
    "mean_top", "mean_bottom", "n_subsets", "n_pairs_missing",
]  # fmt: skip
SCORES = ["predictor", "kind", "method", "subset", "tasks", "score", "measured"]
MEASURED = "measured_pairs"
PREDICTIONS = ["method", "predictor", "kind", "task_a", "task_b", "predicted"]
TOP, SHARE = 10, 4  # the ten best and worst, or a quarter where that is fewer


def make(tables: Mapping[str, pd.DataFrame], setting: Mapping) -> dict[str, pd.DataFrame]:
    """By the forecasts of the headline target, each less the training mean of its fold: that differs from fold to fold, and is
    the higher the worse the tasks are that the fold leaves out."""
    target = setting["target"]
    mine = headline(tables["predictions"], "predictions", target, hardest(tables["predictions"]))
    mine = mine.assign(predicted=mine["predicted"] - mine["train_mean"])
    draws, seed = setting["bootstrap"], setting["seed"]
    results = ranking(mine, tables["subsets"], tables["merges"], target, n_bootstrap=draws, seed=seed)
    return dict(zip(("subset_ranking", "subset_scores"), results, strict=True))


def ranking(
    predictions: pd.DataFrame,
    subsets: pd.DataFrame,
    merges: pd.DataFrame,
    target: str,
    *,
    n_bootstrap: int = 1000,
    seed: int = 0,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tables of rankings and of scores, for every predictor and for the measured pairs themselves.

    The score of a subset is the mean over its pairs of the pair's forecast (each pair once: the mean over folds, if several
    forecast it), in units of the target; of kind "measured", of what the pair measured: how far pairs could take one that
    knew them all. Pairs without a forecast are left out of the mean; a subset without any is left out of the ranking.
    Subsets of different sizes are ranked apart.

    Parameters
    ----------
    predictions : DataFrame
        Rows of this target and of one split.
    subsets : DataFrame
        Columns method, subset, tasks ("a|b|c"), task and the target.
    merges : DataFrame
    target : str
    n_bootstrap : int, default 1000
        Draws of tasks.
    seed : int, default 0

    Returns
    -------
    tuple of two DataFrames
        Rankings: `spearman` has a bootstrap 95 % interval: tasks are drawn with replacement, a subset weighs the product of
        how often its tasks were drawn, ranks stay as they are; there is none where more than half of the draws leave nothing
        to correlate. `mean_top`, `mean_bottom`: mean measured value of the 10 highest and lowest scored, a quarter where
        there are under 40. `n_pairs_missing`: pairs without a forecast. NaN where undefined.
        Scores: `measured` is the mean over the subset's tasks of `target` in the merge of them all.

    Raises
    ------
    MergecastError
        For a missing column or value, a target that belongs to one of the two tasks, several targets, a subset without a row
        for each task, and tables that share no method.
    """
    _pairs.symmetric(target, "subset ranking")
    _checks.require(predictions, "predictions", PREDICTIONS)
    _checks.one_target(predictions, "predictions")
    _checks.numbers(predictions, "predictions", ["predicted"])
    merged, drawn = _merged(subsets, target), {}
    ranks, rows = [], []
    for (predictor, kind, method), forecast in _forecasts(predictions, merges, target).items():
        for size, of_size in merged.get(method, {}).items():
            scored = _scored(of_size, forecast)
            names = {"predictor": predictor, "kind": kind, "method": method}
            rows += [{**names, **row} for row in scored.to_dict("records")]
            missing = {pair for tasks in of_size["members"] for pair in _pairs.within(tasks)} - set(forecast)
            weights = _weights(of_size["members"], n_bootstrap, seed, drawn)
            ranks.append({
                **names, "target": target, "size": size, **_scores(scored, weights), "n_pairs_missing": len(missing),
            })  # fmt: skip
    if not ranks:
        raise MergecastError("table subsets: shares no method with the predictions; measure subsets with one of theirs")
    return pd.DataFrame(ranks, columns=RANKING), pd.DataFrame(rows, columns=SCORES)


def _merged(subsets: pd.DataFrame, target: str) -> dict[str, dict[int, pd.DataFrame]]:
    """By method and size: `subset`, `tasks`, `members` (tuple) and `measured`, one row per subset."""
    _checks.require(subsets, "subsets", ["method", "subset", "tasks", "task", target])
    _checks.numbers(subsets, "subsets", [target])
    by_method: dict = {}
    for (method, subset, tasks), rows in subsets.groupby(["method", "subset", "tasks"], sort=False):
        members = tuple(tasks.split("|"))
        if len(members) < 2 or sorted(rows["task"]) != sorted(set(members)):
            raise MergecastError(
                f"table subsets: method {method!r}, subset {subset!r}: needs one row for each task of {tasks}; correct it"
            )
        row = {"subset": subset, "tasks": tasks, "members": members, "measured": float(rows[target].mean())}
        by_method.setdefault(method, {}).setdefault(len(members), []).append(row)
    return {method: {size: pd.DataFrame(rows) for size, rows in sizes.items()} for method, sizes in by_method.items()}


def _forecasts(predictions: pd.DataFrame, merges: pd.DataFrame, target: str) -> dict:
    """By (predictor, kind, method): the forecast of each pair, once; the measured pairs last."""
    rows = predictions.assign(pair=_pairs.keys(predictions))
    once = rows.groupby(["predictor", "kind", "method", "pair"], sort=False)["predicted"].mean()
    forecasts: dict = {}
    for (*names, pair), value in once.items():
        forecasts.setdefault(tuple(names), {})[pair] = value
    methods = {name[2] for name in forecasts}
    measured = _pairs.measured(merges, target)
    return forecasts | {(MEASURED, "measured", method): pairs for method, pairs in measured.items() if method in methods}


def _scored(subsets: pd.DataFrame, forecast: dict) -> pd.DataFrame:
    forecasts = [[forecast[pair] for pair in _pairs.within(tasks) if pair in forecast] for tasks in subsets["members"]]
    return subsets.assign(score=[float(np.mean(values)) if values else np.nan for values in forecasts]).drop(columns="members")


def _scores(scored: pd.DataFrame, weights: np.ndarray) -> dict[str, float]:
    there = scored["score"].notna().to_numpy()
    x, y = scored["score"].to_numpy()[there], scored["measured"].to_numpy()[there]
    pearson, spearman = scores.pearson(y, x), scores.spearman(y, x)
    low, high = (np.nan, np.nan) if spearman is None else _interval(x, y, weights[:, there])
    order, few = np.argsort(x, kind="stable"), min(TOP, len(x) // SHARE)
    return {
        "spearman": np.nan if spearman is None else spearman,
        "spearman_low": low,
        "spearman_high": high,
        "pearson": np.nan if pearson is None else pearson,
        "mean_top": float(y[order[-few:]].mean()) if few else np.nan,
        "mean_bottom": float(y[order[:few]].mean()) if few else np.nan,
        "n_subsets": len(x),
    }


def _weights(members: pd.Series, n_bootstrap: int, seed: int, cache: dict) -> np.ndarray:
    """Weight of each subset in each draw (n_bootstrap, S), the same for every predictor and method with these subsets."""
    subsets = tuple(members)
    if subsets not in cache:
        tasks = sorted({task for subset in subsets for task in subset})
        place = {task: i for i, task in enumerate(tasks)}
        drawn = bootstrap.counts(len(tasks), n_bootstrap, seed=seed_for("subsets", "bootstrap", seed=seed))
        cache[subsets] = drawn[:, [[place[task] for task in subset] for subset in subsets]].prod(axis=2)
    return cache[subsets]


def _interval(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    """Percentile interval of the weighted correlation of ranks."""
    r = bootstrap.weighted_pearson(pd.Series(x).rank().to_numpy(), pd.Series(y).rank().to_numpy(), weights)
    defined = r[~np.isnan(r)]
    if not len(defined) or len(defined) < bootstrap.FEWEST * len(r):
        return np.nan, np.nan
    low, high = np.quantile(defined, [(1 - bootstrap.LEVEL) / 2, (1 + bootstrap.LEVEL) / 2])
    return float(low), float(high)
