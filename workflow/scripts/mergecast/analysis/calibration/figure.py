"""One small chart per metric, over the number of images: Spearman with itself at the most images, and with the target."""

import altair as alt
import pandas as pd

from ...charts import Figure, Panel, rows, spec, words
from ...tables.reading import by_category, require

LABELS = {"spearman_with_largest": "with the most images", "spearman_with_target": "with the target"}


def draw(setting) -> Figure:
    """Means over methods, and a faint line per method for the target. Raises MergecastError on an empty table."""
    table = require(setting.tables["calibration"], "calibration", "n_images", "metric", "method", *LABELS)
    metrics, sizes, panels = by_category(setting.categories, table.metric), sorted(table.n_images.unique()), []
    for metric in metrics:
        mine = table[table.metric == metric]
        described = f"Spearman of {metric} with itself at the most images, and with the target, over the number of images."
        panels.append(Panel(words(metric), spec(_chart(mine, [int(size) for size in sizes]), described)))
    return Figure(
        "calibration",
        "Spearman over the number of images",
        f"{len(metrics)} metrics that look at images, computed again from n = {', '.join(f'{n:g}' for n in sizes)} images a "
        f"task. Blue circles: the order of pairs against that from {max(sizes):g} images; near 1, the pairs stand in the same "
        "order. Orange diamonds: against the target. Means over methods; faint: one method.",
        f"{len(panels)} line charts, one per metric.",
        panels,
        least=210,
        width=150,
        columns=4,
    )


def _chart(mine: pd.DataFrame, sizes: list[int]):
    mean = mine.groupby("n_images")[list(LABELS)].mean().reset_index().rename(columns=LABELS)
    mean = mean.melt("n_images", list(LABELS.values()), "what", "rho")
    scale = alt.Scale(domain=list(LABELS.values()), range="category")
    shape = alt.Shape("what:N", scale=alt.Scale(domain=list(LABELS.values()), range=["circle", "diamond"]), legend=None)
    tips = [alt.Tooltip("what:N", title="Spearman"), alt.Tooltip("rho:Q", title="ρ", format=".3f"),
            alt.Tooltip("n_images:Q", title="images")]  # fmt: skip
    images = alt.Scale(type="log", domain=[0.8 * sizes[0], 1.25 * sizes[-1]], nice=False)
    x = alt.X("n_images:Q", scale=images, title="images per task", axis=alt.Axis(values=sizes, grid=False))
    y = alt.Y("rho:Q", scale=alt.Scale(domain=[-1, 1]), title=None, axis=alt.Axis(values=[-1, 0, 1]))
    base = alt.Chart(rows(mean[mean.rho.notna()])).encode(x=x, y=y, color=alt.Color("what:N", scale=scale, legend=None))
    each = mine[["n_images", "method", "spearman_with_target"]].rename(columns={"spearman_with_target": "rho"})
    faint = alt.Chart(rows(each[each.rho.notna()])).mark_line(style="baseline", opacity=0.35, strokeWidth=0.8)
    return alt.layer(
        faint.encode(x=x, y=y, detail="method:N"),
        base.mark_line(),
        base.mark_point(filled=True, size=35, opacity=1).encode(tooltip=tips, shape=shape),
    ).properties(height=110)
