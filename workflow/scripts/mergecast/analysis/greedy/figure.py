"""Heatmap metric × method of the share of folds that keep a metric, one panel per direction."""

from ...charts import Cells, Figure, Panel, heatmap, number, spec
from ...tables.reading import by_category, require, unique


def draw(setting) -> Figure:
    """Forward and reverse. Raises MergecastError on an empty table."""
    kept = require(setting.tables["greedy_metrics"], "greedy_metrics", "direction", "method", "metric", "frequency")
    scores = require(setting.tables["greedy"], "greedy", "direction", "method", "mean_r", "mean_n_metrics", "n_folds")
    order, methods, panels = by_category(setting.categories, kept.metric), unique(kept.method), []
    for direction, mine in kept.groupby("direction", sort=False):
        chart = heatmap(
            mine[["metric", "method", "frequency", "mean_rank"]],
            Cells(
                "method",
                "metric",
                "frequency",
                xs=methods,
                ys=order,
                domain=(0, 1),
                title="kept in folds",
                form=".0%",
                tips=[("mean_rank", "mean rank", ".1f")],
                row=19,
            ),
        )
        reached = scores[scores.direction == direction]
        note = f"mean r {number(reached.mean_r.mean())}, {number(reached.mean_n_metrics.mean(), 1)} metrics"
        described = f"Share of folds that keep each metric, {direction} selection."
        panels.append(Panel(direction.capitalize(), spec(chart, described), note))
    return Figure(
        "greedy",
        "How often each metric is kept",
        f"Share of n = {int(scores.n_folds.max())} leave-one-task-out folds. Forward: metrics are added one at a time while "
        "that helps; reverse: dropped one at a time. Selection sees the training pairs of a fold alone; mean r is on the task "
        "held out.",
        f"{len(panels)} heatmaps, metric by method.",
        panels,
        least=max(280 + 40 * len(methods), 380),
        need=280 + 40 * len(methods),
        width=38 * len(methods),
        columns=2,
    )
