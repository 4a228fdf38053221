"""The fine-tuned models in a chart and a table."""

import altair as alt
import pandas as pd

from ...charts import Figure, Panel, rows, spec
from ...tables.reading import plain
from .._section import Section

COLUMNS = {
    "n_classes": ("classes", 0), "n_test_images": ("test images", 0), "chance_accuracy": ("chance", 3),
    "zero_shot_accuracy": ("zero-shot", 3), "fine_tuned_accuracy": ("fine-tuned", 3), "relative_norm": ("relative norm", 3),
}  # fmt: skip


def section(setting) -> Section:
    """Accuracies as a chart, and the numbers that there are of each model."""
    checkpoints = setting.tables["checkpoints"]
    return Section(figures=[singles(checkpoints)], template="models.html.j2", data=listed(checkpoints))


def listed(checkpoints: pd.DataFrame) -> dict:
    """The columns that a setting has of its single models.

    Parameters
    ----------
    checkpoints : DataFrame

    Returns
    -------
    dict
        `head` (heading, digits, is a share), `source`: whether sources are known, and `rows` of cells.
    """
    columns = [column for column in COLUMNS if column in checkpoints]
    return {
        "head": [(*COLUMNS[column], column.endswith("accuracy")) for column in columns],
        "source": "source" in checkpoints,
        "rows": [
            {"task": row["task"], "source": row.get("source", ""), "cells": [plain(row[column]) for column in columns]}
            for row in checkpoints.to_dict("records")
        ],
    }


def singles(checkpoints: pd.DataFrame) -> Figure:
    """One row per task: chance, zero-shot and fine-tuned accuracy on one line, as far as they are known.

    Parameters
    ----------
    checkpoints : DataFrame

    Returns
    -------
    Figure
    """
    order = list(checkpoints.sort_values("fine_tuned_accuracy", ascending=False, kind="stable").task)
    kinds = {"chance_accuracy": "chance", "zero_shot_accuracy": "zero-shot", "fine_tuned_accuracy": "fine-tuned"}
    kinds = {column: kind for column, kind in kinds.items() if column in checkpoints}
    keys = ["task", *(column for column in ("n_test_images",) if column in checkpoints)]
    long = checkpoints.melt(keys, list(kinds), "kind", "accuracy").replace({"kind": kinds})
    y = alt.Y("task:N", sort=order, title=None)
    layers, shapes = [], ["cross", "diamond", "circle"][-len(kinds) :]
    if "zero_shot_accuracy" in checkpoints:
        spans = rows(checkpoints[["task", "zero_shot_accuracy", "fine_tuned_accuracy"]])
        line = alt.Chart(spans).mark_rule(style="quiet", strokeWidth=2)
        layers.append(line.encode(x="zero_shot_accuracy:Q", x2="fine_tuned_accuracy:Q", y=y))
    dots = (
        alt.Chart(rows(long))
        .mark_point(filled=True, size=85, opacity=1)
        .encode(
            x=alt.X("accuracy:Q", title="test accuracy (top-1)", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(tickCount=5)),
            y=y,
            color=alt.Color(
                "kind:N",
                sort=list(kinds.values()),
                scale=alt.Scale(domain=list(kinds.values()), range="category"),
                legend=alt.Legend(title=None, orient="top"),
            ),
            shape=alt.Shape("kind:N", scale=alt.Scale(domain=list(kinds.values()), range=shapes)),
            tooltip=[
                alt.Tooltip("task:N"),
                alt.Tooltip("kind:N"),
                alt.Tooltip("accuracy:Q", format=".3f"),
                *[alt.Tooltip("n_test_images:Q", title="test images") for _ in keys[1:]],
            ],
        )
    )
    means = ", ".join(f"{kind} {checkpoints[column].mean():.2f}" for column, kind in kinds.items())
    described = f"Test accuracy of {len(order)} tasks: mean {means}."
    before = len(kinds) > 1
    return Figure(
        "singles",
        "Before and after fine-tuning" if before else "What the fine-tuned models reach",
        "Chance is one over the number of classes; zero-shot is the base with the task's frozen text head."
        if before
        else "Test accuracy of each fine-tuned model on its own task, as the tables give it.",
        described,
        [Panel("", spec(alt.layer(*layers, dots).properties(height=22 * len(order)), described))],
        least=320,
    )
