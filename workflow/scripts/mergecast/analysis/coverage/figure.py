"""Measured coverage of intervals against what they promise, and how wide they are, one panel per split."""

import altair as alt

from ...charts import SPLIT_NAMES, Figure, Panel, rows, share, spec, target_name
from ...tables.reading import require, rivals

SHAPES = ("circle", "square", "diamond", "triangle-up", "cross")


def draw(setting) -> Figure:
    """Means over methods, for the headline target. Raises MergecastError on an empty table."""
    table = setting.tables["coverage"]
    table = require(table[table.target == setting.target], "coverage", "predictor", "kind", "split", "level", "coverage", "n")
    names, there = list(rivals(table)), [split for split in SPLIT_NAMES if split in set(table.split)]
    bounded = set(table[table.coverage.notna()].split)  # the sentences say where there are too few tasks for any interval
    shown = [split for split in there if split in bounded] or there[:1]
    labels = [share(level) for level in sorted(table.level.unique())]
    low = float(min(table.coverage.min() if table.coverage.notna().any() else 1, table.level.min() - 0.1)) - 0.02
    covered, wide = [], []
    for split in shown:
        mine = table[table.split == split].groupby(["predictor", "level"], sort=False)[["coverage", "mean_width"]].mean()
        mine = mine.reset_index()
        mine["promised"] = mine.level.map(share)
        alternative = f"by predictor, {SPLIT_NAMES[split]}."
        covered.append(Panel(SPLIT_NAMES[split], spec(_covered(mine, names, labels, low), f"Measured coverage {alternative}")))
        if mine.mean_width.notna().any():
            chart = _wide(mine, names, labels, target_name(setting.target))
            wide.append(Panel(f"Width, {SPLIT_NAMES[split]}", spec(chart, f"Mean width of intervals {alternative}")))
    unbounded = int(table.n_unbounded.sum()) if "n_unbounded" in table else 0
    return Figure(
        "coverage",
        "Measured coverage against what is promised",
        f"Intervals of up to n = {int(table.n.max())} predicted pairs per method; a mark is the share of pairs "
        "inside their interval, or the mean width, mean over methods. Dashed: what is promised. Left of its line an interval "
        "promises too much; a narrow one that reaches the line is best."
        + (f" {unbounded} intervals are refused: too few tasks for their level." if unbounded else ""),
        f"{len(shown)} dot plots of coverage by predictor, one per split, and as many of widths.",
        [*covered, *wide],
        least=290,
        width=190,
        columns=len(shown),
    )


def _marks(mine, names, labels, x, **legend):
    """One mark per predictor and level, and the colour of levels."""
    y = alt.Y("predictor:N", sort=names, scale=alt.Scale(domain=names), title=None, axis=alt.Axis(labelLimit=150, grid=True))
    colour = alt.Color("promised:N", scale=alt.Scale(domain=labels, range="category"), **legend)
    tips = [alt.Tooltip("predictor:N"), alt.Tooltip("promised:N"), alt.Tooltip("coverage:Q", format=".1%"),
            alt.Tooltip("mean_width:Q", title="mean width", format=".3f")]  # fmt: skip
    shapes = [SHAPES[i % len(SHAPES)] for i in range(len(labels))]
    shape = alt.Shape("promised:N", scale=alt.Scale(domain=labels, range=shapes), **legend)
    marks = alt.Chart(rows(mine)).mark_point(filled=True, size=50, opacity=1)
    return marks.encode(x=x, y=y, color=colour, tooltip=tips, shape=shape), colour


def _covered(mine, names, labels, low):
    x = alt.X("coverage:Q", scale=alt.Scale(domain=[low, 1], nice=False), title="share of pairs inside",
              axis=alt.Axis(format="%", tickCount=5))  # fmt: skip
    marks, colour = _marks(mine, names, labels, x, legend=alt.Legend(title="promised", orient="top"))
    lines = alt.Chart(rows(mine[["promised", "level"]].drop_duplicates())).mark_rule(strokeDash=[4, 3])
    return alt.layer(lines.encode(x=alt.X("level:Q"), color=colour), marks).properties(height=19 * len(names))


def _wide(mine, names, labels, label):
    x = alt.X("mean_width:Q", scale=alt.Scale(zero=True), title=f"mean width ({label})", axis=alt.Axis(tickCount=4))
    known = mine[mine.mean_width.notna()]
    return _marks(known, names, labels, x, legend=None)[0].properties(height=19 * len(names))
