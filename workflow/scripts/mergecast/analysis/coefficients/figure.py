"""Squares metric × method: colour is the mean coefficient, area how often the metric is used."""

import altair as alt

from ...charts import Control, Figure, Panel, rows, span, spec
from ...tables.reading import by_category, leader, mean_coefficients, unique

LARGEST = alt.Scale(domain=[-1, 1], range="diverging", interpolate="rgb")


def draw(setting) -> Figure:
    """For the predictor chosen; on paper one panel per predictor. Raises MergecastError if no metric has a coefficient."""
    coefficients, categories = setting.headline["coefficients"], setting.categories
    table = mean_coefficients(coefficients, categories)
    order, methods, names = by_category(categories, table.feature), unique(table.method), unique(table.predictor)
    n = span(coefficients.groupby(["method", "predictor"]).fold.nunique())
    best = leader(setting.headline["scores"], "predictor")
    chosen = best if best in names else names[0]
    largest = table["mean"].abs().groupby(table.predictor).transform("max").replace(0, 1)
    table = table.assign(relative=table["mean"] / largest, area=table.share.clip(lower=0.006))
    described = f"Mean coefficients of {len(order)} metrics for {len(methods)} methods; at first of {chosen}."
    return Figure(
        "coefficients",
        "Coefficients, and how often they are used",
        f"Colour: mean coefficient over n = {n} folds, on the predictor's scaled features, relative to its largest. Area: the "
        "share of folds in which the metric is used; a full square is always, a dot never.",
        described,
        [Panel("", spec(_squares(table, order, methods, n), described, predictor=chosen))],
        least=320,
        need=280 + 46 * len(methods),
        controls=[Control("predictor", "Predictor", names, chosen)],
        width=max(24 * len(methods), 90),
        choices=[
            Panel(name, spec(_squares(table[table.predictor == name], order, methods, n, named=i == 0, only=name), described))
            for i, name in enumerate(names)
        ],
        columns=len(names),
    )


def _squares(table, order, methods, n, *, named=True, only=""):
    """All predictors, of which a signal chooses one; or one `only`, whose rows may go without names."""
    turned = alt.Axis(labelAngle=-90 if only else -40, orient="top", grid=True, domain=False, ticks=False)
    listed = alt.Axis(labelLimit=320, labels=named, grid=True, domain=False, ticks=False)
    legend = alt.Legend(title=["relative to", "the largest"], gradientLength=140) if not only or named else None
    return (
        alt.Chart(rows(table))
        .transform_filter(f"datum.predictor === {'datum.predictor' if only else 'predictor'}")
        .mark_square(opacity=1)
        .encode(
            x=alt.X("method:N", sort=methods, scale=alt.Scale(domain=methods), title=None, axis=turned),
            y=alt.Y("feature:N", sort=order, scale=alt.Scale(domain=order), title=None, axis=listed),
            size=alt.Size("area:Q", scale=alt.Scale(domain=[0, 1], range=[0, 250]), legend=None),
            color=alt.Color("relative:Q", scale=LARGEST, legend=legend),
            tooltip=[
                alt.Tooltip("feature:N", title="metric"),
                alt.Tooltip("method:N"),
                alt.Tooltip("mean:Q", title="mean coefficient", format=".3g"),
                alt.Tooltip("share:Q", title=f"used in folds (of {n})", format=".0%"),
            ],
        )
        .properties(height=19 * len(order))
    )
