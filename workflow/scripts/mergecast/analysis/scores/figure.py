"""Every predictor and baseline: its mean fold r, its interval, and the null, one panel per method."""

import altair as alt
import pandas as pd

from ...charts import Figure, Panel, number, rows, span, spec
from ...tables.reading import require, rivals, unique

COLUMNS = ("method", "predictor", "kind", "mean_r", "mean_r_low", "mean_r_high", "null_mean", "null_sd", "p", "n_undefined")


def draw(setting) -> Figure:
    """Leave one task out, for the headline target. Raises MergecastError on an empty table."""
    table = require(setting.headline["scores"], "scores", *COLUMNS)
    names, panels = list(rivals(table)), []
    low = min(-0.25, *(table[column].min() for column in ("mean_r_low", "null_mean") if table[column].notna().any()), 0)
    for method in unique(table.method):
        mine = table[table.method == method].copy()
        mine["null_low"], mine["null_high"] = mine.null_mean - mine.null_sd, mine.null_mean + mine.null_sd
        mine["text"] = [_beside(row) for row in mine.itertuples()]
        top = mine.loc[mine.mean_r.idxmax(), "predictor"] if mine.mean_r.notna().any() else "none"
        alternative = f"Mean fold r with intervals and nulls of {len(mine)} predictors and baselines for {method}; best: {top}."
        panels.append(Panel(method, spec(_chart(mine, names, low), alternative)))
    undefined, counts = int(table.n_undefined.sum()), table.n_permutations.dropna()
    drawn = f"relabelled {span(counts)} times" if len(counts) else "relabelled"
    return Figure(
        "scores",
        "Every predictor, its interval, and its null",
        f"Dot: mean r over n = {int(table.n_folds.max())} folds; line: 95 % interval, bootstrap over tasks. Grey: mean ± "
        f"standard deviation of the same predictor refitted after tasks were {drawn}. At the right: mean r, and p against "
        "that. Blue: predictors; orange diamonds: baselines."
        + (f" {undefined} of {int(table.n_folds.sum())} folds undefined." if undefined else ""),
        f"{len(panels)} charts of mean fold correlations with intervals and nulls, one per merge method.",
        panels,
        least=300,
        most="38rem",
        width=220,
        columns=3,
    )


def _beside(row) -> str:
    """Mean r and p, or that there is none."""
    if pd.isna(row.mean_r):
        return "undefined"
    return number(row.mean_r) + ("" if pd.isna(row.p) else f", p {number(row.p, 3).replace('0.', '.', 1)}")


def _chart(mine, names, low):
    columns = ["predictor", "kind", "mean_r", "mean_r_low", "mean_r_high", "null_mean", "null_low", "null_high", "p",
               "n_permutations", "n_undefined", "text"]  # fmt: skip
    data = rows(mine[columns].round(4))
    y = alt.Y("predictor:N", sort=names, title=None, axis=alt.Axis(labelLimit=120, grid=True))
    scale = alt.Scale(domain=[low, 1], nice=False)
    tips = [alt.Tooltip("predictor:N"), alt.Tooltip("kind:N")] + [
        alt.Tooltip(f"{name}:Q", title=title, format=form)
        for name, title, form in (("mean_r", "mean r", ".3f"), ("mean_r_low", "interval from", ".3f"),
                                  ("mean_r_high", "to", ".3f"), ("null_mean", "null mean", ".3f"), ("p", "p", ".3f"),
                                  ("n_permutations", "relabellings", ".0f"), ("n_undefined", "undefined folds", ".0f"))
    ]  # fmt: skip
    base = alt.Chart(data)
    colour = alt.Color("kind:N", scale=alt.Scale(domain=["predictor", "baseline"]), legend=None)
    shape = alt.Scale(domain=["predictor", "baseline"], range=["circle", "diamond"])
    null = base.transform_filter("datum.null_mean !== null")
    band = null.mark_bar(style="missing", height=13).encode(
        x=alt.X("null_low:Q", scale=scale, title="mean Pearson r within a fold"), x2="null_high:Q", y=y, tooltip=tips
    )
    tick = null.mark_tick(style="quiet", size=13, thickness=1.5).encode(x="null_mean:Q", y=y)
    seen = base.transform_filter("datum.mean_r !== null")
    line = seen.mark_rule(strokeWidth=2).encode(x="mean_r_low:Q", x2="mean_r_high:Q", y=y, color=colour)
    dots = seen.mark_point(filled=True, size=60, opacity=1).encode(
        x="mean_r:Q", y=y, color=colour, tooltip=tips, shape=alt.Shape("kind:N", scale=shape, legend=None)
    )
    zero = alt.Chart(alt.Data(values=[{"zero": 0}])).mark_rule(style="quiet").encode(x="zero:Q")
    words = base.mark_text(align="left", dx=4, fontSize=9.5, style="ink").encode(x=alt.value("width"), y=y, text="text:N")
    return alt.layer(zero, band, tick, line, dots, words).properties(height=20 * len(names))
