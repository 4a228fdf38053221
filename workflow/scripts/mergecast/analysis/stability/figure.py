"""Heatmap metric × method: written, how many folds use the metric; coloured, how they agree on its sign."""

import numpy as np

from ...charts import Cells, Figure, Panel, heatmap, spec
from ...tables.reading import by_category, require, unique


def draw(setting) -> Figure:
    """Of the predictor of the analyses. Raises MergecastError on an empty table."""
    columns = ("predictor", "method", "metric", "selected", "sign_agreement", "mean", "n_folds")
    table = require(setting.of_analyst("stability"), "stability", *columns)
    order, methods = by_category(setting.categories, table.metric), unique(table.method)
    sign = np.sign(table["mean"]) * (2 * table.sign_agreement.fillna(0.5) - 1)
    made = table.assign(net=(table.selected * sign).round(4))[["metric", "method", "net", "selected", "sign_agreement", "mean"]]
    tips = [
        ("selected", "used in folds", ".0%"),
        ("sign_agreement", "majority sign", ".0%"),
        ("mean", "mean coefficient", ".3g"),
    ]
    chart = heatmap(
        made,
        Cells(
            "method",
            "metric",
            "net",
            xs=methods,
            ys=order,
            domain=(-1, 1),
            diverging=True,
            title="positive − negative",
            tips=tips,
            row=19,
            text="selected",
            form=".0%",
        ),
    )
    n = int(table.n_folds.max())
    alternative = f"Net sign over {n} folds of {len(order)} metrics for {len(methods)} methods."
    return Figure(
        "stability",
        "Sign and use of each metric over folds",
        f"{table.predictor.iloc[0]}. Number: share of n = {n} folds in which the metric has a coefficient. Colour: the share "
        "with a positive coefficient less the share with a negative one; ±1 is the same sign in all, 0 no agreement.",
        alternative,
        [Panel("", spec(chart, alternative))],
        least=320,
        need=280 + 46 * len(methods),
        width=46 * len(methods),
    )
