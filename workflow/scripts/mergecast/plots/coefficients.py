"""What each predictor leans on: mean coefficient and selection frequency, metric × method."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.collections import PatchCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ._grid import label_methods, label_metrics
from ._style import DIVERGING, FAINT, QUIET, headline, styled
from ._tables import by_category, mean_coefficients, unique


@styled
def draw(coefficients: pd.DataFrame, categories: dict[str, str], *, predictors: Sequence[str] | None = None) -> Figure:
    """A square a metric × method: colour is the mean coefficient over folds, area the share of folds that use it.

    `categories` maps every metric to its category and gives the order of rows; features outside it (task indicators
    of a baseline) are left out. One panel a predictor, each with its own colour scale, since predictors scale their
    features differently. `predictors` defaults to all that have coefficients. Raises MergecastError when none has.
    """
    table = mean_coefficients(coefficients, categories)
    predictors = list(predictors) if predictors is not None else unique(table.predictor)
    metrics, methods = by_category(categories, table.feature), unique(table.method)
    width, height = 2.6 + len(predictors) * max(0.21 * len(methods) + 0.35, 1.2), 0.17 * len(metrics) + 1.9
    figure = Figure(figsize=(max(width, 4.6), height), layout="constrained")
    axes = figure.subplots(1, len(predictors), squeeze=False)[0]
    for i, (axis, name) in enumerate(zip(axes, predictors, strict=True)):
        mine = table[table.predictor == name]
        reach = mine["mean"].abs().max() or 1.0
        squares = [
            _square(metrics.index(f), methods.index(m), share)
            for f, m, share in zip(mine.feature, mine.method, mine.share, strict=True)
        ]
        drawn = PatchCollection(squares, cmap=DIVERGING, norm=Normalize(-reach, reach), ec=QUIET, lw=0.25)
        drawn.set_array(mine["mean"].to_numpy())
        axis.add_collection(drawn)
        axis.set_title(name, loc="center")
        axis.set_aspect("equal")
        label_methods(axis, methods)
        label_metrics(axis, metrics, categories, names=i == 0, right=i == len(predictors) - 1)
        for edge in range(1, len(methods)):
            axis.axvline(edge - 0.5, color=FAINT, lw=0.4, zorder=0)
        bar = figure.colorbar(drawn, ax=axis, location="bottom", shrink=0.7, aspect=14, pad=0.01)
        bar.set_label("mean coefficient")
        bar.set_ticks([-reach, 0, reach], labels=[f"−{reach:.2g}", "0", f"{reach:.2g}"])
    n = coefficients.groupby(["method", "predictor"]).fold.nunique()
    headline(
        figure,
        "What the forecast leans on",
        f"Colour: mean coefficient over n = {n.max()} folds, on the predictor's scaled features. Area of a square: "
        "share of folds in which the metric is used; a full cell is always, a dot never.",
    )
    return figure


def _square(row, column, share):
    side = max(np.sqrt(share) * 0.92, 0.08)
    return Rectangle((column - side / 2, row - side / 2), side, side)
