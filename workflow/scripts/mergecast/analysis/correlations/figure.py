"""Heatmap metric × method of Pearson's r between a metric and the target over all pairs."""

from ...charts import Cells, Figure, Panel, heatmap, number, spec, words
from ...tables.reading import by_category, require, strongest, unique

COLUMNS = ["metric", "method", "category", "pearson", "spearman", "n_pairs", "text"]


def draw(setting) -> Figure:
    """A star marks p < 0.05 when tasks are relabelled, where there is a p. Raises MergecastError on an empty table."""
    table = require(setting.tables["correlations"], "correlations", "method", "metric", "pearson", "n_pairs").copy()
    order, methods = by_category(setting.categories, table.metric), unique(table.method)
    table = table[table.metric.isin(order)]
    table["category"] = table.metric.map(setting.categories)
    starred = table.p < 0.05 if "p" in table else table.pearson.isna()
    table["text"] = [number(r) + "*" * int(star) for r, star in zip(table.pearson, starred, strict=True)]
    tips = [("spearman", "Spearman ρ", ".3f"), ("n_pairs", "pairs", ".0f")]
    tips += [("p", "p, tasks relabelled", ".3f")] if "p" in table else []
    chart = heatmap(
        table[[*COLUMNS, *(["p"] if "p" in table else [])]],
        Cells(
            "method",
            "metric",
            "pearson",
            xs=methods,
            ys=order,
            domain=(-1, 1),
            diverging=True,
            title="Pearson r",
            tips=tips,
            row=19,
            text="text",
        ),
    )
    undefined = int(table.pearson.isna().sum())
    described = f"Heatmap of Pearson correlations of {len(order)} metrics with the target for {len(methods)} methods."
    name, r = strongest(table) or ("none", float("nan"))
    described += f" Strongest on average: {name}, {number(r)}."
    return Figure(
        "correlations",
        "Each metric alone",
        f"Pearson r between a metric and {words(setting.target)} over n = {int(table.n_pairs.max())} pairs. It says which "
        "metrics move with the target; it is not a forecast, since nothing is held out."
        + _stars(int(starred.sum()), len(table), "p" in table)
        + (f" {undefined} undefined (grey)." if undefined else ""),
        described,
        [Panel("", spec(chart, described))],
        least=320,
        need=280 + 46 * len(methods),
        width=46 * len(methods),
    )


def _stars(count, cells, there) -> str:
    if not there or not count:
        return ""
    return f" * p < 0.05 when tasks are relabelled, each cell by itself: 1 in 20 is expected. {count} of {cells} cells."
