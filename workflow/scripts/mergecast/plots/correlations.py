"""How closely each metric alone follows the target, metric × method."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ._grid import label_methods, label_metrics
from ._heat import heat, short
from ._style import DIVERGING, headline, styled
from ._tables import by_category, require, unique


@styled
def draw(correlations: pd.DataFrame, categories: dict[str, str], *, target: str = "normalised accuracy") -> Figure:
    """Heatmap of Pearson's r between a metric and the target over all pairs; undefined cells are hatched.

    A star marks p < 0.05 when tasks are relabelled, where the table has a column `p`. `categories` maps every metric to
    its category and gives the order of rows. Raises MergecastError on an empty table.
    """
    require(correlations, "correlations", "method", "metric", "pearson", "n_pairs")
    metrics, methods = by_category(categories, correlations.metric), unique(correlations.method)
    wide = correlations.pivot(index="metric", columns="method").loc[metrics]
    grid = wide["pearson"][methods].to_numpy(float)
    starred = wide["p"][methods].to_numpy(float) < 0.05 if "p" in correlations else np.zeros(grid.shape, bool)
    text = [[short(r) + "*" * int(star) for r, star in zip(*row, strict=True)] for row in zip(grid, starred, strict=True)]
    figure = Figure(figsize=(max(2.9 + 0.36 * len(methods), 4.1), 0.19 * len(metrics) + 1.3), layout="constrained")
    axis = figure.subplots()
    image = heat(axis, grid, colours=DIVERGING, low=-1, high=1, text=text)
    label_methods(axis, methods)
    label_metrics(axis, metrics, categories, right=True)
    figure.colorbar(image, ax=axis, shrink=0.5, aspect=28, pad=0.05, label="Pearson r")
    undefined = int(np.isnan(grid).sum())
    headline(
        figure,
        "Which metric alone follows the target?",
        f"Pearson r of a metric with {target} over n = {correlations.n_pairs.max()} pairs; not cross-validated."
        + (
            f" * p < 0.05 when tasks are relabelled, each cell by itself: 1 in 20 is expected. {starred.sum()} of "
            f"{grid.size} cells."
            if starred.any()
            else ""
        )
        + (f" {undefined} undefined (hatched)." if undefined else ""),
    )
    return figure
