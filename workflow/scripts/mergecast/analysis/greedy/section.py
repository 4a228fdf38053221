"""Which metrics greedy selection keeps, and how far they go."""

from ...charts import number
from .._section import Section, Table
from .figure import draw


def section(setting) -> Section:
    """A heatmap per direction, and the scores of what was kept."""
    greedy, kept = setting.tables["greedy"], setting.tables["greedy_metrics"]
    return Section(words(greedy, kept), [draw(setting)], [listed(greedy)])


def words(greedy, kept) -> list[str]:
    """Mean r and size of what each direction keeps, and the metric kept most."""
    sentences = []
    for direction, mine in greedy.groupby("direction", sort=False):
        most = kept[kept.direction == direction].groupby("metric", sort=False).frequency.mean()
        sentences.append(
            f"{direction.capitalize()} selection keeps {number(mine.mean_n_metrics.mean(), 1)} metrics on average and reaches "
            f"a mean r of {number(mine.mean_r.mean())}; it keeps {most.idxmax()} most often ({100 * most.max():.0f}% of folds)."
        )
    return sentences


def listed(greedy) -> Table:
    head = [("direction", False), ("method", False), ("mean r", True), ("Q²", True), ("MAE", True),
            ("metrics kept", True), ("undefined folds", True)]  # fmt: skip
    lines = [
        ("", [row.direction, row.method, f"{number(row.mean_r)} ± {number(row.sd_r)}", number(row.q2), number(row.mae, 3),
              number(row.mean_n_metrics, 1), f"{int(row.n_undefined)} of {int(row.n_folds)}"])
        for row in greedy.itertuples()
    ]  # fmt: skip
    return Table(head, lines, "How well the metrics that were kept forecast the task held out.")
