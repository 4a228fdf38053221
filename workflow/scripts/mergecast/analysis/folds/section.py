"""Every fold, and the mean over folds in a table."""

import pandas as pd

from ...tables.reading import headline, plain, unique
from .._section import Section
from .figure import draw


def section(setting) -> Section:
    """The strips, and the scores by predictor and method."""
    table = headline(setting.tables["scores"], "scores", setting.target)
    methods = unique(table.method)
    data = {"methods": methods, "rows": listed(table, methods)}
    return Section(figures=[draw(setting)], template="folds.html.j2", data=data)


def listed(table: pd.DataFrame, methods: list[str]) -> list[dict]:
    """One row per predictor.

    Parameters
    ----------
    table : DataFrame
        The table "scores", of one split and target.
    methods : list of str

    Returns
    -------
    list of dict
        `name`, `kind`, `cells` by method (`mean_r, sd_r, q2, undefined, folds`, or None), their `mean` r and `mae`.
    """
    rows, order = [], table.sort_values("kind", ascending=False, kind="stable")
    for name in unique(order.predictor):
        mine = order[order.predictor == name].set_index("method")
        cells = [mine.loc[method] if method in mine.index else None for method in methods]
        rows.append(
            {
                "name": name,
                "kind": mine.kind.iloc[0],
                "mean": plain(mine.mean_r.mean()),
                "mae": plain(mine.mae.mean()),
                "cells": [
                    cell
                    if cell is None
                    else {
                        "mean_r": plain(cell.mean_r),
                        "sd_r": plain(cell.sd_r),
                        "q2": plain(cell.q2),
                        "undefined": int(cell.n_undefined),
                        "folds": int(cell.n_folds),
                    }
                    for cell in cells
                ],
            }
        )
    return rows
