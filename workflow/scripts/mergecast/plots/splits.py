"""The same forecasts under harder splits: one task unseen, two tasks unseen, half of the tasks unseen."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ._rows import SPLIT_LOOKS, SPLITS, colour, dress
from ._style import QUIET, headline, styled
from ._tables import require, rivals, unique

CHANCE = "#c9c9c9"


@styled
def draw(scores: pd.DataFrame, folds: pd.DataFrame, *, column: str | None = None) -> Figure:
    """Three panels, one row a predictor: pooled r of every split; mean fold r; the folds of disjoint halves as boxes.

    The markers are means over methods; grey ticks are the nulls' means of the statistic that the null was drawn for.
    Drawn is target `column`, the first in the table unless given. Raises MergecastError on an empty table.
    """
    require(scores, "scores", "predictor", "kind", "method", "split", "target", "mean_r", "pooled_r", "null_mean")
    column = column or scores.target.iloc[0]
    table, folds = scores[scores.target == column], folds[folds.target == column]
    require(table, f"scores (target {column})")
    kinds, present = rivals(table), [split for split in SPLITS if split in set(table.split)]
    transfer = folds[folds.split == "disjoint"]
    figure = Figure(figsize=(8.6 if len(transfer) else 6.4, 0.24 * len(kinds) + 1.0), layout="constrained")
    axes = figure.subplots(1, 3 if len(transfer) else 2, sharey=True, squeeze=False)[0]
    for axis, (statistic, title, label) in zip(axes, PANELS, strict=False):
        shown = [split for split in present if table.loc[table.split == split, statistic].notna().any()]
        _panel(axis, table, kinds, statistic, shown)
        axis.set_title(title)
        axis.set_xlabel(label)
        dress(axis, kinds)
    handles = [axes[0].scatter([], [], c=SPLIT_LOOKS[s][0], marker=SPLIT_LOOKS[s][1], s=18, label=SPLITS[s]) for s in present]
    null = axes[0].scatter([], [], c=QUIET, marker="|", s=40, label="tasks relabelled (null)")
    if len(transfer):
        _boxes(axes[2], transfer, kinds)
        axes[2].set_title("Transfer between halves")
        axes[2].set_xlabel("r of a fold: half × method")
        dress(axes[2], kinds)
    figure.legend(handles=[*handles, null], loc="outside lower center", ncols=4)
    halves = f" Boxes: {transfer.fold.nunique()} random halves × methods." if len(transfer) else ""
    headline(
        figure,
        "How far does the forecast carry?",
        f"Means over n = {len(unique(table.method))} methods; blue names: predictors; vermilion: baselines. "
        "Leave-two-tasks-out predicts one pair a fold, so it has a pooled r only." + halves,
    )
    return figure


PANELS = (
    ("pooled_r", "All pairs together", "pooled r, each pair once"),
    ("mean_r", "Within a fold", "mean r over folds"),
)


def _panel(axis, table, kinds, statistic, shown):
    step = 0.62 / max(len(shown), 1)
    for row, name in enumerate(kinds):
        for place, split in enumerate(shown):
            mine = table[(table.predictor == name) & (table.split == split)]
            height = row + (place - (len(shown) - 1) / 2) * step
            null = mine.loc[mine.null_statistic == statistic, "null_mean"].mean()
            if np.isfinite(null):
                axis.scatter([null], [height], marker="|", s=26, c=QUIET, lw=1.1, zorder=2)
            value = mine[statistic].mean()
            if np.isfinite(value):
                paint, marker = SPLIT_LOOKS[split]
                axis.scatter([value], [height], marker=marker, s=15, c=paint, ec="white", lw=0.4, zorder=3)
    axis.axvline(0, color=QUIET, lw=0.6, zorder=1)


def _boxes(axis, transfer, kinds):
    for row, name in enumerate(kinds):
        values, paint = transfer.loc[transfer.predictor == name, "pearson"].dropna(), colour(kinds[name])
        if len(values):
            axis.boxplot(
                values,
                positions=[row],
                orientation="horizontal",
                widths=0.6,
                whis=(5, 95),
                showfliers=False,
                patch_artist=True,
                boxprops={"fc": "white", "ec": paint, "lw": 0.7, "hatch": "/////" if kinds[name] == "baseline" else None},
                medianprops={"color": paint, "lw": 1.3},
                whiskerprops={"color": paint, "lw": 0.7},
                capprops={"lw": 0},
                manage_ticks=False,
            )
    axis.axvline(0, color=QUIET, lw=0.6, zorder=1)
