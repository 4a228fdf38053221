"""The chart of the summary: merge methods side by side."""

import altair as alt
import numpy as np
import pandas as pd

from ..charts import HOVERED, PICKED, Figure, Panel, key, rows, spec, target_name
from ..tables.reading import pair_values


def methods(facts, merges: pd.DataFrame) -> Figure:
    """One row per method, one dot per pair, a bar at the mean.

    Parameters
    ----------
    facts : Facts
        Of the setting.
    merges : DataFrame
        The table "merges".

    Returns
    -------
    Figure
    """
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
    described = f"Dots: {label} of {facts.n_pairs} pairs for each of {len(order)} methods. "
    described += f"{best.name} has the highest mean, {best.mean:.3f}."
    chart = alt.layer(dots, bars).properties(height=34 * len(order))
    return Figure(
        "methods",
        "Methods side by side",
        f"A dot is one of {facts.n_pairs} pairs; the upright bar is the mean. Methods run from best to worst mean.",
        described,
        [Panel("", spec(chart, described, **{PICKED: ""}))],
        least=320,
    )
