"""How good the forecast is: predicted against measured, and every fold beside its baselines."""

import altair as alt
import numpy as np
import pandas as pd

from ...plots import pooled, unique
from ._panel import PICKED, Control, Figure, Panel, key, rows, spec
from .pairs import HOVERED


def predicted(facts, tables) -> Figure:
    """Scatter a method, each pair once, for the predictor chosen in a drop-down."""
    points, label = pooled(tables["predictions"]).round(4), facts.target.replace("_", " ")
    names = unique(tables["scores"].predictor)
    chosen = (facts.forecast.predictor or facts.forecast.closest).name
    limits = [float(f(points[["measured", "predicted"]].to_numpy())) for f in (np.nanmin, np.nanmax)]
    pad = 0.04 * (limits[1] - limits[0]) or 0.01
    limits = [limits[0] - pad, limits[1] + pad]
    scores = tables["scores"].set_index(["method", "predictor"]).pooled_r
    panels = []
    for method in (m.name for m in facts.methods):
        mine = points[points.method == method]
        wide = mine.pivot(index=["task_a", "task_b"], columns="predictor", values="predicted").reset_index()
        wide = wide.merge(mine.drop_duplicates(["task_a", "task_b"])[["task_a", "task_b", "measured"]])
        r = scores.get((method, chosen), np.nan)
        told = f"Predicted against measured {label} of {len(wide)} pairs merged with {method}. "
        told += f"{chosen}: pooled r {_number(r)}."
        labels = pd.DataFrame(
            [{"predictor": name, "text": f"r = {_number(scores.get((method, name), np.nan))}"} for name in names]
        )
        panels.append(Panel(method, spec(_scatter(wide, labels, limits, label), told, predictor=chosen, **{PICKED: ""})))
    return Figure(
        "predicted",
        "Forecast against measurement",
        "A point is a pair, forecast without having seen one of its two tasks (mean of its two folds). Dashed: a "
        "perfect forecast. r: Pearson's over all pairs, each once. Choose a baseline to see what the forecast has to "
        "beat.",
        f"{len(panels)} scatter plots of predicted against measured {label}, one a merge method.",
        panels,
        controls=[Control("predictor", "Forecast by", names, chosen)],
        least=230,
        most="26rem",
    )


def _scatter(wide, labels, limits, label):
    wide["pair"] = key(wide)
    scale = alt.Scale(domain=limits, nice=False, zero=False)
    line = (
        alt.Chart(alt.Data(values=[{"x": limits[0]}, {"x": limits[1]}]))
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
    dots = base.mark_circle(opacity=0.8, style="predictor").encode(
        x=alt.X("measured:Q", scale=scale),
        y=alt.Y("predicted:Q", scale=scale),
        tooltip=tips,
        size=alt.condition(HOVERED, alt.value(190), alt.value(34)),
    )
    text = (
        alt.Chart(rows(labels))
        .transform_filter("datum.predictor === predictor")
        .mark_text(align="left", x=6, y=10, fontWeight="bold", style="ink")
        .encode(text="text:N")
    )
    return alt.layer(line, dots, text).properties(height=220)


def folds(facts, tables) -> Figure:
    """Every fold's r as a dot, the mean as a bar, predictors above and baselines below, one panel a method."""
    columns = ["method", "predictor", "kind", "fold", "pearson", "n_validation_pairs"]
    table = tables["folds"][columns].sort_values("kind", ascending=False, kind="stable").round(4)
    names, n = unique(table.predictor), table.fold.nunique()
    low = min(-0.25, table.pearson.min()) if table.pearson.notna().any() else -1.0
    panels = []
    for method in (m.name for m in facts.methods):
        mine = table[table.method == method].copy()
        mine["jitter"] = np.sin(2.4 * np.arange(len(mine))).round(3)
        mean = mine.groupby(["predictor", "kind"], sort=False).pearson.agg(["mean", "count", "size"]).reset_index()
        mean["text"] = [_mean_text(row) for row in mean.itertuples()]
        told = f"Fold correlations for {method}: " + "; ".join(f"{row.predictor} {row.text}" for row in mean.itertuples()) + "."
        panels.append(Panel(method, spec(_strip(mine, mean, names, low), told)))
    return Figure(
        "folds",
        "Every fold, beside its baselines",
        f"Each dot is one of {n} folds: Pearson r between forecast and measurement over the pairs of the task held "
        "out. Bar and number: mean. Blue: predictors. Orange diamonds: baselines, which a forecast has to beat.",
        f"{len(panels)} strip plots of fold correlations by predictor, one a merge method.",
        panels,
        least=300,
        most="38rem",
    )


def _strip(mine, mean, names, low):
    y = alt.Y("predictor:N", sort=names, title=None, axis=alt.Axis(labelLimit=110, grid=True))
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
    text = (
        alt.Chart(rows(mean))
        .mark_text(align="left", dx=6, fontSize=10, style="ink")
        .encode(x=alt.value("width"), y=y, text="text:N")
    )
    return alt.layer(zero, dots, bars, text).properties(height=26 * len(names))


def _mean_text(row) -> str:
    undefined = row.size - row.count
    text = _number(row.mean)
    return text if not undefined else f"{undefined} undefined" if undefined == row.size else f"{text} ({undefined} undef.)"


def _number(value: float) -> str:
    return "undefined" if pd.isna(value) else f"{value:.2f}".replace("-", "−")
