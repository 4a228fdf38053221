"""Forecast against measurement: one panel a merge method."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ._style import BLUE, FAINT, GREEN, PURPLE, QUIET, VERMILION, headline, number, panels, styled, words
from ._tables import best_by_mean_r, pooled, require, unique
from ._tables import headline as of_headline

LOOKS = ((BLUE, "o"), (GREEN, "^"), (PURPLE, "D"))
BASELINE_LOOKS = ((VERMILION, "x"), (QUIET, "+"))


@styled
def draw(
    predictions: pd.DataFrame, scores: pd.DataFrame, *, predictors: Sequence[str] | None = None, column: str | None = None
) -> Figure:
    """Scatter of predicted against measured, each pair once (the mean of its out-of-fold predictions), per method.

    `predictors` defaults to the best predictor and the best baseline by fold r averaged over methods, so that a
    forecast is never seen without what it has to beat. r is Pearson's over the drawn pairs. `column` is the
    target, the first of the scores unless given. Raises MergecastError on an empty table.
    """
    scores = of_headline(require(scores, "scores", "target"), "scores", column)
    target = unique(scores.target)[0]
    points = pooled(of_headline(require(predictions, "predictions", "target"), "predictions", target))
    kinds = dict(zip(scores.predictor, scores.kind, strict=True))
    if predictors is None:
        predictors = [name for kind in ("predictor", "baseline") if (name := best_by_mean_r(scores, kind))]
    points, methods = points[points.predictor.isin(list(predictors))], unique(points.method)
    looks = _looks(predictors, kinds)
    limits = _limits(points)
    figure, axes = panels(len(methods), width=2.05, height=2.1, sharex=True, sharey=True)
    for axis, method in zip(axes, methods, strict=True):
        axis.plot(limits, limits, color=QUIET, lw=0.8, ls=(0, (4, 3)), zorder=1)
        mine = points[points.method == method]
        for row, name in enumerate(predictors):
            each = mine[mine.predictor == name]
            colour, marker = looks[name]
            stroke = {"lw": 0.9, "zorder": 2} if marker in "x+" else {"ec": "white", "lw": 0.3, "zorder": 3}
            size = 15 if len(each) < 80 else 7
            axis.scatter(each.measured, each.predicted, c=colour, marker=marker, s=size, alpha=0.8, **stroke)
            text = f"{name}: r = {number(pearson(each.measured, each.predicted))}"
            axis.text(0.03, 0.985 - 0.085 * row, text, transform=axis.transAxes, va="top", color=colour, size=6.8, zorder=4)
        axis.set_title(f"{method}  (n = {len(mine[PAIR_KEY].drop_duplicates())})")
        axis.set(xlim=limits, ylim=limits, aspect="equal")
        axis.grid(color=FAINT, zorder=0)
        axis.set_axisbelow(True)
    figure.supxlabel(f"measured {words(target)}", size=8)
    figure.supylabel(f"predicted {words(target)}", size=8)
    drawn = ", ".join(f"{name} ({kinds.get(name, 'predictor')})" for name in predictors)
    headline(
        figure,
        "Forecast against measurement",
        f"{drawn}. A point is a pair, predicted without seeing one of its tasks (mean of its folds); "
        "dashed: a perfect forecast; n: pairs.",
    )
    return figure


PAIR_KEY = ["task_a", "task_b"]


def pearson(x, y) -> float:
    """Pearson's r, or NaN where it is undefined: under two finite points, or one side constant."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    fine = np.isfinite(x) & np.isfinite(y)
    x, y = x[fine], y[fine]
    return float(np.corrcoef(x, y)[0, 1]) if len(x) > 1 and np.ptp(x) > 0 and np.ptp(y) > 0 else float("nan")


def _looks(predictors, kinds):
    """Filled markers for predictors, crosses for baselines."""
    plain = [name for name in predictors if kinds.get(name) != "baseline"]
    base = [name for name in predictors if kinds.get(name) == "baseline"]
    found = {name: LOOKS[i % len(LOOKS)] for i, name in enumerate(plain)}
    return found | {name: BASELINE_LOOKS[i % len(BASELINE_LOOKS)] for i, name in enumerate(base)}


def _limits(points):
    low = np.nanmin(points[["measured", "predicted"]].to_numpy())
    high = np.nanmax(points[["measured", "predicted"]].to_numpy())
    low, span = float(low), float(high - low) or 0.1
    return low - 0.06 * span, low + 1.22 * span  # room above for the words
