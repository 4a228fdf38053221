"""Figures: one module a figure, each a pure function of tables, and one way to write them.

    from mergecast import plots
    from mergecast.plots import pairs
    plots.save(pairs.draw(merges), "pairs.svg", "pairs.pdf")

`pairs`, `predicted`, `folds`, `coefficients`, `correlations` and `training` are modules with one public `draw`.
The functions here, beside `save`, read the tables; the page uses them too.
"""

from ._style import save
from ._tables import (
    best_by_mean_r,
    by_category,
    mean_coefficients,
    pair_values,
    pooled,
    require,
    tasks_by_merit,
    unique,
)

__all__ = [
    "best_by_mean_r",
    "by_category",
    "mean_coefficients",
    "pair_values",
    "pooled",
    "require",
    "save",
    "tasks_by_merit",
    "unique",
]
