"""Which metrics greedy selection keeps, and how far they go."""

from ...plots import by_category
from ..charts._heat import heatmap
from ..charts._panel import Figure, Panel, spec
from ._section import Section, Table, told

NAME, TITLE = "greedy", "Greedy selection of metrics"
NEEDS = ("greedy", "greedy_metrics")


def section(setting, facts) -> Section:
    """A heatmap a direction, and the scores of what was kept."""
    greedy, kept = (setting.tables[name] for name in NEEDS)
    methods = [m.name for m in facts.methods]
    return Section(NAME, TITLE, words(greedy, kept), [_figure(kept, setting.categories, methods)], [_table(greedy)])


def words(greedy, kept) -> list[str]:
    """Mean r and size of what each direction keeps, and the metric kept most."""
    found = []
    for direction, mine in greedy.groupby("direction", sort=False):
        most = kept[kept.direction == direction].groupby("metric", sort=False).frequency.mean()
        found.append(
            f"{direction.capitalize()} selection keeps {told(mine.mean_n_metrics.mean(), 1)} metrics on average and reaches a "
            f"mean r of {told(mine.mean_r.mean())}; it keeps {most.idxmax()} most often ({100 * most.max():.0f}% of folds)."
        )
    return found


def _figure(kept, categories, methods) -> Figure:
    order, panels = by_category(categories, kept.metric), []
    for direction, mine in kept.groupby("direction", sort=False):
        chart = heatmap(mine[["metric", "method", "frequency", "mean_rank"]], "method", "metric", "frequency", xs=methods,
                        ys=order, domain=(0, 1), title="kept in folds", form=".0%", tips=[("mean_rank", "mean rank", ".1f")],
                        row=19)  # fmt: skip
        panels.append(
            Panel(direction.capitalize(), spec(chart, f"Share of folds that keep each metric, {direction} selection."))
        )
    return Figure(
        "greedy",
        "How often each metric is kept",
        "Share of leave-one-task-out folds. Forward: metrics are added one at a time while that helps; reverse: dropped one at "
        "a time. Selection sees the training pairs of a fold alone.",
        f"{len(panels)} heatmaps, metric by method.",
        panels,
        least=max(280 + 40 * len(methods), 380),
        need=280 + 40 * len(methods),
    )


def _table(greedy) -> Table:
    head = [("direction", False), ("method", False), ("mean r", True), ("pooled r", True), ("MAE", True),
            ("metrics kept", True), ("undefined folds", True)]  # fmt: skip
    lines = [
        ("", [row.direction, row.method, f"{told(row.mean_r)} ± {told(row.sd_r)}", told(row.pooled_r), told(row.mae, 3),
              told(row.mean_n_metrics, 1), f"{int(row.n_undefined)} of {int(row.n_folds)}"])
        for row in greedy.itertuples()
    ]  # fmt: skip
    return Table(head, lines, "How well the metrics that were kept forecast the task held out.")
