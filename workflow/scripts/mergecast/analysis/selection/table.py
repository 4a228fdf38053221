"""Choosing the merge method of a pair by its forecast: what that gains over always taking the best on average."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ...errors import MergecastError
from ...prediction.design import PAIR
from ...tables.reading import headline
from .. import _checks, _pairs

COLUMNS = [
    "predictor", "kind", "hits", "value_chosen", "value_fixed", "value_oracle", "regret", "regret_fixed", "n",
]  # fmt: skip
NEEDED = ["method", "predictor", "kind", "fold", "task_a", "task_b", "measured", "predicted"]


def make(tables: Mapping[str, pd.DataFrame], setting: Mapping) -> dict[str, pd.DataFrame]:
    """From the forecasts of the headline target."""
    return {"selection": selection(headline(tables["predictions"], "predictions", setting["target"]))}


def selection(predictions: pd.DataFrame) -> pd.DataFrame:
    """One row per predictor, from its leave-one-task-out predictions of all methods (rows of one target).

    For each of the `n` held-out (fold, pair): chosen is the method with the highest prediction (of equal ones the first
    of the table, so a predictor that tells no methods apart chooses that one always); fixed the method that is best on
    average over the pairs without the fold's task; the oracle takes the highest measured.

    Parameters
    ----------
    predictions : DataFrame

    Returns
    -------
    DataFrame
        `hits` in [0, 1]: share of choices that are best or as good; `value_*`: mean measured target; `regret` and
        `regret_fixed` ≥ 0: what chosen and fixed lose to the oracle, all in units of the target.

    Raises
    ------
    MergecastError
        For a missing column or value, targets that are none of accuracy and normalised accuracy, several targets, a
        forecast that stands there twice, a predictor without a forecast of some method, and a task that every pair has.
    """
    _checks.require(predictions, "predictions", NEEDED)
    _checks.one_target(predictions, "predictions")
    if "target" in predictions.columns:
        _pairs.symmetric(predictions["target"].iloc[0], "merger selection")
    _checks.numbers(predictions, "predictions", ["measured", "predicted"])
    methods = list(dict.fromkeys(predictions["method"]))
    rows = []
    for (predictor, kind), forecasts in predictions.groupby(["predictor", "kind"], sort=False):
        measured, predicted = (_grid(forecasts, column, predictor, methods) for column in ("measured", "predicted"))
        rows.append({"predictor": predictor, "kind": kind, **_choices(measured, predicted.to_numpy())})
    return pd.DataFrame(rows, columns=COLUMNS)


def _choices(measured: pd.DataFrame, predicted: np.ndarray) -> dict[str, float]:
    value, everyone = measured.to_numpy(), np.arange(len(measured))
    chosen, oracle = value[everyone, predicted.argmax(axis=1)], value.max(axis=1)
    fixed = value[everyone, _best_on_average(measured)]
    return {
        "hits": float(np.mean(chosen == oracle)),
        "value_chosen": float(chosen.mean()),
        "value_fixed": float(fixed.mean()),
        "value_oracle": float(oracle.mean()),
        "regret": float((oracle - chosen).mean()),
        "regret_fixed": float((oracle - fixed).mean()),
        "n": len(value),
    }


def _best_on_average(measured: pd.DataFrame) -> np.ndarray:
    """Position, for each (fold, pair), of the method with the highest mean over the pairs without the fold's task."""
    once = measured.reset_index().drop_duplicates(PAIR)
    values, sides = once[list(measured.columns)].to_numpy(), once[PAIR].to_numpy()
    best = {}
    for fold in measured.index.unique("fold"):
        train = (sides != fold).all(axis=1)
        if not train.any():
            raise MergecastError(f"table predictions: every pair has task {fold!r}, so nothing trains without it; add pairs")
        best[fold] = int(values[train].mean(axis=0).argmax())
    return measured.index.get_level_values("fold").map(best).to_numpy()


def _grid(rows: pd.DataFrame, column: str, predictor: str, methods: list[str]) -> pd.DataFrame:
    """One row per (fold, pair), one column per method."""
    index = ["fold", *PAIR]
    if rows.duplicated([*index, "method"]).any():
        first = rows[rows.duplicated([*index, "method"])].iloc[0]
        raise MergecastError(
            f"table predictions: predictor {predictor!r}, fold {first['fold']!r}, pair {first['task_a']}__{first['task_b']}: "
            f"method {first['method']!r} stands there twice; remove one row"
        )
    grid = rows.pivot(index=index, columns="method", values=column).reindex(columns=methods)
    if grid.isna().to_numpy().any():
        (fold, a, b), method = grid.isna().stack().idxmax()[:3], grid.columns[grid.isna().any()][0]
        raise MergecastError(
            f"table predictions: predictor {predictor!r} lacks method {method!r} for some pair ({fold}: {a}__{b}, say); "
            "forecast every method for every pair"
        )
    return grid
