"""Scatter of forecast against measurement, a panel per method, a point per pair; a baseline is never far."""

import altair as alt
import numpy as np
import pandas as pd

from ...charts import HOVERED, PICKED, SPLIT_NAMES, Control, Figure, Panel, key, number, rows, spec, words
from ...tables.reading import PAIR, leader, per_pair, unique

KINDS = ("predictor", "baseline")
MARGIN = 0.1  # of the span of what was measured
KNOWING = {
    "loto": "drawn at the mean of two forecasts, each of which has seen one of its two tasks",
    "l2to": "forecast from pairs that have neither of its tasks",
}


def draw(setting) -> Figure:
    """For the predictor chosen in a drop-down, at first the best, beside the best baseline by mean Q² over methods.

    Raises MergecastError on an empty table.
    """
    scores, label = setting.headline["scores"], words(setting.target)
    points, names = per_pair(setting.headline["predictions"]).round(4), unique(scores.predictor)
    first, rival = (leader(scores, kind) for kind in KINDS)
    chosen = first or rival
    limits, q2 = _limits(points), scores.set_index(["method", "predictor"]).q2
    panels = []
    for method in unique(points.method):
        mine = points[points.method == method]
        wide = mine.pivot(index=PAIR, columns="predictor", values="predicted").reset_index()
        wide = wide.merge(mine.drop_duplicates(PAIR)[[*PAIR, "measured"]])
        labels = [
            {"predictor": name, "text": f"Q² = {number(q2.get((method, name)))}", "beyond": _beyond(mine, name, rival, limits)}
            for name in names
        ]
        described = f"Predicted against measured {label} of {len(wide)} pairs merged with {method}. "
        described += f"{chosen}: Q² {number(q2.get((method, chosen)))}."
        beside = f"{rival}: Q² = {number(q2.get((method, rival)))}" if rival else ""
        chart = _scatter(wide, pd.DataFrame(labels), limits, label, rival, beside)
        panels.append(Panel(method, spec(chart, described, predictor=chosen, **{PICKED: ""}), f"n = {len(wide)}"))
    against = f" Orange: {rival}, the best baseline, which the forecast has to beat." if rival else ""
    return Figure(
        "predicted",
        "Forecast against measurement",
        f"A point is one of n pairs, {KNOWING[setting.split]}; blue at first: {chosen}.{against} Dashed: a perfect forecast. "
        "Axes span what was measured; a forecast beyond stands at the edge, and is counted. Q²: the share of squared error "
        f"that the forecast saves over the mean of its training pairs ({SPLIT_NAMES[setting.split]}).",
        f"{len(panels)} scatter plots of predicted against measured {label}, one per merge method.",
        panels,
        controls=[Control("predictor", "Forecast by", names, chosen)],
        least=230,
        most="26rem",
        width=190,
        columns=4,
        by_method=True,
    )


def _limits(points: pd.DataFrame) -> list[float]:
    """Ends of both axes: of what was measured, with a margin, and room for words above."""
    low, high = float(np.nanmin(points.measured)), float(np.nanmax(points.measured))
    span = (high - low) or 0.1
    return [round(low - MARGIN * span, 4), round(high + (MARGIN + 0.15) * span, 4)]


def _beyond(mine: pd.DataFrame, name: str, rival: str | None, limits: list[float]) -> str:
    """How many forecasts of one predictor, and of the best baseline, lie outside the axes."""
    out = mine[~mine.predicted.between(*limits) & mine.predicted.notna()].predictor.value_counts()
    said = [f"{who}: {out[who]} beyond the axes" for who in dict.fromkeys((name, rival)) if who in out]
    return ", ".join(said)


def _scatter(wide, labels, limits, label, rival, beside):
    wide["pair"] = key(wide)
    scale = alt.Scale(domain=limits, nice=False, zero=False, clamp=True)
    line = (
        alt.Chart(alt.Data(values=[{"x": end} for end in limits]))
        .mark_line(strokeDash=[5, 4], style="quiet")
        .encode(
            x=alt.X("x:Q", scale=scale, title=f"measured {label}", axis=alt.Axis(tickCount=4)),
            y=alt.Y("x:Q", scale=scale, title="predicted"),
        )
    )
    base = alt.Chart(rows(wide)).transform_calculate(predicted="datum[predictor]", error="datum[predictor] - datum.measured")
    tips = [
        alt.Tooltip("task_a:N", title="task"),
        alt.Tooltip("task_b:N", title="with"),
        alt.Tooltip("measured:Q", format=".3f"),
        alt.Tooltip("predicted:Q", format=".3f"),
        alt.Tooltip("error:Q", title="forecast − measured", format="+.3f"),
    ]
    x = alt.X("measured:Q", scale=scale)
    dots = base.mark_circle(opacity=0.8, style="predictor").encode(
        x=x,
        y=alt.Y("predicted:Q", scale=scale),
        tooltip=tips,
        size=alt.condition(HOVERED, alt.value(190), alt.value(34)),
    )
    text = (
        alt.Chart(rows(labels))
        .transform_filter("datum.predictor === predictor")
        .mark_text(align="left", x=6, y=10, style="predictor")
        .encode(text="text:N")
    )
    outside = (
        alt.Chart(rows(labels))
        .transform_filter("datum.predictor === predictor")
        .mark_text(align="left", x=6, y=38, style="quiet")
        .encode(text="beyond:N")
    )
    if not rival:
        return alt.layer(line, dots, text, outside).properties(height=200)
    base = alt.Chart(rows(wide[["measured", rival]].rename(columns={rival: "forecast"})))
    crosses = base.mark_point(shape="diamond", size=26, opacity=0.7, style="baseline").encode(
        x=x, y=alt.Y("forecast:Q", scale=scale)
    )
    named = alt.Chart(alt.Data(values=[{"text": beside}])).mark_text(align="left", x=6, y=24, style="baseline")
    return alt.layer(line, crosses, dots, text, outside, named.encode(text="text:N")).properties(height=200)
