"""How well pairs merge: the methods side by side, and a heatmap a method."""

import altair as alt
import numpy as np
import pandas as pd

from ...plots import KEPT, pair_values, target_name, tasks_by_merit
from ._panel import PICKED, Figure, Panel, key, rows, spec

HOVERED = f"datum.pair === {PICKED}"


def methods(facts, merges: pd.DataFrame) -> Figure:
    """One row a method, one dot a pair, a bar at the mean."""
    values = pair_values(merges, facts.target)
    values["pair"] = key(values)
    values["jitter"] = np.sin(2.4 * np.arange(len(values))).round(3)
    label, order = target_name(facts.target), [method.name for method in facts.methods]
    means = pd.DataFrame([{"method": method.name, "mean": method.mean} for method in facts.methods])
    y = alt.Y("method:N", sort=order, title=None)
    tips = [alt.Tooltip(f"{f}:N", title=t) for f, t in (("task_a", "task"), ("task_b", "with"), ("method", "method"))]
    dots = (
        alt.Chart(rows(values))
        .mark_circle(opacity=0.6, style="predictor")
        .encode(
            x=alt.X(
                "value:Q",
                title=f"{label} of a pair",
                scale=alt.Scale(zero=False, nice=True),
                axis=alt.Axis(tickCount=6),
            ),
            y=y,
            yOffset=alt.YOffset("jitter:Q", scale=alt.Scale(domain=[-2.4, 2.4])),
            size=alt.condition(HOVERED, alt.value(140), alt.value(28)),
            tooltip=[*tips, alt.Tooltip("value:Q", title=label, format=".3f")],
        )
    )
    bars = (
        alt.Chart(rows(means))
        .mark_tick(thickness=3, size=22, style="strong")
        .encode(
            x="mean:Q",
            y=y,
            tooltip=[alt.Tooltip("method:N"), alt.Tooltip("mean:Q", title=f"mean {label}", format=".3f")],
        )
    )
    best = facts.methods[0]
    told = f"Dots: {label} of {facts.n_pairs} pairs for each of {len(order)} methods. "
    told += f"{best.name} has the highest mean, {best.mean:.3f}."
    chart = alt.layer(dots, bars).properties(height=34 * len(order))
    return Figure(
        "methods",
        "Methods side by side",
        f"A dot is one of {facts.n_pairs} pairs; the upright bar is the mean. Methods run from best to worst mean.",
        told,
        [Panel("", spec(chart, told, **{PICKED: ""}))],
        least=320,
    )


def heatmaps(facts, merges: pd.DataFrame) -> Figure:
    """Lower triangle of tasks × tasks, one panel a method, all on one colour scale."""
    values, label = pair_values(merges, facts.target), target_name(facts.target)
    tasks = tasks_by_merit(values)
    place = {task: i for i, task in enumerate(tasks)}
    later = values.task_a.map(place) > values.task_b.map(place)
    values["row"] = values.task_a.where(later, values.task_b)
    values["column"] = values.task_b.where(later, values.task_a)
    values["pair"] = key(values)
    values = values.merge(_per_task(merges, facts.target), on=["method", "task_a", "task_b"])
    low, high = values.value.min(), values.value.max()
    panels = []
    for method in (m.name for m in facts.methods):
        mine = values[values.method == method]
        told = f"Heatmap of {label} for {len(mine)} pairs merged with {method}; "
        told += f"lowest {mine.value.min():.2f}, highest {mine.value.max():.2f}."
        chart = _heatmap(mine, tasks, label, low, high)
        panels.append(Panel(method, spec(chart, told, **{PICKED: ""})))
    said = f"{label.capitalize()} of a pair" if facts.target in KEPT else f"Mean {label} of the two tasks of a pair"
    caption = (
        f"{said}, on one colour scale"
        + (" (1: as good as the two fine-tuned models)" if facts.target == "normalised_accuracy" else "")
        + ". Tasks run from the one that merges best, over all methods and partners, to the worst. "
        "Point at a cell for its numbers; the same pair is framed in every panel."
    )
    return Figure(
        "pairs",
        "Every pair under every method",
        caption,
        f"{len(panels)} heatmaps of {label}, tasks by tasks, one a merge method.",
        panels,
        least=250 if len(tasks) <= 12 else 330,
        most="30rem",
    )


def _heatmap(mine, tasks, label, low, high):
    size = 24 if len(tasks) <= 12 else 15
    x = alt.X("column:N", sort=tasks, title=None, axis=alt.Axis(labelAngle=-90, labelLimit=90, ticks=False, domain=False))
    y = alt.Y("row:N", sort=tasks, title=None, axis=alt.Axis(labelLimit=90, ticks=False, domain=False))
    tips = [
        alt.Tooltip("task_a:N", title="task"),
        alt.Tooltip("task_b:N", title="with"),
        alt.Tooltip("method:N"),
        alt.Tooltip("value:Q", title=label, format=".3f"),
        alt.Tooltip("parts:N", title="each task"),
    ]
    scale = alt.Scale(domain=[low, high], range="heatmap")
    legend = alt.Legend(title=None, orient="top-right", gradientLength=70, gradientThickness=8, tickCount=3, format=".2f")
    cells = (
        alt.Chart(rows(mine))
        .mark_rect(stroke=None)
        .encode(x=x, y=y, tooltip=tips, color=alt.Color("value:Q", scale=scale, legend=legend))
    )
    frames = (
        alt.Chart(cells.data).transform_filter(HOVERED).mark_rect(fill=None, strokeWidth=2.5, style="frame").encode(x=x, y=y)
    )
    layers = [cells]
    if mine.value.isna().any():
        layers = [
            alt.Chart(cells.data)
            .transform_filter("datum.value === null")
            .mark_rect(style="missing")
            .encode(x=x, y=y, tooltip=tips),
            cells.transform_filter("datum.value !== null"),
        ]
    if len(tasks) <= 12:
        middle = low + 0.6 * (high - low)
        for style, test in (("on-dark", f"datum.value <= {middle}"), ("on-light", f"datum.value > {middle}")):
            layers.append(
                alt.Chart(cells.data)
                .transform_filter(f"datum.value !== null && {test}")
                .mark_text(fontSize=9.5, style=style)
                .encode(x=x, y=y, text=alt.Text("value:Q", format=".2f"), tooltip=tips)
            )
    return alt.layer(*layers, frames).properties(height=size * (len(tasks) - 1))


def _per_task(merges, target):
    column = "normalised_accuracy" if target.startswith("retained") else target
    text = merges.task + " " + merges[column].map(lambda v: "undefined" if pd.isna(v) else f"{v:.3f}")
    parts = merges.assign(parts=text).groupby(["method", "task_a", "task_b"], sort=False).parts
    return parts.agg(" · ".join).reset_index()
