"""The score table as a picture: every predictor and baseline, its interval, and what chance alone reaches."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ._rows import colour, dress
from ._style import INK, QUIET, headline, number, panels, styled
from ._tables import headline as of_headline
from ._tables import require, rivals, unique

COLUMNS = ("method", "predictor", "kind", "mean_r", "mean_r_low", "mean_r_high", "null_mean", "null_sd", "p", "n_undefined")
CHANCE = "#c9c9c9"


@styled
def draw(scores: pd.DataFrame, *, column: str | None = None) -> Figure:
    """One panel a method, one row a predictor: mean fold r with its bootstrap interval, over the band of its null.

    The band is the mean ± s.d. of the same predictor refitted after tasks were relabelled. At the right: mean r, p.
    Drawn is leave-one-task-out for target `column`, the first in the table unless given. Raises MergecastError on an
    empty table.
    """
    table = of_headline(require(scores, "scores", *COLUMNS), "scores", column)
    methods, kinds = unique(table.method), rivals(table)
    seen = table[["mean_r_low", "mean_r", "null_mean"]].to_numpy(float)
    low = min(-0.25, np.nanmin(seen)) if np.isfinite(seen).any() else -1.0
    figure, axes = panels(len(methods), width=2.35, height=0.17 * len(kinds) + 0.6, sharex=True, sharey=True)
    for axis, method in zip(axes, methods, strict=True):
        mine = table[table.method == method].set_index("predictor")
        for row, name in enumerate(kinds):
            if name in mine.index:
                _row(axis, row, mine.loc[name], colour(kinds[name]))
        axis.axvline(0, color=QUIET, lw=0.6, zorder=1)
        axis.set_title(method)
        axis.set_title("r      p", loc="right", size=6.3, weight="normal", color=QUIET)
        axis.set(xlim=(low - 0.05, 1.78))
        axis.set_xticks([tick for tick in (-1, -0.5, 0, 0.5, 1) if tick >= low - 0.05])
        dress(axis, kinds)
    figure.supxlabel("mean Pearson r within a fold", size=8)
    n, undefined = int(table.n_folds.max()), int(table.n_undefined.sum())
    counts = table.n_permutations.dropna()
    drawn = "none" if counts.empty else f"{counts.min():.0f}" + (f"–{counts.max():.0f}" if counts.min() < counts.max() else "")
    headline(
        figure,
        "Does the forecast beat its baselines, and chance?",
        f"Dot: mean r over n = {n} leave-one-task-out folds; line: 95 % interval, bootstrap over tasks. Grey: mean ± s.d. of "
        f"the same predictor refitted to relabelled tasks ({drawn} times), and p. Blue: predictors; vermilion: baselines."
        + (f" {undefined} of {int(table.n_folds.sum())} folds undefined." if undefined else ""),
    )
    return figure


def _row(axis, row, score, paint):
    if np.isfinite(score.null_mean):
        reach = score.null_sd if np.isfinite(score.null_sd) else 0.0
        axis.barh(row, 2 * reach, left=score.null_mean - reach, height=0.72, color=CHANCE, zorder=1.5)
        axis.vlines(score.null_mean, row - 0.36, row + 0.36, color=QUIET, lw=0.9, zorder=1.6)
    if np.isfinite(score.mean_r):
        axis.hlines(row, score.mean_r_low, score.mean_r_high, color=paint, lw=1.3, zorder=3)
        axis.scatter([score.mean_r], [row], s=15, c=paint, ec="white", lw=0.5, zorder=4)
        axis.text(1.38, row, number(score.mean_r), va="center", ha="right", size=6.3, color=INK)
        p = "–" if np.isnan(score.p) else number(score.p, 3).replace("0.", ".", 1)
        axis.text(1.74, row, p, va="center", ha="right", size=6.3, color=INK)
    else:
        axis.text(1.74, row, "undefined", va="center", ha="right", size=6.3, color=QUIET)
