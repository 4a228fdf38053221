"""Heatmap of settings, trained × tested: mean r, averaged over methods, one panel per predictor."""

import numpy as np

from ...charts import Cells, Figure, Panel, heatmap, number, spec
from ...tables.reading import require

UNLIKE = "no two settings share four tasks, a target and a predictor"


def draw(across) -> Figure:
    """The diagonal is the same setting under leave-one-task-out. Raises MergecastError on an empty table."""
    columns = ("predictor", "method", "train_setting", "test_setting", "mean_r", "q2", "centred_r", "n_folds")
    table = require(across.tables["transfer"], "transfer", *columns)
    settings = list(dict.fromkeys([*table.train_setting, *table.test_setting]))
    groups = table.groupby(["predictor", "train_setting", "test_setting"], sort=False)
    mean = groups[["mean_r", "q2", "centred_r"]].mean().reset_index()
    domain, panels = (float(np.nanmin([mean.mean_r.min(), 0])), float(np.nanmax([mean.mean_r.max(), 0.1]))), []
    for predictor, mine in mean.groupby("predictor", sort=False):
        chart = heatmap(
            mine,
            Cells(
                "test_setting",
                "train_setting",
                "mean_r",
                xs=settings,
                ys=settings,
                domain=domain,
                title="mean r",
                tips=[("q2", "Q²", ".2f"), ("centred_r", "centred r", ".2f")],
                row=36,
            ),
        )
        panels.append(Panel(predictor, spec(chart, f"Mean r of {predictor}, trained on one setting and tested on another.")))
    same = table.train_setting == table.test_setting
    other = UNLIKE if same.all() else f"another: {number(table.mean_r[~same].mean())}"
    return Figure(
        "transfer",
        "Trained on a row, tested on a column",
        f"Mean r within a fold, mean over {table.method.nunique()} methods, up to n = {int(table.n_folds.max())} folds, on "
        "tasks that were not trained on. The diagonal is the same setting, leave one task out. Same setting: "
        f"{number(table.mean_r[same].mean())}; {other}. Grey: undefined.",
        f"{len(panels)} heatmaps, setting by setting.",
        panels,
        least=300,
        most="34rem",
        width=max(60 * len(settings), 90),
    )
