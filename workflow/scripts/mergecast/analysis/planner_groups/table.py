"""Groups as their pairs make them, beside what they measured: two rules, from forecasts of pairs and from measured pairs."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ...errors import MergecastError
from ...planning import candidates
from ...prediction import scores
from ...prediction.design import PAIR
from ...prediction.tables import EVERY
from .. import _checks

COLUMNS = ["rule", "pairs", "method", "size", "r", "q2", "mae", "bias", "n", "forecaster", "target"]
NUMBERS = ["r", "q2", "mae", "bias"]
FORECASTERS = ("mixed", "directed_ridge")
LEVELLED = "levelled"  # the first rule, moved to the level of the other measured groups of the method
KEPT = "retained"  # the target that says what is kept of the first task


def make(tables: Mapping[str, pd.DataFrame], setting: Mapping) -> dict[str, pd.DataFrame]:
    """Of the headline target."""
    return {"planner_groups": groups(tables["predictions"], tables["merges"], tables["subsets"], setting["target"])}


def groups(predictions: pd.DataFrame, merges: pd.DataFrame, subsets: pd.DataFrame, target: str) -> pd.DataFrame:
    """One row per rule, source of the pairs, method and size, and one for the mean over methods.

    Parameters
    ----------
    predictions : DataFrame
        With the rows of the target "retained", forecast both ways round; without them both tasks of a pair are taken to keep
        the same.
    merges, subsets : DataFrame
    target : str

    Returns
    -------
    DataFrame
        Columns `COLUMNS`. `rule`: see `planning.candidates.group_values`; "levelled" is the mean of the pairs and what the
        other measured groups of the method were above theirs, on average (a level changes no order: its lower r is what
        leaving out a group does to r). `pairs`: "forecast", with both tasks unseen, or
        "measured": how far pairs could take one that knew them all. Of the `n` groups: `r`, Pearson's, NaN where one side is
        constant; `q2`, 1 − Σ(y − ŷ)² / Σ(y − ȳ)², ȳ the mean of the measured groups of the method and size; `mae` and `bias`
        (forecast less measured) in units of the target.

    Raises
    ------
    MergecastError
        For a missing column, without a forecaster, and where no group has all its pairs.
    """
    _checks.require(subsets, "subsets", ["method", "tasks", "task", target])
    name, of_forecasts = _forecasts(predictions, target)
    rows = []
    for source, table in (("forecast", of_forecasts), ("measured", _measured(merges, target))):
        pairs = candidates.pairs(table)
        kept, _ = candidates.matrices(pairs)
        for size, mine in subsets.groupby(subsets["tasks"].str.count(r"\|") + 1, sort=True):
            found = candidates.measured(mine, target, pairs)
            for rule in (*candidates.RULES, LEVELLED):
                rows += _rows(found, kept, rule, {"rule": rule, "pairs": source, "size": int(size)})
    if not rows:
        raise MergecastError("table subsets: no group has a forecast of all its pairs; forecast the methods that were merged")
    return pd.DataFrame(rows).assign(forecaster=name, target=target)[COLUMNS]


def _rows(found: candidates.Candidates, kept: np.ndarray, rule: str, head: dict) -> list[dict]:
    rows = []
    for place, method in enumerate(found.methods):
        mine = found.where(found.method == place)
        guess = candidates.group_values(kept[place], mine.members, candidates.RULES[0] if rule == LEVELLED else rule).mean(
            axis=1
        )
        there = ~np.isnan(guess)
        y, guess = mine.mean[there], guess[there]
        if rule == LEVELLED and len(y) > 1:
            missed = y - guess
            guess = guess + (missed.sum() - missed) / (len(y) - 1)
        if len(y):
            rows.append({**head, "method": method, **_scores(y, guess)})
    if rows:
        means = pd.DataFrame(rows)[NUMBERS].mean().to_dict()
        rows.append({**head, "method": EVERY, **means, "n": max(row["n"] for row in rows)})
    return rows


def _scores(y: np.ndarray, guess: np.ndarray) -> dict[str, float]:
    r, about = scores.pearson(y, guess), ((y - y.mean()) ** 2).sum()
    q2 = 1 - ((y - guess) ** 2).sum() / about if about > 0 else np.nan
    return {"r": np.nan if r is None else r, "q2": q2, "mae": np.abs(y - guess).mean(), "bias": (guess - y).mean(), "n": len(y)}


def _forecasts(predictions: pd.DataFrame, target: str) -> tuple[str, pd.DataFrame]:
    """The forecaster, and its forecasts with both tasks unseen as a table of forecasts."""
    _checks.require(predictions, "predictions", ["method", "predictor", "split", "target", *PAIR, "predicted"])
    mine = predictions[(predictions["split"] == "l2to") & predictions["target"].isin([target, KEPT])]
    name = next((name for name in FORECASTERS if (mine["predictor"] == name).any()), None)
    if name is None:
        raise MergecastError(f"table predictions: has no forecast by {' or '.join(FORECASTERS)}; add one to `predictors`")
    mine = mine[mine["predictor"] == name]
    oriented = (mine["target"] == KEPT).any()
    mine = mine[mine["target"] == (KEPT if oriented else target)]
    one = mine[[*PAIR, "method", "predicted"]].set_axis(["kept", "other", "method", "value"], axis=1)
    turned = one if oriented else pd.concat([one, one.rename(columns={"kept": "other", "other": "kept"})])
    return name, _as_forecasts(turned)


def _measured(merges: pd.DataFrame, target: str) -> pd.DataFrame:
    """Measured pairs as a table of forecasts."""
    other = merges["task_b"].where(merges["task"] == merges["task_a"], merges["task_a"])
    return _as_forecasts(
        pd.DataFrame({"kept": merges["task"], "other": other, "method": merges["method"], "value": merges[target]})
    )


def _as_forecasts(oriented: pd.DataFrame) -> pd.DataFrame:
    """One row per pair and method from rows that say what is `kept` beside the `other`."""
    first = oriented[oriented["kept"] < oriented["other"]]
    back = oriented.rename(columns={"kept": "other", "other": "kept", "value": "back"})
    both = first.merge(back, on=["kept", "other", "method"], how="inner")
    both = both.set_axis(["task_a", "task_b", "method", "kept_a", "kept_b"], axis=1)
    return both.assign(forecast=(both["kept_a"] + both["kept_b"]) / 2, measured=np.nan)
