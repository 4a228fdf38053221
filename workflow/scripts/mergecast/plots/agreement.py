"""Do merge methods want the same of a pair?"""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ._grid import label_methods
from ._heat import heat
from ._style import SEQUENTIAL, headline, number, styled
from ._tables import require, unique

PANELS = (("sign_agreement", "Same sign"), ("top5_overlap", "Same top five"))


@styled
def draw(method_agreement: pd.DataFrame) -> Figure:
    """Two method × method heatmaps, lower triangles: share of metrics with the same sign, and of the top five shared.

    Raises MergecastError on an empty table (a single method has none to agree with).
    """
    table = require(method_agreement, "method_agreement", "predictor", "method_a", "method_b", "sign_agreement", "top5_overlap")
    methods = unique(pd.concat([table.method_a, table.method_b]))
    place, n = {name: i for i, name in enumerate(methods)}, len(methods)
    side = max(0.33 * n, 1.2)
    figure = Figure(figsize=(max(2 * side + 2.6, 5.2), 0.85 * side + 1.3), layout="constrained")
    for axis, (column, title) in zip(figure.subplots(1, 2), PANELS, strict=True):
        grid = np.full((n, n), np.nan)
        for a, b, value in table[["method_a", "method_b", column]].itertuples(index=False):
            grid[max(place[a], place[b]), min(place[a], place[b])] = value
        image = heat(axis, grid[1:, :-1], colours=SEQUENTIAL, low=0, high=1, aspect="equal")
        for patch in list(axis.patches):  # above the diagonal there is nothing, rather than something undefined
            if round(patch.get_x() + 0.5) > round(patch.get_y() + 0.5):
                patch.remove()
        label_methods(axis, methods[:-1])
        axis.set_yticks(range(n - 1), methods[1:])
        axis.set_title(title)
    figure.colorbar(image, ax=figure.axes, shrink=0.8, aspect=20, label="share")
    mean = table[[column for column, _ in PANELS]].mean()
    found = (
        f"signs agree on {mean.sign_agreement:.0%} of metrics (half by chance), "
        f"{number(5 * mean.top5_overlap, 1)} of the five largest are shared"
        if table.sign_agreement.notna().any()
        else "no two methods use a common metric (hatched: undefined)"
    )
    headline(
        figure,
        "Do methods want the same of a pair?",
        f"Mean coefficients of {unique(table.predictor)[0]}, n = {len(table)} pairs of methods: {found}.",
    )
    return figure
