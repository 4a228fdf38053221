"""Which category of metrics is missed, and which would be enough."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ._grid import label_methods
from ._heat import heat
from ._style import DIVERGING, QUIET, SEQUENTIAL, headline, number, styled, words
from ._tables import require, unique


@styled
def draw(ablation: pd.DataFrame) -> Figure:
    """Two heatmaps, category × method: the change in mean r without a category, and mean r with only that category.

    The second has a row for all metrics, to compare with. Undefined cells are hatched; where all metrics are of one category
    the first says so. Raises MergecastError on an empty table.
    """
    require(ablation, "ablation", "predictor", "method", "category", "kept", "n_metrics", "mean_r", "difference", "n_folds")
    methods = unique(ablation.method)
    categories = unique(ablation.loc[ablation.kept != "all", "category"])
    counts = ablation[ablation.kept == "only"].drop_duplicates("category").set_index("category").n_metrics
    rows = [f"{words(name)} ({counts[name]:.0f})" if name in counts else words(name) for name in categories]

    def grid(kept, column):
        wide = ablation[ablation.kept == kept].pivot(index="category", columns="method", values=column)
        return wide.reindex(index=categories if kept != "all" else ["all"], columns=methods)

    without, only = grid("without", "difference"), pd.concat([grid("all", "mean_r"), grid("only", "mean_r")])
    width = 1.6 + 2 * (0.4 * len(methods) + 0.8)
    figure = Figure(figsize=(max(width, 5.4), 0.26 * len(categories) + 1.9), layout="constrained")
    left, right = figure.subplots(1, 2)
    if categories:
        reach = np.nanmax([without.abs().max().max(), 0.05])
        image = heat(left, without, colours=DIVERGING, low=-reach, high=reach)
        figure.colorbar(image, ax=left, location="bottom", shrink=0.7, aspect=24, label="change in mean r")
    low, high = np.nanmin([only.min().min(), 0]), np.nanmax([only.max().max(), 0.1])
    image = heat(right, only, colours=SEQUENTIAL, low=low, high=high)
    figure.colorbar(image, ax=right, location="bottom", shrink=0.7, aspect=24, label="mean r")
    for axis, names, title in ((left, rows, "Without the category"), (right, ["all metrics", *rows], "With it alone")):
        label_methods(axis, methods)
        axis.set_yticks(range(len(names)), names)
        axis.set_title(title)
    if categories:
        right.axhline(0.5, color="white", lw=2.5)
    else:
        left.set_axis_off()
        left.text(
            0.5,
            0.5,
            "one category only:\nnothing to leave out",
            transform=left.transAxes,
            ha="center",
            va="center",
            color=QUIET,
        )
    explained = "; in brackets the number of metrics. Negative on the left: the category was missed" if categories else ""
    headline(
        figure,
        "Which kind of metric does the forecast need?",
        f"{unique(ablation.predictor)[0]}, n = {int(ablation.n_folds.max())} leave-one-task-out folds, mean Pearson r within a "
        f"fold{explained}. "
        f"All metrics: {number(only.iloc[0].mean())} on average over methods.",
    )
    return figure
