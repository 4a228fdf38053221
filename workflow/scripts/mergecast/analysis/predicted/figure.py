"""Scatter of forecast against measurement, a panel per method, each pair once; a baseline is never far."""

import altair as alt
import numpy as np
import pandas as pd

from ...charts import HOVERED, PICKED, Control, Figure, Panel, key, number, rows, spec, words
from ...tables.reading import PAIR, best_by_mean_r, pooled, unique

KINDS = ("predictor", "baseline")


def draw(setting) -> Figure:
    """For the predictor chosen in a drop-down, at first the best, beside the best baseline by mean fold r over methods.

    Raises MergecastError on an empty table.
    """
    scores, label = setting.headline["scores"], words(setting.target)
    points, names = pooled(setting.headline["predictions"]).round(4), unique(scores.predictor)
    first, rival = (best_by_mean_r(scores, kind) for kind in KINDS)
    chosen = first or rival
    limits, pooled_r = _limits(points, rival), scores.set_index(["method", "predictor"]).pooled_r
    panels = []
    for method in unique(points.method):
        mine = points[points.method == method]
        wide = mine.pivot(index=PAIR, columns="predictor", values="predicted").reset_index()
        wide = wide.merge(mine.drop_duplicates(PAIR)[[*PAIR, "measured"]])
        labels = [{"predictor": name, "text": f"r = {number(pooled_r.get((method, name)))}"} for name in names]
        described = f"Predicted against measured {label} of {len(wide)} pairs merged with {method}. "
        described += f"{chosen}: pooled r {number(pooled_r.get((method, chosen)))}."
        beside = f"{rival}: r = {number(pooled_r.get((method, rival)))}" if rival else ""
        chart = _scatter(wide, pd.DataFrame(labels), label, rival, beside)
        panels.append(
            Panel(method, spec(chart, described, predictor=chosen, limits=limits, **{PICKED: ""}), f"n = {len(wide)}")
        )
    against = f" Orange: {rival}, the best baseline, which the forecast has to beat." if rival else ""
    return Figure(
        "predicted",
        "Forecast against measurement",
        f"A point is one of n pairs, forecast without having seen one of its two tasks (mean of its two folds); blue at first: "
        f"{chosen}.{against} Dashed: a perfect forecast. r: Pearson's over all pairs, each once.",
        f"{len(panels)} scatter plots of predicted against measured {label}, one per merge method.",
        panels,
        controls=[Control("predictor", "Forecast by", names, chosen)],
        least=230,
        most="26rem",
        width=190,
        columns=4,
    )


def _limits(points: pd.DataFrame, rival: str | None) -> dict[str, list[float]]:
    """Ends of both axes by predictor, so that measured and predicted values and the best baseline's fit, and words above."""
    ends = {}
    for name in unique(points.predictor):
        seen = points.loc[points.predictor.isin([name, rival]), ["measured", "predicted"]].to_numpy()
        low, high = float(np.nanmin(seen)), float(np.nanmax(seen))
        span = (high - low) or 0.1
        ends[name] = [round(low - 0.04 * span, 4), round(high + 0.2 * span, 4)]
    return ends


def _scatter(wide, labels, label, rival, beside):
    wide["pair"] = key(wide)
    ends = [alt.ExprRef(f"limits[predictor][{end}]") for end in (0, 1)]
    scale = alt.Scale(domain=ends, nice=False, zero=False)
    line = (
        alt.Chart(alt.Data(values=[{"end": 0}, {"end": 1}]))
        .transform_calculate(x="limits[predictor][datum.end]")
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
    if not rival:
        return alt.layer(line, dots, text).properties(height=200)
    base = alt.Chart(rows(wide[["measured", rival]].rename(columns={rival: "forecast"})))
    crosses = base.mark_point(shape="diamond", size=26, opacity=0.7, style="baseline").encode(
        x=x, y=alt.Y("forecast:Q", scale=scale)
    )
    named = alt.Chart(alt.Data(values=[{"text": beside}])).mark_text(align="left", x=6, y=24, style="baseline", fontSize=10)
    return alt.layer(line, crosses, dots, text, named.encode(text="text:N")).properties(height=200)
