"""A table of all pairs: measured under each method, and as a predictor of the reader's choice forecast it."""

import pandas as pd

from ...tables.reading import PAIR, leader, pair_values, per_pair, plain, unique
from .._section import Section


def section(setting) -> Section:
    """The page's script changes the forecasts that are shown, and sorts by them."""
    tables, target = setting.headline, setting.target
    values = pair_values(tables["merges"], target)
    methods = list(values.groupby("method", sort=False).value.mean().sort_values(ascending=False, kind="stable").index)
    pairs, forecast = listed(values, methods), forecasts(tables["predictions"], values, methods)
    shown = [value for row in pairs for value in row["values"] if value is not None]
    data = {
        "target": target,
        "methods": methods,
        "rows": pairs,
        "low": min(shown, default=0),
        "high": max(shown, default=0),
        "forecasts": forecast,
        "predictors": unique(tables["scores"].predictor),
        "chosen": leader(tables["scores"], "predictor") or leader(tables["scores"], "baseline"),
    }
    return Section(template="all_pairs.html.j2", data=data, script=forecast)


def listed(values: pd.DataFrame, methods: list[str]) -> list[dict]:
    """One row per pair: what it measured under each method.

    Parameters
    ----------
    values : DataFrame
        From `pair_values`.
    methods : list of str

    Returns
    -------
    list of dict
        `a, b, values` (target by method, in the order of `methods`), `best` method ("" if none is defined) and `mean`; None
        where undefined.
    """
    return [
        {
            "a": a,
            "b": b,
            "values": [plain(v) for v in row],
            "best": row.idxmax() if row.notna().any() else "",
            "mean": plain(row.mean()),
        }
        for (a, b), row in _wide(values, "value", methods).iterrows()
    ]


def forecasts(predictions: pd.DataFrame, values: pd.DataFrame, methods: list[str]) -> dict[str, list[list[float | None]]]:
    """By predictor: one row per pair and one column per method, as in `listed`, rounded to four digits.

    Parameters
    ----------
    predictions : DataFrame
    values : DataFrame
        From `pair_values`.
    methods : list of str

    Returns
    -------
    dict of list of list of float or None
        None where there is no forecast.
    """
    order, by_predictor = _wide(values, "value", methods).index, {}
    for name, mine in per_pair(predictions).groupby("predictor", sort=False):
        wide = _wide(mine, "predicted", methods).reindex(order)
        by_predictor[name] = [[None if pd.isna(v) else round(v, 4) for v in row] for row in wide.to_numpy()]
    return by_predictor


def _wide(values, column, methods) -> pd.DataFrame:
    wide = values.pivot_table(index=PAIR, columns="method", values=column, sort=False, dropna=False)
    order = pd.MultiIndex.from_frame(values[PAIR].drop_duplicates())
    return wide.reindex(index=order, columns=methods)
