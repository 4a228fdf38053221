"""Which metrics greedy selection keeps: forward, one added at a time; reverse, one dropped at a time."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ._grid import label_metrics
from ._heat import heat
from ._style import SEQUENTIAL, headline, number, styled
from ._tables import by_category, require, unique

TITLES = {"forward": "Forward", "reverse": "Reverse"}


@styled
def draw(greedy_metrics: pd.DataFrame, greedy: pd.DataFrame, categories: dict[str, str]) -> Figure:
    """Heatmap metric × method of the percentage of folds that keep a metric, one panel a direction.

    Below each method, the mean r of what was selected. Raises MergecastError on an empty table.
    """
    require(greedy_metrics, "greedy_metrics", "direction", "method", "metric", "frequency")
    require(greedy, "greedy", "direction", "method", "mean_r", "mean_n_metrics", "n_folds")
    metrics, methods = by_category(categories, greedy_metrics.metric), unique(greedy_metrics.method)
    directions = unique(greedy_metrics.direction)
    width = 2.7 + len(directions) * (0.3 * len(methods) + 0.5)
    figure = Figure(figsize=(max(width, 4.8), 0.18 * len(metrics) + 1.8), layout="constrained")
    axes = figure.subplots(1, len(directions), squeeze=False)[0]
    for place, (axis, direction) in enumerate(zip(axes, directions, strict=True)):
        mine = greedy_metrics[greedy_metrics.direction == direction]
        grid = mine.pivot(index="metric", columns="method", values="frequency").reindex(index=metrics, columns=methods)
        text = lambda share: f"{100 * share:.0f}" if share else ""  # noqa: E731  an empty cell reads as never
        image = heat(axis, grid.to_numpy(float), colours=SEQUENTIAL, low=0, high=1, text=text)
        score = greedy[greedy.direction == direction].set_index("method").reindex(methods)
        axis.set_xlim(-0.5, len(methods) - 0.5)
        labels = [f"{m}  r {number(r)}" for m, r in zip(methods, score.mean_r, strict=True)]
        axis.set_xticks(range(len(methods)), labels, rotation=90)
        kept = np.nanmean(score.mean_n_metrics) if score.mean_n_metrics.notna().any() else np.nan
        axis.set_title(TITLES.get(direction, direction))
        axis.set_xlabel(f"mean r {number(score.mean_r.mean())},\n{number(kept, 1)} metrics")
        label_metrics(axis, metrics, categories, names=place == 0, right=place == len(directions) - 1)
    figure.colorbar(image, ax=list(axes), shrink=0.5, aspect=28, pad=0.04, label="share of folds that keep it")
    headline(
        figure,
        "Which metrics does greedy selection keep?",
        f"Percentage of n = {int(greedy.n_folds.max())} leave-one-task-out folds in which a metric is selected, on the "
        "training pairs of the fold alone; r: mean Pearson within a fold, on the task held out.",
    )
    return figure
