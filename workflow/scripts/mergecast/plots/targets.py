"""The same forecasts of different targets: what raw accuracy hides."""

import pandas as pd
from matplotlib.figure import Figure

from ._rows import colour, dress, spread
from ._style import QUIET, headline, number, styled, words
from ._tables import require, rivals, unique

NAMES = {"retained_a": "kept by the first task", "retained_b": "kept by the second task"}


@styled
def draw(scores: pd.DataFrame) -> Figure:
    """One panel a target, one row a predictor: mean fold r under leave-one-task-out, faint dots a method, marker the mean.

    The first target of the table is the headline. Raises MergecastError on an empty table.
    """
    require(scores, "scores", "predictor", "kind", "method", "split", "target", "mean_r", "n_folds")
    table = scores[scores.split == "loto"]
    require(table, "scores (split loto)")
    kinds, targets = rivals(table), unique(table.target)
    width = max(1.3 + 1.75 * len(targets), 4.8)
    figure = Figure(figsize=(width, 0.19 * len(kinds) + 0.9), layout="constrained")
    axes = figure.subplots(1, len(targets), squeeze=False, sharey=True, sharex=True)[0]
    for axis, target in zip(axes, targets, strict=True):
        for row, name in enumerate(kinds):
            mine = table[(table.target == target) & (table.predictor == name)]
            spread(axis, row, mine.mean_r, colour(kinds[name]), "D" if kinds[name] == "baseline" else "o")
            axis.text(1.12, row, number(mine.mean_r.mean()) if mine.mean_r.notna().any() else "undef.", va="center", size=6.3)
        axis.axvline(0, color=QUIET, lw=0.6, zorder=1)
        axis.set_title(NAMES.get(target, words(target)))
        axis.set_xlim(min(-0.3, table.mean_r.min() - 0.05), 1.55)
        axis.set_xticks([-0.5, 0, 0.5, 1] if table.mean_r.min() < -0.4 else [0, 0.5, 1])
        dress(axis, kinds)
    figure.supxlabel("mean Pearson r within a fold", size=8)
    headline(
        figure,
        "What is being forecast matters",
        f"Leave-one-task-out, n = {int(table.n_folds.max())} folds. Faint: one of {len(unique(table.method))} methods; marker "
        "and number: their mean. Vermilion diamonds: baselines. Where single_task is high, the target mostly says how hard the "
        "tasks are, not how the models combine.",
    )
    return figure
