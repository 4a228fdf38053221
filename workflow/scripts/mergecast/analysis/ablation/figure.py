"""Two heatmaps, category × method: the change in mean r without a category, and mean r with only that category."""

import numpy as np

from ...charts import Cells, Figure, Panel, heatmap, number, spec, words
from ...tables.reading import require, unique

TIPS = [("n_metrics", "metrics", ".0f"), ("mean_r", "mean r", ".3f"), ("n_undefined", "undefined folds", ".0f")]
COLUMNS = ["method", "category", "n_metrics", "mean_r", "difference", "n_undefined"]


def draw(setting) -> Figure:
    """Where all metrics are of one category, none can be left out, and only the second is drawn, of all metrics.

    Raises MergecastError on an empty table.
    """
    table = require(setting.tables["ablation"], "ablation", "predictor", "kept", *COLUMNS, "n_folds").copy()
    counts = table[table.kept == "only"].drop_duplicates("category").set_index("category").n_metrics.to_dict()
    table["category"] = [f"{words(name)} ({counts[name]:.0f})" if name in counts else words(name) for name in table.category]
    without, only, methods = table[table.kept == "without"], table[table.kept != "without"], unique(table.method)
    categories, panels = unique(without.category), []
    if categories:
        reach = float(np.nanmax([without.difference.abs().max(), 0.05]))
        left = heatmap(
            without[COLUMNS],
            Cells(
                "method",
                "category",
                "difference",
                xs=methods,
                ys=categories,
                domain=(-reach, reach),
                diverging=True,
                title="change in mean r",
                form="+.2f",
                tips=TIPS,
                row=28,
            ),
        )
        panels.append(Panel("Change without the category", spec(left, "Change in mean r without each category, by method.")))
    low, high = float(np.nanmin([only.mean_r.min(), 0])), float(np.nanmax([only.mean_r.max(), 0.1]))
    right = heatmap(
        only[COLUMNS],
        Cells(
            "method",
            "category",
            "mean_r",
            xs=methods,
            ys=["all", *categories],
            domain=(low, high),
            title="mean r",
            tips=[TIPS[0], TIPS[2]],
            row=28,
        ),
    )
    panels.append(Panel("Mean r with it alone", spec(right, "Mean r with only one category, by method.")))
    return Figure(
        "ablation",
        "Each category left out, and each alone",
        f"{table.predictor.iloc[0]}, mean r within a fold, n = {int(table.n_folds.max())} folds, leave one task out. "
        + (_LEGEND if categories else "One category only: nothing to leave out. ")
        + f"All metrics: {number(table[table.kept == 'all'].mean_r.mean())} on average over methods.",
        "Heatmaps of mean r by category and method.",
        panels,
        least=max(170 + 34 * len(methods), 300),
        need=170 + 34 * len(methods),
        width=36 * len(methods),
    )


_LEGEND = (
    "Left: the change when a whole category of metrics is left out (negative: it was missed). Right: with that category alone; "
    "'all' is every metric. In brackets: the number of metrics. "
)
