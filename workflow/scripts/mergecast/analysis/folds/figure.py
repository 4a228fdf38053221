"""Every fold's r as a dot, the mean as a bar, predictors above and baselines below, one panel per method."""

import altair as alt
import numpy as np

from ...charts import Figure, Panel, number, rows, span, spec
from ...tables.reading import require, unique


def draw(setting) -> Figure:
    """The leave-one-task-out folds of the headline target. Raises MergecastError on an empty table."""
    columns = ["method", "predictor", "kind", "fold", "pearson", "n_validation_pairs"]
    table = require(setting.headline["folds"], "folds", *columns)[columns]
    table = table.sort_values("kind", ascending=False, kind="stable").round(4)
    names, low = unique(table.predictor), min(-0.25, table.pearson.min()) if table.pearson.notna().any() else -1.0
    panels = []
    for method in unique(setting.headline["folds"].method):
        mine = table[table.method == method].copy()
        mine["jitter"] = np.sin(2.4 * np.arange(len(mine))).round(3)
        mean = mine.groupby(["predictor", "kind"], sort=False).pearson.agg(["mean", "count", "size"]).reset_index()
        mean["text"] = [_mean_text(row) for row in mean.itertuples()]
        described = "; ".join(f"{row.predictor} {row.text}" for row in mean.itertuples())
        panels.append(Panel(method, spec(_strip(mine, mean, names, low), f"Fold correlations for {method}: {described}.")))
    return Figure(
        "folds",
        "Every fold, beside its baselines",
        f"Each dot is one of n = {span(table.groupby(['method', 'predictor']).size())} folds: Pearson r between forecast and "
        "measurement over the pairs of the task held out. Bar and number: mean. Blue: predictors. Orange diamonds: baselines, "
        "which a forecast has to beat.",
        f"{len(panels)} strip plots of fold correlations by predictor, one per merge method.",
        panels,
        least=300,
        most="38rem",
        width=220,
        columns=3,
        by_method=True,
    )


def _strip(mine, mean, names, low):
    y = alt.Y("predictor:N", sort=names, title=None, axis=alt.Axis(labelLimit=150, grid=True))
    kinds = alt.Scale(domain=["predictor", "baseline"])
    colour = alt.Color("kind:N", scale=kinds, legend=None)
    tips = [
        alt.Tooltip("predictor:N"),
        alt.Tooltip("kind:N"),
        alt.Tooltip("fold:N", title="held-out task"),
        alt.Tooltip("pearson:Q", title="r", format=".3f"),
        alt.Tooltip("n_validation_pairs:Q", title="pairs"),
    ]
    x = alt.X(
        "pearson:Q",
        title="Pearson r within a fold",
        scale=alt.Scale(domain=[low - 0.05, 1.0], nice=False),
        axis=alt.Axis(values=[-1, -0.5, 0, 0.5, 1]),
    )
    dots = (
        alt.Chart(rows(mine[mine.pearson.notna()]))
        .mark_point(filled=True, opacity=0.6, size=32)
        .encode(
            x=x,
            y=y,
            color=colour,
            tooltip=tips,
            yOffset=alt.YOffset("jitter:Q", scale=alt.Scale(domain=[-2, 2])),
            shape=alt.Shape(
                "kind:N", scale=alt.Scale(domain=["predictor", "baseline"], range=["circle", "diamond"]), legend=None
            ),
        )
    )
    bars = alt.Chart(rows(mean[mean["count"] > 0])).mark_tick(thickness=3, size=18, style="strong").encode(x="mean:Q", y=y)
    zero = alt.Chart(alt.Data(values=[{"zero": 0}])).mark_rule(style="quiet").encode(x="zero:Q")
    text = alt.Chart(rows(mean)).mark_text(align="left", dx=6, style="ink").encode(x=alt.value("width"), y=y, text="text:N")
    return alt.layer(zero, dots, bars, text).properties(height=26 * len(names))


def _mean_text(row) -> str:
    undefined = row.size - row.count
    text = number(row.mean)
    return text if not undefined else f"{undefined} undefined" if undefined == row.size else f"{text} ({undefined} undef.)"
