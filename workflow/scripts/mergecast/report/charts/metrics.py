"""What the metrics say: each alone against the target, one of them looked at closely, and what the predictors use."""

import altair as alt
import pandas as pd

from ...plots import by_category, mean_coefficients, pair_values, unique
from ._panel import PICKED, Control, Figure, Panel, key, rows, spec
from .pairs import HOVERED

DIVERGING = alt.Scale(domain=[-1, 1], range="diverging", interpolate="rgb")


def correlations(facts, tables, categories) -> Figure:
    """Heatmap metric × method of Pearson's r with the target over all pairs."""
    table = tables["correlations"].copy()
    order, methods = by_category(categories, table.metric), [method.name for method in facts.methods]
    table["category"] = table.metric.map(categories)
    x = alt.X("method:N", sort=methods, title=None, axis=alt.Axis(labelAngle=-40, ticks=False, domain=False, orient="top"))
    y = alt.Y("metric:N", sort=order, title=None, axis=alt.Axis(labelLimit=260, ticks=False, domain=False))
    tips = [
        alt.Tooltip("metric:N"),
        alt.Tooltip("category:N"),
        alt.Tooltip("method:N"),
        alt.Tooltip("pearson:Q", title="Pearson r", format=".3f"),
        alt.Tooltip("spearman:Q", title="Spearman ρ", format=".3f"),
        alt.Tooltip("n_pairs:Q", title="pairs"),
    ]
    if "p" in table:
        tips.append(alt.Tooltip("p:Q", title="p, tasks relabelled", format=".3f"))
    cells = (
        alt.Chart(rows(table))
        .mark_rect()
        .encode(
            x=x,
            y=y,
            tooltip=tips,
            color=alt.Color("pearson:Q", scale=DIVERGING, legend=alt.Legend(title="r", gradientLength=140)),
        )
    )
    layers = [cells]
    for style, test in (("weak", "abs(datum.pearson) < 0.6"), ("extreme", "abs(datum.pearson) >= 0.6")):
        layers.append(
            alt.Chart(cells.data)
            .transform_filter(f"datum.pearson !== null && {test}")
            .mark_text(fontSize=9.5, style=style)
            .encode(x=x, y=y, text=alt.Text("pearson:Q", format=".2f"), tooltip=tips)
        )
    if table.pearson.isna().any():
        layers = [
            alt.Chart(cells.data)
            .transform_filter("datum.pearson === null")
            .mark_rect(style="missing")
            .encode(x=x, y=y, tooltip=tips),
            cells.transform_filter("datum.pearson !== null"),
            *layers[1:],
        ]
    told = f"Heatmap of Pearson correlations of {len(order)} metrics with the target for {len(methods)} methods."
    name, r = facts.strongest_metric or ("none", float("nan"))
    told += f" Strongest on average: {name}, {r:.2f}."
    return Figure(
        "correlations",
        "Each metric alone",
        f"Pearson r between a metric and {facts.target.replace('_', ' ')} over {int(table.n_pairs.max())} pairs. It "
        "says which metrics move with the target; it is not a forecast, since nothing is held out. Click a cell to see "
        "its pairs below.",
        told,
        [Panel("", spec(alt.layer(*layers).properties(height=19 * len(order)), told))],
        least=320,
        need=280 + 46 * len(methods),
    )


def scatter(facts, tables, categories) -> Figure:
    """One metric against the target for one method, both chosen in drop-downs."""
    label, metrics = facts.target.replace("_", " "), by_category(categories, tables["metrics"].columns)
    values = pair_values(tables["merges"], facts.target).pivot(index=["task_a", "task_b"], columns="method", values="value")
    methods = [method.name for method in facts.methods]
    table = tables["metrics"][["task_a", "task_b", *metrics]].merge(
        values[methods].add_prefix("target of ").reset_index(), on=["task_a", "task_b"]
    )
    table["pair"] = key(table)
    strongest = facts.strongest_metric[0] if facts.strongest_metric else metrics[0]
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
    told = f"Scatter plot of a chosen metric against {label} for a chosen method; at first {strongest} and {methods[0]}."
    return Figure(
        "scatter",
        "One metric, closely",
        f"A point is one of {len(table)} pairs; the metric runs along the bottom.",
        told,
        [Panel("", spec(chart, told, metric=strongest, method=methods[0], **{PICKED: ""}))],
        least=320,
        controls=[Control("metric", "Metric", metrics, strongest), Control("method", "Method", methods, methods[0])],
    )


def coefficients(facts, tables, categories) -> Figure:
    """Squares metric × method for the predictor chosen: colour is the mean coefficient, area how often it is used."""
    table = mean_coefficients(tables["coefficients"], categories)
    order, methods = by_category(categories, table.feature), [method.name for method in facts.methods]
    n, names = tables["coefficients"].fold.nunique(), unique(table.predictor)
    best = facts.forecast.predictor.name if facts.forecast.predictor else ""
    chosen = best if best in names else names[0]
    largest = table["mean"].abs().groupby(table.predictor).transform("max").replace(0, 1)
    table = table.assign(relative=table["mean"] / largest, area=table.share.clip(lower=0.006))
    x = alt.X(
        "method:N",
        sort=methods,
        title=None,
        axis=alt.Axis(labelAngle=-40, orient="top", grid=True, domain=False, ticks=False),
    )
    y = alt.Y("feature:N", sort=order, title=None, axis=alt.Axis(labelLimit=260, grid=True, domain=False, ticks=False))
    legend = alt.Legend(title=["relative to", "the largest"], gradientLength=140)
    chart = (
        alt.Chart(rows(table))
        .transform_filter("datum.predictor === predictor")
        .mark_square(opacity=1)
        .encode(
            x=x,
            y=y,
            size=alt.Size("area:Q", scale=alt.Scale(domain=[0, 1], range=[0, 250]), legend=None),
            color=alt.Color("relative:Q", scale=DIVERGING, legend=legend),
            tooltip=[
                alt.Tooltip("feature:N", title="metric"),
                alt.Tooltip("method:N"),
                alt.Tooltip("mean:Q", title="mean coefficient", format=".3g"),
                alt.Tooltip("share:Q", title=f"used in folds (of {n})", format=".0%"),
            ],
        )
        .properties(height=19 * len(order))
    )
    told = f"Mean coefficients of {len(order)} metrics for {len(methods)} methods; at first of {chosen}."
    return Figure(
        "coefficients",
        "Coefficients, and how often they are used",
        f"Colour: mean coefficient over {n} folds, on the predictor's scaled features, relative to its largest. Area: "
        "the share of folds in which the metric is used; a full square is always, a dot never.",
        told,
        [Panel("", spec(chart, told, predictor=chosen))],
        least=320,
        need=280 + 46 * len(methods),
        controls=[Control("predictor", "Predictor", names, chosen)],
    )


def used(facts, coefficients: pd.DataFrame, categories) -> pd.DataFrame:
    """For the best predictor: `feature, share` over all folds and methods, the most used first."""
    table = mean_coefficients(coefficients, categories)
    name = facts.forecast.predictor.name if facts.forecast.predictor else ""
    mine = table[table.predictor == name].groupby("feature", sort=False).share.mean()
    return mine.sort_values(ascending=False, kind="stable").reset_index()
