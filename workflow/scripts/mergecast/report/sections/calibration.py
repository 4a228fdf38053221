"""How many calibration images the metrics that look at images need."""

import altair as alt

from ...plots import by_category
from ..charts._panel import Figure, Panel, rows, spec
from ._section import Section, told

NAME, TITLE = "calibration", "How many images are enough?"
NEEDS = ("calibration",)
STEADY = 0.95  # Spearman with the largest size from which the order of pairs counts as settled


def section(setting, facts) -> Section:
    """A small chart a metric."""
    table = setting.tables["calibration"]
    return Section(NAME, TITLE, words(table), [_figure(table, setting.categories)])


def words(table) -> list[str]:
    """Agreement with the most images at the fewest, and how many images settle it."""
    mean = table.groupby(["metric", "n_images"], sort=False).spearman_with_largest.mean().unstack()
    sizes = sorted(mean.columns)
    fewest = mean[sizes[0]].dropna()
    found = []
    if len(fewest):
        found.append(
            f"From {sizes[0]:g} images a task, pairs stand in nearly the same order as from {sizes[-1]:g} for "
            f"{int((fewest >= STEADY).sum())} of {len(fewest)} metrics (Spearman {STEADY} or more); the least steady is "
            f"{fewest.idxmin()} ({told(fewest.min())})."
        )
    target = table.assign(size=table.spearman_with_target.abs()).groupby("n_images")["size"].mean()
    found.append(
        f"The mean strength of Spearman with the target is {told(target.iloc[0])} at {sizes[0]:g} images and "
        f"{told(target.iloc[-1])} at {sizes[-1]:g}."
    )
    return found


def _figure(table, categories) -> Figure:
    metrics, panels = by_category(categories, table.metric), []
    mean = table.groupby(["metric", "n_images"], sort=False)[["spearman_with_largest", "spearman_with_target"]].mean()
    mean = mean.reset_index().rename(
        columns={"spearman_with_largest": "with the most images", "spearman_with_target": "with the target"}
    )
    for metric in metrics:
        mine = mean[mean.metric == metric].melt("n_images", ["with the most images", "with the target"], "what", "rho")
        alternative = f"Spearman of {metric} with itself at the most images, and with the target, over the number of images."
        panels.append(Panel(metric.replace("_", " "), spec(_chart(mine), alternative)))
    return Figure(
        "calibration",
        "Spearman over the number of images",
        "Blue: the order of pairs against that from the most images. Orange: against the target; both means over methods.",
        f"{len(panels)} line charts, one a metric.",
        panels,
        least=210,
    )


def _chart(mine):
    labels = ["with the most images", "with the target"]
    colour = alt.Color("what:N", scale=alt.Scale(domain=labels, range="category"), legend=None)
    sizes = sorted(mine.n_images.unique().tolist())
    tips = [alt.Tooltip("what:N", title="Spearman"), alt.Tooltip("rho:Q", title="ρ", format=".3f"),
            alt.Tooltip("n_images:Q", title="images")]  # fmt: skip
    x = alt.X("n_images:Q", scale=alt.Scale(type="log"), title="images a task", axis=alt.Axis(values=sizes, grid=False))
    y = alt.Y("rho:Q", scale=alt.Scale(domain=[-1, 1]), title=None, axis=alt.Axis(values=[-1, 0, 1]))
    base = alt.Chart(rows(mine[mine.rho.notna()])).encode(x=x, y=y, color=colour, tooltip=tips)
    return alt.layer(base.mark_line(), base.mark_point(filled=True, size=35, opacity=1)).properties(height=110)
