"""Tasks × tasks, one panel per method, all on one colour scale: a triangle, or a square where a pair has two values."""

import altair as alt
import pandas as pd

from ...charts import HOVERED, PICKED, Figure, Panel, key, number, rows, spec, target_name
from ...tables.reading import DIRECTED, PAIR, pair_values, tasks_by_merit, unique

WRITTEN = 12  # with more tasks than this the cells are too small for numbers


def draw(setting) -> Figure:
    """The headline target of every pair, mean over its two tasks unless directed. Raises MergecastError on an empty table."""
    merges, target = setting.tables["merges"], setting.target
    values, label = pair_values(merges, target), target_name(target)
    tasks, methods = tasks_by_merit(values), unique(values.method)
    place = {task: i for i, task in enumerate(tasks)}
    square = target in DIRECTED
    later = (values.task_a.map(place) > values.task_b.map(place)) | square
    values["row"] = values.task_a.where(later, values.task_b)
    values["column"] = values.task_b.where(later, values.task_a)
    values["pair"] = key(values)
    values = values.merge(_per_task(merges, target), on=["method", *PAIR])
    low, high = values.value.min(), values.value.max()
    panels = []
    for method in methods:
        mine = values[values.method == method]
        described = f"Heatmap of {label} for {len(mine)} pairs merged with {method}; "
        described += f"lowest {mine.value.min():.2f}, highest {mine.value.max():.2f}."
        chart = spec(_heatmap(mine, tasks, label, low, high, square), described, **{PICKED: ""})
        panels.append(Panel(method, chart, f"mean {number(mine.value.mean(), 3)}"))
    cells = len(tasks) - 1 + square
    side = (32 if len(tasks) <= WRITTEN else 15) * cells
    return Figure(
        "pairs",
        "Every pair under every method",
        _caption(values, tasks, methods, target),
        f"{len(panels)} heatmaps of {label}, tasks by tasks, one per merge method.",
        panels,
        least=250 if len(tasks) <= WRITTEN else 330,
        most="30rem",
        need=100 + side,
        width=max(side, 120),
        columns=4 if len(tasks) <= WRITTEN else 3,
        by_method=True,
    )


def _caption(values, tasks, methods, target) -> str:
    label = target_name(target)
    square = target in DIRECTED
    said = f"{label.capitalize()} (row: kept, column: other)" if square else f"Mean {label} of the two tasks of a pair"
    measured, undefined = len(set(map(frozenset, values[PAIR].to_numpy()))), int(values.value.isna().sum())
    absent = len(tasks) * (len(tasks) - 1) // 2 - measured
    gaps = measured * len(methods) * (1 + square) - len(values)
    notes = [
        f"{said}, on one colour scale" + (" (1: as good as the two fine-tuned models)." if _whole(target) else "."),
        f"{len(tasks)} tasks, {measured} pair{'s' * (measured != 1)} per method. Tasks run from the one that merges best, over "
        "all methods and partners, to the worst.",
        f"{absent} pair{'s' * (absent != 1)} not measured." if absent else "",
        f"{gaps} further cell{'s' * (gaps != 1)} not measured." if gaps else "",
        f"{undefined} undefined (grey)." if undefined else "",
    ]
    return " ".join(note for note in notes if note)


def _whole(target) -> bool:
    return target == "normalised_accuracy"


def _heatmap(mine, tasks, label, low, high, square):
    size = 24 if len(tasks) <= WRITTEN else 15
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
    place = {"orient": "top"} if square else {"orient": "top-right"}
    legend = alt.Legend(title=None, gradientLength=70, gradientThickness=8, values=[low, high], format=".2f", **place)
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
    if len(tasks) <= WRITTEN:
        middle = low + 0.6 * (high - low)
        for style, test in (("on-dark", f"datum.value <= {middle}"), ("on-light", f"datum.value > {middle}")):
            layers.append(
                alt.Chart(cells.data)
                .transform_filter(f"datum.value !== null && {test}")
                .mark_text(style=style)
                .encode(x=x, y=y, text=alt.Text("value:Q", format=".2f"), tooltip=tips)
            )
    return alt.layer(*layers, frames).properties(height=size * (len(tasks) - 1 + square))


def _per_task(merges, target):
    """What each task of a pair has, in words, by method and pair; both ways round where the target is."""
    column = "normalised_accuracy" if target in DIRECTED else target
    text = merges.task + " " + merges[column].map(lambda v: "undefined" if pd.isna(v) else f"{v:.3f}")
    parts = merges.assign(parts=text).groupby(["method", "task_a", "task_b"], sort=False).parts
    there = parts.agg(" · ".join).reset_index()
    back = there.rename(columns={"task_a": "task_b", "task_b": "task_a"})
    return pd.concat([there, back], ignore_index=True) if target in DIRECTED else there
