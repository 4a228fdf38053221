"""How good the forecast is, fold by fold, beside what it has to beat."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ._rows import colour, dress
from ._style import INK, QUIET, headline, number, panels, styled
from ._tables import headline as of_headline
from ._tables import require, rivals, unique


@styled
def draw(folds: pd.DataFrame, *, column: str | None = None) -> Figure:
    """Box plots of the validation Pearson r of every fold with its points, one panel a method, one row a predictor.

    Predictors are blue; baselines, below the line, are vermilion and hatched. A diamond marks the mean, which is
    written at the right with the number of undefined folds, if any. Drawn are the leave-one-task-out folds of target
    `column`, the first in the table unless given. Raises MergecastError on an empty table.
    """
    require(folds, "folds", "method", "predictor", "kind", "fold", "pearson", "split")
    folds = of_headline(folds, "folds", column)
    methods, kinds = unique(folds.method), rivals(folds)
    low = min(-0.5, np.nanmin(folds.pearson)) if folds.pearson.notna().any() else -1.0
    figure, axes = panels(len(methods), width=2.15, height=0.22 * len(kinds) + 0.55, sharex=True, sharey=True)
    for axis, method in zip(axes, methods, strict=True):
        for row, (name, kind) in enumerate(kinds.items()):
            mine = folds.loc[(folds.method == method) & (folds.predictor == name), "pearson"]
            _row(axis, row, mine.to_numpy(float), kind)
        axis.axvline(0, color=QUIET, lw=0.6, zorder=1)
        axis.set_title(method)
        axis.set(xlim=(low - 0.08, 1.75))
        axis.set_xticks([tick for tick in (-1, -0.5, 0, 0.5, 1) if tick >= low - 0.08])
        dress(axis, kinds)
    figure.supxlabel("Pearson r between predicted and measured, within a fold", size=8)
    counts = folds.groupby(["method", "predictor"]).size()
    n = f"{counts.min()}" if counts.min() == counts.max() else f"{counts.min()}–{counts.max()}"
    headline(
        figure,
        "How good is the forecast, beside its baselines?",
        f"A point is one of n = {n} leave-one-task-out folds; box: quartiles; diamond and number: mean. "
        "Blue: predictors. Hatched vermilion: baselines, which a forecast has to beat.",
    )
    return figure


def _row(axis, row, values, kind):
    paint, baseline, fine = colour(kind), kind == "baseline", values[np.isfinite(values)]
    undefined = len(values) - len(fine)
    if len(fine):
        axis.boxplot(
            fine,
            positions=[row],
            orientation="horizontal",
            widths=0.6,
            showfliers=False,
            patch_artist=True,
            whis=(0, 100),
            boxprops={
                "fc": "white" if baseline else "#cfe4f2",
                "ec": paint,
                "lw": 0.7,
                "hatch": "/////" if baseline else None,
                "alpha": 0.9,
            },
            medianprops={"color": paint, "lw": 1.3},
            whiskerprops={"color": paint, "lw": 0.7},
            capprops={"lw": 0},
            manage_ticks=False,
        )
        jitter = 0.18 * np.sin(2.4 * np.arange(len(fine)))  # fixed, so that files do not change
        axis.scatter(fine, row + jitter, s=5, c=paint, alpha=0.85, lw=0, zorder=3)
        axis.scatter([fine.mean()], [row], marker="D", s=13, c="white", ec=INK, lw=0.8, zorder=4)
    text = number(fine.mean() if len(fine) else np.nan)
    text += f" ({undefined} undef.)" if undefined and len(fine) else ""
    axis.text(1.1, row, text if len(fine) else f"undefined ({undefined})", va="center", size=6.3, color=INK)
