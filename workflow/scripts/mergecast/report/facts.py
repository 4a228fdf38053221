"""The numbers that the page puts into words, each computed from the tables. No wording here."""

from dataclasses import dataclass

import pandas as pd

from ..tables.leading import Lead, lead
from ..tables.reading import against, leader, mean_coefficients, pair_values, require, strongest, unique


@dataclass(frozen=True)
class Method:
    """A merge method over all pairs: mean, lowest and highest target value; on how many pairs it is the best."""

    name: str
    mean: float
    low: float
    high: float
    wins: int


@dataclass(frozen=True)
class Pair:
    """A pair of tasks and its target value."""

    a: str
    b: str
    value: float


@dataclass(frozen=True)
class Rival:
    """A predictor or baseline averaged over methods: Q², centred r, absolute error."""

    name: str
    q2: float
    r: float
    mae: float


@dataclass(frozen=True)
class Forecast:
    """The best predictor against the best baseline (both by Q² averaged over methods), under one split.

    `difference` is the predictor's Q² less the baseline's, `low` and `high` its bootstrap 95 % interval over tasks.
    `closest` is whoever has the lowest absolute error. `undefined`: folds without an r by predictor, leaving one task out.
    `rivals`: every predictor and baseline by name. `fold_r`: the predictor's r inside a fold, leaving one task out, mean over
    folds and methods; NaN where there is none.
    """

    split: str
    predictor: Rival | None
    baseline: Rival | None
    closest: Rival
    closest_is_baseline: bool
    difference: float
    low: float
    high: float
    methods_won: int
    undefined: dict[str, int]
    n_undefined: int
    n_folds: int
    n_predictors: int
    rivals: dict[str, Rival]
    fold_r: float

    @property
    def verdict(self) -> str:
        """ "better", "level" or "worse" than the best baseline; "alone" or "nothing" where one side is missing."""
        if self.predictor is None:
            return "nothing"
        if self.baseline is None or self.difference != self.difference:
            return "alone"
        if self.low > 0 or self.high < 0:
            return "better" if self.low > 0 else "worse"
        return "level"


@dataclass(frozen=True)
class Facts:
    """All numbers of a setting's summary."""

    target: str
    tasks: list[str]
    n_pairs: int
    methods: list[Method]
    best_pair: Pair
    worst_pair: Pair
    best_of_best: Pair
    worst_of_best: Pair
    zero_shot: float | None
    fine_tuned: float
    chance: float | None
    forecast: Forecast
    strongest_metric: tuple[str, float] | None
    used: list[dict]
    lead: Lead | None


def gather(setting) -> Facts:
    """Read all numbers off the tables of a setting.

    Parameters
    ----------
    setting : Setting

    Returns
    -------
    Facts
        A setting of tables, made elsewhere, has neither a zero-shot accuracy nor a chance level: these are None.

    Raises
    ------
    MergecastError
        When a table is empty or lacks a column.
    """
    tables, target = setting.headline, setting.target
    values = pair_values(tables["merges"], target)
    methods = rank_methods(values)
    over = values.groupby(["task_a", "task_b"], sort=False).value.mean()
    forecast = judge(setting.split, tables["folds"], tables["scores"], tables["comparisons"])
    best = values[values.method == methods[0].name].set_index(["task_a", "task_b"]).value
    checkpoints = require(tables["checkpoints"], "checkpoints", "task", "fine_tuned_accuracy")
    return Facts(
        target,
        list(checkpoints.task),
        len(over),
        methods,
        Pair(*over.idxmax(), over.max()),
        Pair(*over.idxmin(), over.min()),
        Pair(*best.idxmax(), best.max()),
        Pair(*best.idxmin(), best.min()),
        _mean(checkpoints, "zero_shot_accuracy"),
        checkpoints.fine_tuned_accuracy.mean(),
        _mean(checkpoints, "chance_accuracy"),
        forecast,
        strongest(tables["correlations"]),
        _used(setting, forecast.predictor),
        lead(values, seed=int(setting.configuration.get("seed") or 0)),
    )


def rank_methods(values: pd.DataFrame) -> list[Method]:
    """Methods from best to worst mean value.

    Parameters
    ----------
    values : DataFrame
        From `pair_values`.

    Returns
    -------
    list of Method
        `wins` counts the pairs on which a method is the best (first on a tie).
    """
    wide = values.pivot_table(index=["task_a", "task_b"], columns="method", values="value", sort=False)
    wide = wide[[method for method in unique(values.method) if method in wide.columns]]
    wins = wide.idxmax(axis=1).value_counts()
    ranked = wide.mean().sort_values(ascending=False, kind="stable").index
    return [Method(name, wide[name].mean(), wide[name].min(), wide[name].max(), int(wins.get(name, 0))) for name in ranked]


def judge(split: str, folds: pd.DataFrame, scores: pd.DataFrame, comparisons: pd.DataFrame) -> Forecast:
    """Compare the best predictor with the best baseline, under the same draws of tasks.

    Parameters
    ----------
    split : str
        That of `scores` and `comparisons`.
    folds, scores, comparisons : DataFrame
        The tables of these names, of one target; `folds` of leave-one-task-out.

    Returns
    -------
    Forecast

    Raises
    ------
    MergecastError
        If `scores` has no row or lacks a column.
    """
    predictor, baseline = leader(scores, "predictor"), leader(scores, "baseline")
    rivals = scores.groupby("predictor", sort=False)[["q2", "centred_r", "mae"]].mean()
    kinds = dict(zip(scores.predictor, scores.kind, strict=True))
    closest = rivals.mae.idxmin()
    by_method = scores.pivot_table(index="method", columns="predictor", values="q2")
    both_scored = {predictor, baseline} <= set(by_method)
    won = int((by_method[predictor] > by_method[baseline]).sum()) if both_scored else 0
    undefined = folds[folds.pearson.isna()].groupby("predictor", sort=False).size()

    def rival(name):
        return Rival(name, rivals.q2[name], rivals.centred_r[name], rivals.mae[name]) if name else None

    return Forecast(
        split,
        rival(predictor),
        rival(baseline),
        rival(closest),
        kinds[closest] == "baseline",
        *against(comparisons, predictor, baseline),
        won,
        {name: int(n) for name, n in undefined.items()},
        int(undefined.sum()),
        len(folds),
        sum(kind == "predictor" for kind in kinds.values()),
        {name: rival(name) for name in rivals.index},
        float(folds[folds.predictor == predictor].groupby("method").pearson.mean().mean()) if predictor else float("nan"),
    )


def _mean(table: pd.DataFrame, column: str) -> float | None:
    return float(table[column].mean()) if column in table and table[column].notna().any() else None


def _used(setting, predictor: Rival | None) -> list[dict]:
    """The three metrics the best predictor uses in most folds, with the share; none if it uses all in all."""
    coefficients, categories = setting.headline["coefficients"], setting.categories
    if predictor is None or not coefficients.feature.isin(list(categories)).any():
        return []
    table = mean_coefficients(coefficients, categories)
    mine = table[table.predictor == predictor.name].groupby("feature", sort=False).share.mean()
    order = mine.sort_values(ascending=False, kind="stable").reset_index()
    return order.head(3).to_dict("records") if (order.share < 1).any() else []
