"""The page's tables as plain rows, from the tidy tables."""

import pandas as pd

from ..plots import pair_values, pooled, unique
from .charts import metrics as metric_charts


def pairs(tables, facts) -> list[dict]:
    """One row a pair: `a, b, values` (target by method, in the order of `facts.methods`), `best` method and `mean`."""
    wide = _wide(pair_values(tables["merges"], facts.target), "value", facts)
    return [
        {
            "a": a,
            "b": b,
            "values": [_plain(v) for v in row],
            "best": row.idxmax() if row.notna().any() else "",
            "mean": _plain(row.mean()),
        }
        for (a, b), row in wide.iterrows()
    ]


def forecasts(tables, facts) -> dict[str, list[list[float | None]]]:
    """By predictor: a row a pair and a column a method, as in `pairs`, rounded to four digits."""
    order = _wide(pair_values(tables["merges"], facts.target), "value", facts).index
    found = {}
    for name, mine in pooled(tables["predictions"]).groupby("predictor", sort=False):
        wide = _wide(mine, "predicted", facts).reindex(order)
        found[name] = [[None if pd.isna(v) else round(v, 4) for v in row] for row in wide.to_numpy()]
    return found


def scores(table: pd.DataFrame, facts) -> list[dict]:
    """One row a predictor: `cells` by method (`mean_r, sd_r, pooled_r, undefined, folds`), their `mean` r and `mae`."""
    found, order = [], table.sort_values("kind", ascending=False, kind="stable")
    for name in unique(order.predictor):
        mine = order[order.predictor == name].set_index("method")
        cells = [mine.loc[m.name] if m.name in mine.index else None for m in facts.methods]
        found.append(
            {
                "name": name,
                "kind": mine.kind.iloc[0],
                "mean": _plain(mine.mean_r.mean()),
                "mae": _plain(mine.mae.mean()),
                "cells": [
                    cell
                    if cell is None
                    else {
                        "mean_r": _plain(cell.mean_r),
                        "sd_r": _plain(cell.sd_r),
                        "pooled_r": _plain(cell.pooled_r),
                        "undefined": int(cell.n_undefined),
                        "folds": int(cell.n_folds),
                    }
                    for cell in cells
                ],
            }
        )
    return found


SINGLES = {
    "n_classes": ("classes", 0), "n_test_images": ("test images", 0), "chance_accuracy": ("chance", 3),
    "zero_shot_accuracy": ("zero-shot", 3), "fine_tuned_accuracy": ("fine-tuned", 3), "relative_norm": ("relative norm", 3),
}  # fmt: skip


def singles(checkpoints: pd.DataFrame) -> dict:
    """The columns that a setting has of its single models: `head` (heading, digits, is a share) and `rows` of cells."""
    columns = [column for column in SINGLES if column in checkpoints]
    return {
        "head": [(*SINGLES[column], column.endswith("accuracy")) for column in columns],
        "source": "source" in checkpoints,
        "rows": [
            {"task": row["task"], "source": row.get("source", ""), "cells": [_plain(row[column]) for column in columns]}
            for row in checkpoints.to_dict("records")
        ],
    }


def most_used(setting, facts) -> list[dict]:
    """The three metrics the best predictor uses in most folds, with the share; empty if it uses all in all."""
    coefficients = setting.headline["coefficients"]
    if not coefficients.feature.isin(list(setting.categories)).any():
        return []
    table = metric_charts.used(facts, coefficients, setting.categories)
    return table.head(3).to_dict("records") if (table.share < 1).any() else []


def _wide(values, column, facts) -> pd.DataFrame:
    wide = values.pivot_table(index=["task_a", "task_b"], columns="method", values=column, sort=False, dropna=False)
    order = pd.MultiIndex.from_frame(values[["task_a", "task_b"]].drop_duplicates())
    return wide.reindex(index=order, columns=[method.name for method in facts.methods])


def _plain(value) -> float | None:
    return None if pd.isna(value) else float(value)
