"""Do forecasts of pairs rank merges of more than two models?"""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ._rows import colour
from ._style import FAINT, headline, number, panels, styled, words
from ._tables import only_measured, require, unique

MARKS = {"predictor": "o", "baseline": "x", "measured": "+"}


@styled
def draw(subset_scores: pd.DataFrame, subset_ranking: pd.DataFrame) -> Figure:
    """Scatter of a subset's score against its measured merge, one panel a method, for the best predictor and baseline.

    The score is the mean over the subset's pairs; best is the highest Spearman averaged over methods, and where none is
    defined (a single subset) the measured pairs stand alone. Scores are drawn as they are, on their own axis.
    Raises MergecastError on an empty table.
    """
    require(subset_scores, "subset_scores", "predictor", "kind", "method", "score", "measured")
    require(subset_ranking, "subset_ranking", "predictor", "kind", "method", "spearman", "size", "n_subsets", "target")
    chosen = best(subset_ranking) or only_measured(subset_ranking)
    points = require(subset_scores[subset_scores.predictor.isin(list(chosen))], "subset_scores")
    methods, ranking = unique(points.method), subset_ranking.set_index(["method", "predictor"])
    figure, axes = panels(len(methods), width=2.05, height=2.0)
    for axis, method in zip(axes, methods, strict=True):
        mine = points[points.method == method]
        for line, (name, kind) in enumerate(chosen.items()):
            each, paint, mark = mine[mine.predictor == name], colour(kind), MARKS[kind]
            axis.scatter(each.measured, each.score, c=paint, marker=mark, s=13, alpha=0.8, lw=0.8 if mark != "o" else 0)
            text = f"ρ {_told(ranking, method, name)}"
            axis.text(0.03, 0.985 - 0.085 * line, text, transform=axis.transAxes, va="top", color=paint, size=6.5)
        fine = mine.score.dropna() if mine.score.notna().any() else pd.Series([0.0, 1.0])
        low, high = fine.min(), fine.max()
        axis.set_ylim(low - 0.06 * (high - low or 0.1), high + 0.13 * len(chosen) * (high - low or 0.1))
        axis.set_title(method)
        axis.grid(color=FAINT)
        axis.set_axisbelow(True)
    target = words(subset_ranking.target.iloc[0])
    figure.supxlabel(f"measured {target} of the merge, mean over its tasks", size=8)
    figure.supylabel("score: mean over its pairs", size=8)
    size, n = int(subset_ranking["size"].max()), int(subset_ranking.n_subsets.max())
    headline(
        figure,
        "Do pairs tell how larger sets merge?",
        f"A point is one of n = {n} random sets of {size} tasks, merged at once. {_legend(chosen)} ρ: Spearman, with 95 % "
        "bootstrap interval.",
    )
    return figure


def best(ranking: pd.DataFrame) -> dict[str, str]:
    """Of each kind the name with the highest Spearman averaged over methods: `{name: kind}`."""
    found = {}
    for kind in MARKS:
        mean = ranking[ranking.kind == kind].groupby("predictor", sort=False).spearman.mean()
        if mean.notna().any():
            found[mean.idxmax()] = kind
    return found


def _legend(chosen) -> str:
    """Which colour is whom."""
    said = {
        "predictor": "Blue: {}, the best predictor.",
        "baseline": "Vermilion: {}, the best baseline.",
        "measured": "Black: the measured pairs, the best that scores of pairs can do.",
    }
    return " ".join(said[kind].format(name) for name, kind in chosen.items())


def _told(ranking, method, name):
    row = ranking.loc[(method, name)]
    bounds = row.get("spearman_low", np.nan), row.get("spearman_high", np.nan)
    return number(row.spearman) + (f" [{number(bounds[0])}, {number(bounds[1])}]" if np.isfinite(bounds).all() else "")
