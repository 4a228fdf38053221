"""Every predictor and baseline: its Q², its interval, and the null, one panel per method."""

import altair as alt
import pandas as pd

from ...charts import SPLIT_NAMES, Figure, Panel, number, rows, span, spec
from ...tables.reading import require, rivals, unique

COLUMNS = ("method", "predictor", "kind", "q2", "q2_low", "q2_high", "null_q2", "null_q2_sd", "p_q2")
LOWEST = -1.0  # what lies below is drawn there; its number stands beside it


def draw(setting) -> Figure:
    """The hardest split of single pairs, for the headline target. Raises MergecastError on an empty table."""
    table = require(setting.headline["scores"], "scores", *COLUMNS)
    names, panels = list(rivals(table)), []
    low = min([-0.25, *(table[column].min() for column in ("q2", "q2_low", "null_q2") if table[column].notna().any())])
    for method in unique(table.method):
        mine = table[table.method == method].copy()
        mine["null_low"], mine["null_high"] = mine.null_q2 - mine.null_q2_sd, mine.null_q2 + mine.null_q2_sd
        mine["text"] = [_beside(row) for row in mine.itertuples()]
        top = mine.loc[mine.q2.idxmax(), "predictor"] if mine.q2.notna().any() else "none"
        alternative = f"Q² with intervals and nulls of {len(mine)} predictors and baselines for {method}; best: {top}."
        panels.append(Panel(method, spec(_chart(mine, names, max(low, LOWEST)), alternative)))
    counts = table.n_permutations[table.n_permutations > 0]
    drawn = f"relabelled {span(counts)} times" if len(counts) else "relabelled"
    beyond = " Values below −1 are drawn at −1." if low < LOWEST else ""
    return Figure(
        "scores",
        "Every predictor, its interval, and its null",
        f"Dot: Q² over n = {span(table.n_forecasts)} forecasts ({SPLIT_NAMES[setting.split]}): 0 is the mean of the training "
        "pairs, 1 a perfect forecast. Line: 95 % interval, bootstrap over tasks. Grey: mean ± standard deviation of the same "
        f"predictor refitted after tasks were {drawn}. At the right: Q², and p against that. Blue: predictors; orange "
        f"diamonds: baselines.{beyond}",
        f"{len(panels)} charts of Q² with intervals and nulls, one per merge method.",
        panels,
        least=300,
        most="38rem",
        width=220,
        columns=3,
        by_method=True,
    )


def _beside(row) -> str:
    """Q² and p, or that there is none."""
    if pd.isna(row.q2):
        return "undefined"
    return number(row.q2) + ("" if pd.isna(row.p_q2) else f", p {number(row.p_q2, 3).replace('0.', '.', 1)}")


def _chart(mine, names, low):
    columns = ["predictor", "kind", "q2", "q2_low", "q2_high", "null_q2", "null_low", "null_high", "p_q2", "centred_r", "mae",
               "n_permutations", "text"]  # fmt: skip
    data = rows(mine[columns].round(4))
    y = alt.Y("predictor:N", sort=names, title=None, axis=alt.Axis(labelLimit=150, grid=True))
    scale = alt.Scale(domain=[low, 1], nice=False, clamp=True)
    tips = [alt.Tooltip("predictor:N"), alt.Tooltip("kind:N")] + [
        alt.Tooltip(f"{name}:Q", title=title, format=form)
        for name, title, form in (("q2", "Q²", ".3f"), ("q2_low", "interval from", ".3f"), ("q2_high", "to", ".3f"),
                                  ("null_q2", "null mean", ".3f"), ("p_q2", "p", ".3f"), ("centred_r", "centred r", ".3f"),
                                  ("mae", "absolute error", ".3f"), ("n_permutations", "relabellings", ".0f"))
    ]  # fmt: skip
    base = alt.Chart(data)
    colour = alt.Color("kind:N", scale=alt.Scale(domain=["predictor", "baseline"]), legend=None)
    shape = alt.Scale(domain=["predictor", "baseline"], range=["circle", "diamond"])
    null = base.transform_filter("datum.null_q2 !== null")
    band = null.mark_bar(style="missing", height=13).encode(
        x=alt.X("null_low:Q", scale=scale, title="Q²"), x2="null_high:Q", y=y, tooltip=tips
    )
    tick = null.mark_tick(style="quiet", size=13, thickness=1.5).encode(x="null_q2:Q", y=y)
    seen = base.transform_filter("datum.q2 !== null")
    line = seen.mark_rule(strokeWidth=2).encode(x="q2_low:Q", x2="q2_high:Q", y=y, color=colour)
    dots = seen.mark_point(filled=True, size=60, opacity=1).encode(
        x="q2:Q", y=y, color=colour, tooltip=tips, shape=alt.Shape("kind:N", scale=shape, legend=None)
    )
    zero = alt.Chart(alt.Data(values=[{"zero": 0}])).mark_rule(style="quiet").encode(x="zero:Q")
    words = base.mark_text(align="left", dx=4, style="ink").encode(x=alt.value("width"), y=y, text="text:N")
    return alt.layer(zero, band, tick, line, dots, words).properties(height=20 * len(names))
