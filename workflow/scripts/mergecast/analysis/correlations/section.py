"""Each metric alone against the target, and one of them looked at closely."""

import altair as alt

from ...charts import HOVERED, PICKED, Control, Figure, Panel, key, rows, spec, words
from ...tables.reading import PAIR, by_category, pair_values, strongest, unique
from .._section import Section
from .figure import draw


def section(setting) -> Section:
    """The heatmap, and a scatter plot of one of its cells."""
    return Section(figures=[draw(setting), scatter(setting)])


def scatter(setting) -> Figure:
    """One metric against the target for one method, both chosen in drop-downs, or by a click on the heatmap.

    Parameters
    ----------
    setting : Setting

    Returns
    -------
    Figure
    """
    tables, label = setting.tables, words(setting.target)
    metrics = by_category(setting.categories, tables["metrics"].columns)
    values = pair_values(tables["merges"], setting.target)
    methods, wide = unique(values.method), values.pivot(index=PAIR, columns="method", values="value")
    table = tables["metrics"][[*PAIR, *metrics]].merge(wide[methods].add_prefix("target of ").reset_index(), on=PAIR)
    table["pair"] = key(table)
    first = (strongest(tables["correlations"]) or metrics)[0]
    tips = [
        alt.Tooltip("task_a:N", title="task"),
        alt.Tooltip("task_b:N", title="with"),
        alt.Tooltip("x:Q", title="metric", format=".4g"),
        alt.Tooltip("y:Q", title=label, format=".3f"),
    ]
    near = alt.Scale(zero=False, padding=8)
    chart = (
        alt.Chart(rows(table))
        .transform_calculate(x="datum[metric]", y="datum['target of ' + method]")
        .mark_circle(opacity=0.75, style="predictor")
        .encode(
            x=alt.X("x:Q", scale=near, title=None, axis=alt.Axis(tickCount=8)),
            y=alt.Y("y:Q", scale=near, title=label, axis=alt.Axis(tickCount=5)),
            tooltip=tips,
            size=alt.condition(HOVERED, alt.value(190), alt.value(44)),
        )
        .properties(height=260)
    )
    described = f"Scatter plot of a chosen metric against {label} for a chosen method; at first {first} and {methods[0]}."
    return Figure(
        "scatter",
        "One metric, closely",
        f"A point is one of {len(table)} pairs; the metric runs along the bottom. Click a cell above to see its pairs.",
        described,
        [Panel("", spec(chart, described, metric=first, method=methods[0], **{PICKED: ""}))],
        least=320,
        controls=[Control("metric", "Metric", metrics, first), Control("method", "Method", methods, methods[0])],
    )
