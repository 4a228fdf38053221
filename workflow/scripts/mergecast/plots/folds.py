"""How good the forecast is, fold by fold, beside what it has to beat."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ._style import BLUE, FAINT, INK, QUIET, VERMILION, headline, number, panels, styled
from ._tables import require, unique

SPLITS = {"loto": "leave-one-task-out", "l2to": "leave-two-tasks-out", "disjoint": "disjoint-halves"}


@styled
def draw(folds: pd.DataFrame) -> Figure:
    """Box plots of the validation Pearson r of every fold with its points, one panel a method, one row a predictor.

    Predictors are blue; baselines, below the line, are vermilion and hatched. A diamond marks the mean, which is
    written at the right with the number of undefined folds, if any. Raises MergecastError on an empty table.
    """
    require(folds, "folds", "method", "predictor", "kind", "held_out_task", "pearson", "split")
    methods, order = (
        unique(folds.method),
        folds.drop_duplicates("predictor").sort_values("kind", ascending=False, kind="stable"),
    )
    names, kinds = list(order.predictor), dict(zip(order.predictor, order.kind, strict=True))
    n_predictors = sum(kind != "baseline" for kind in kinds.values())
    low = min(-0.5, np.nanmin(folds.pearson)) if folds.pearson.notna().any() else -1.0
    figure, axes = panels(len(methods), width=2.15, height=0.22 * len(names) + 0.55, sharex=True, sharey=True)
    for axis, method in zip(axes, methods, strict=True):
        for row, name in enumerate(names):
            mine = folds.loc[(folds.method == method) & (folds.predictor == name), "pearson"]
            _row(axis, row, mine.to_numpy(float), kinds[name] == "baseline")
        axis.axvline(0, color=QUIET, lw=0.6, zorder=1)
        axis.axhline(n_predictors - 0.5, color=QUIET, lw=0.6, ls=":", zorder=1)
        axis.set_title(method)
        axis.set(xlim=(low - 0.08, 1.75), ylim=(len(names) - 0.45, -0.55))
        axis.set_yticks(range(len(names)), names)
        axis.set_xticks([tick for tick in (-1, -0.5, 0, 0.5, 1) if tick >= low - 0.08])
        axis.xaxis.grid(color=FAINT)
        axis.set_axisbelow(True)
        axis.tick_params(axis="y", length=0)
        axis.spines.left.set_visible(False)
        for label, name in zip(axis.get_yticklabels(), names, strict=False):
            label.set_color(VERMILION if kinds[name] == "baseline" else BLUE)
    figure.supxlabel("Pearson r between predicted and measured, within a fold", size=8)
    counts = folds.groupby(["method", "predictor"]).size()
    n = f"{counts.min()}" if counts.min() == counts.max() else f"{counts.min()}–{counts.max()}"
    split = unique(folds.split)[0]
    headline(
        figure,
        "How good is the forecast, beside its baselines?",
        f"A point is one of n = {n} {SPLITS.get(split, split)} folds; box: quartiles; diamond and number: mean. "
        "Blue: predictors. Hatched vermilion: baselines, which a forecast has to beat.",
    )
    return figure


def _row(axis, row, values, baseline):
    colour, fine = VERMILION if baseline else BLUE, values[np.isfinite(values)]
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
                "ec": colour,
                "lw": 0.7,
                "hatch": "/////" if baseline else None,
                "alpha": 0.9,
            },
            medianprops={"color": colour, "lw": 1.3},
            whiskerprops={"color": colour, "lw": 0.7},
            capprops={"lw": 0},
            manage_ticks=False,
        )
        jitter = 0.18 * np.sin(2.4 * np.arange(len(fine)))  # fixed, so that files do not change
        axis.scatter(fine, row + jitter, s=5, c=colour, alpha=0.85, lw=0, zorder=3)
        axis.scatter([fine.mean()], [row], marker="D", s=13, c="white", ec=INK, lw=0.8, zorder=4)
    text = number(fine.mean() if len(fine) else np.nan)
    text += f" ({undefined} undef.)" if undefined and len(fine) else ""
    axis.text(1.1, row, text if len(fine) else f"undefined ({undefined})", va="center", size=6.3, color=INK)
