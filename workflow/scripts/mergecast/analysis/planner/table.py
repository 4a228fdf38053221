"""Regret and hit rate of orders of merging, by budget, on the grid where every merge is measured."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.special import ndtri

from ...errors import MergecastError
from ...planning import hindsight
from ...planning.improvement import greedy
from ...prediction import bootstrap
from ...prediction.design import PAIR
from ...seeding import seed_for
from .. import _checks, _pairs

COLUMNS = [
    "strategy", "split", "scope", "budget", "regret", "low", "high", "hit_rate", "hit_low", "hit_high",
    "behind", "behind_low", "behind_high", "n", "candidates", "forecaster", "target",
]  # fmt: skip
BUDGETS = (1, 2, 5, 10, 20)
FORECASTERS = ("mixed", "directed_ridge")  # the first that is there makes the plan
EFFECTS = "task_effects"
PLAN, ORACLE = "plan", "oracle"
NEEDED = ["method", "predictor", "split", "target", "fold", "task_a", "task_b", "measured", "predicted"]


def make(tables: Mapping[str, pd.DataFrame], setting: Mapping) -> dict[str, pd.DataFrame]:
    """Of the headline target."""
    draws, seed = setting["bootstrap"], seed_for(setting["name"], "planner", seed=setting["seed"])
    return {"planner": planner(tables["predictions"], tables["coverage"], setting["target"], draws=draws, seed=seed)}


def planner(
    predictions: pd.DataFrame, coverage: pd.DataFrame | None, target: str, *, draws: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """One row per strategy, split, scope and budget.

    A candidate is a pair × method. In the scope "task" one model is given, and its candidates are the pairs that it is in: what
    is looked for is its best partner and method. Scores are means over the models, intervals a bootstrap over them. In the
    scope "grid" the best merge of all is looked for: one number, without an interval.

    The strategies are orders of trying:

    plan            highest forecast (`planning.improvement.ranked`), equal ones at random
    largest_gain    largest expected improvement over the best that was measured so far (`planning.improvement.greedy`)
    random_order    every order is as likely
    best_method     the method with the highest mean over the pairs without the model, pairs at random; then the second method,
                    and so on. Of the grid: the highest mean over all pairs, known only with hindsight
    task_effects    highest forecast of the baseline of that name, equal ones at random
    oracle          as measured

    Forecasts are those with both tasks unseen (`l2to`); of the scope "task", also those of the fold that leaves the model out
    (`loto`), where its partners were merged with each other.

    Parameters
    ----------
    predictions, coverage : DataFrame
        Without coverage the forecasts have no spread, and there is no order by gain but that of the forecasts.
    target : str
    draws : int, default 1000
        Draws of tasks.
    seed : int, default 0

    Returns
    -------
    DataFrame
        Columns `COLUMNS`. `regret`: best measured value of all candidates less the best of the first merges, in units of the
        target. `hit_rate`: share of the first merges that are among the best tenth of the candidates (at least one).
        `behind`: regret less that of the plan, with its paired interval. `n`: models; `candidates`: the least that one has.
        Budgets above that are left out. Expectations over orders are exact.

    Raises
    ------
    MergecastError
        For a missing column, a target of one task, and without a forecaster.
    """
    _pairs.symmetric(target, "planner")
    _checks.require(predictions, "predictions", NEEDED)
    mine = predictions[predictions["target"] == target]
    name = next((name for name in FORECASTERS if (mine["predictor"] == name).any()), None)
    if name is None:
        raise MergecastError(f"table predictions: has no forecast by {' or '.join(FORECASTERS)}; add one to `predictors`")
    tasks = sorted({*mine["task_a"], *mine["task_b"]})
    drawn = bootstrap.counts(len(tasks), draws, seed=seed)
    made = []
    for split in ("l2to", "loto"):
        rows = mine[(mine["split"] == split) & mine["predictor"].isin([name, EFFECTS])]
        if rows.empty:
            continue
        wide = _wide(rows, name, _spread(coverage, name, split, target))
        asked = [wide[_of_task(wide, split, task)] for task in tasks]
        others = [wide[(wide["task_a"] != task) & (wide["task_b"] != task)] for task in tasks]
        found = [_strategies(one, rest, name) for one, rest in zip(asked, others, strict=True)]
        made += _scored(found, asked, drawn, {"split": split, "scope": "task"})
        if split == "l2to":
            made += _scored([_strategies(wide, wide, name)], [wide], None, {"split": split, "scope": "grid"})
    return pd.DataFrame(made).assign(forecaster=name, target=target)[COLUMNS]


def _wide(rows: pd.DataFrame, name: str, spread: Mapping[str, float]) -> pd.DataFrame:
    """One row per fold, pair and method: `measured`, `mean`, `sd` and, where it is there, the forecast by task effects.

    In an order of names, so that nothing depends on that of the table.
    """
    turned = pd.DataFrame(_pairs.keys(rows), columns=PAIR, index=rows.index)
    keys = ["fold", *PAIR, "method"]
    by = rows.assign(**turned).set_index(keys)
    table = by[by["predictor"] == name][["measured", "predicted"]].rename(columns={"predicted": "mean"})
    if (by["predictor"] == EFFECTS).any():
        table = table.join(by[by["predictor"] == EFFECTS]["predicted"].rename(EFFECTS))
    table = table.reset_index().sort_values([*PAIR, "method", "fold"], kind="stable", ignore_index=True)
    return table.assign(sd=table["method"].map(spread).fillna(0.0))


def _spread(coverage: pd.DataFrame | None, name: str, split: str, target: str) -> dict[str, float]:
    """The standard deviation of a forecast by method, from the mean width of its narrowest intervals that were given."""
    if coverage is None:
        return {}
    mine = coverage[(coverage[["predictor", "split", "target"]] == [name, split, target]).all(axis=1)]
    lowest = mine[mine["mean_width"].notna()].sort_values("level").drop_duplicates("method")
    return dict(zip(lowest["method"], lowest["mean_width"] / 2 / ndtri((1 + lowest["level"]) / 2), strict=True))


def _of_task(wide: pd.DataFrame, split: str, task: str) -> pd.Series:
    """The candidates of one model: its pairs, as they were forecast without it."""
    return wide["fold"] == task if split == "loto" else (wide["task_a"] == task) | (wide["task_b"] == task)


def _strategies(asked: pd.DataFrame, others: pd.DataFrame, name: str) -> dict[str, list[np.ndarray]]:
    """By strategy the measured values in the order of trying; within a block every order is as likely."""
    values = asked["measured"].to_numpy()
    order = greedy(asked["mean"], asked["sd"], max(BUDGETS), values)
    rest = np.delete(values, order)
    means = others.drop_duplicates([*PAIR, "method"]).groupby("method")["measured"].mean()
    effects = {EFFECTS: hindsight.blocks_of(values, asked[EFFECTS])} if EFFECTS in asked else {}
    return {
        PLAN: hindsight.blocks_of(values, asked["mean"]),
        "largest_gain": [*(values[[place]] for place in order), *([rest] if len(rest) else [])],
        "random_order": [values],
        "best_method": hindsight.blocks_of(values, asked["method"].map(means)),
        **effects,
        ORACLE: hindsight.blocks_of(values, values),
    }


def _scored(found: Sequence[dict], asked: Sequence[pd.DataFrame], drawn, head: dict) -> list[dict]:
    """One row per strategy and budget: means over the models, with intervals where tasks are drawn."""
    fewest, best = min(map(len, asked)), np.array([one["measured"].max() for one in asked])
    rows = []
    for budget in (budget for budget in BUDGETS if budget <= fewest):
        reached = {name: np.array([hindsight.found(of[name], budget) for of in found]).T for name in found[0]}
        regrets = {name: best - values for name, (values, _) in reached.items()}
        for name, (_, hits) in reached.items():
            row = {"strategy": name, **head, "budget": budget, "n": len(asked), "candidates": fewest}
            row |= _interval(regrets[name], drawn, "regret", "")
            row |= _interval(hits, drawn, "hit_rate", "hit_")
            row |= _interval(
                regrets[name] - regrets[PLAN] if name != PLAN else np.full(len(asked), np.nan), drawn, "behind", "behind_"
            )
            rows.append(row)
    return rows


def _interval(values: np.ndarray, drawn: np.ndarray | None, name: str, prefix: str) -> dict[str, float]:
    low, high = (np.nan, np.nan) if drawn is None else bootstrap.interval(drawn @ values / len(values))
    return {name: float(values.mean()), f"{prefix}low": low, f"{prefix}high": high}
