"""Figures: one module a figure, each a pure function of tables, and one way to write them.

    from mergecast import plots
    from mergecast.plots import pairs
    plots.save(pairs.draw(merges), "pairs.svg", "pairs.pdf")

Every module without a leading underscore is a figure and has one public `draw`, whose parameters name its tables.
The functions here, beside `save`, read the tables; the page uses them too.
"""

from ._style import save, target_name
from ._tables import (
    KEPT,
    best_by_mean_r,
    by_category,
    headline,
    mean_coefficients,
    of_analyst,
    only_measured,
    pair_values,
    pooled,
    require,
    rivals,
    tasks_by_merit,
    unique,
)

__all__ = [
    "KEPT",
    "best_by_mean_r",
    "by_category",
    "headline",
    "mean_coefficients",
    "of_analyst",
    "only_measured",
    "pair_values",
    "pooled",
    "require",
    "rivals",
    "save",
    "target_name",
    "tasks_by_merit",
    "unique",
]
