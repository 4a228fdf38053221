"""How closely each metric alone follows the target, metric × method."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ._grid import label_methods, label_metrics
from ._style import DIVERGING, MISSING, QUIET, headline, ink_on, number, styled
from ._tables import by_category, require, unique


@styled
def draw(correlations: pd.DataFrame, categories: dict[str, str], *, target: str = "normalised accuracy") -> Figure:
    """Heatmap of Pearson's r between a metric and the target over all pairs; undefined cells are hatched.

    `categories` maps every metric to its category and gives the order of rows. Raises MergecastError on an empty table.
    """
    require(correlations, "correlations", "method", "metric", "pearson", "n_pairs")
    metrics, methods = by_category(categories, correlations.metric), unique(correlations.method)
    grid = correlations.pivot(index="metric", columns="method", values="pearson").loc[metrics, methods].to_numpy(float)
    figure = Figure(figsize=(max(2.9 + 0.36 * len(methods), 4.1), 0.19 * len(metrics) + 1.3), layout="constrained")
    axis = figure.subplots()
    image = axis.imshow(np.ma.masked_invalid(grid), cmap=DIVERGING, vmin=-1, vmax=1, aspect="auto")
    for (row, column), r in np.ndenumerate(grid):
        if np.isnan(r):
            axis.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, fc=MISSING, ec=QUIET, hatch="////", lw=0))
        else:
            text = number(r).replace("0.", ".")
            axis.text(column, row, text, ha="center", va="center", size=6, color=ink_on(image.cmap(image.norm(r))))
    label_methods(axis, methods)
    label_metrics(axis, metrics, categories, right=True)
    figure.colorbar(image, ax=axis, shrink=0.5, aspect=28, pad=0.05, label="Pearson r")
    undefined = int(np.isnan(grid).sum())
    headline(
        figure,
        "Which metric alone follows the target?",
        f"Pearson r of a metric with {target} over n = {correlations.n_pairs.max()} pairs; not cross-validated."
        + (f" {undefined} undefined (hatched)." if undefined else ""),
    )
    return figure
