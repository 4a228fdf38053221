"""Which category of metrics is missed, and which would be enough."""

import numpy as np

from ..charts._heat import heatmap
from ..charts._panel import Figure, Panel, spec
from ._section import Section, told

NAME, TITLE = "ablation", "Without a category, with only one"
NEEDS = ("ablation",)


def section(setting, facts) -> Section | None:
    """Two heatmaps, category × method; None where all metrics are of one category, so that none can be left out."""
    table = setting.tables["ablation"].copy()
    if not (table.kept == "without").any():
        return None
    table["category"] = table.category.str.replace("_", " ")
    return Section(NAME, TITLE, words(table), [_figure(table, [m.name for m in facts.methods])])


def words(table) -> list[str]:
    """The category missed most, the best alone, against all metrics."""
    every = table.loc[table.kept == "all", "mean_r"].mean()
    without = table[table.kept == "without"].groupby("category", sort=False).difference.mean().dropna()
    only = table[table.kept == "only"].groupby("category", sort=False).mean_r.mean().dropna()
    found = [f"With all metrics {table.predictor.iloc[0]} reaches a mean r of {told(every)} (mean over methods)."]
    if len(without):
        worst = without.idxmin()
        if without[worst] < -0.01:
            found.append(f"Without {worst} metrics it loses most: {told(-without[worst])}.")
        else:
            found.append("Leaving out any one category changes it by 0.01 or less, or helps: none is missed.")
    if len(only):
        above = only[only >= every]
        found.append(
            f"{only.idxmax().capitalize()} metrics alone reach {told(only.max())}"
            + ("; so fewer metrics do at least as well." if len(above) else ".")
        )
    return found


def _figure(table, methods) -> Figure:
    without, only = table[table.kept == "without"], table[table.kept != "without"]
    categories = list(dict.fromkeys(without.category))
    reach = float(np.nanmax([without.difference.abs().max(), 0.05]))
    tips = [("n_metrics", "metrics", ".0f"), ("mean_r", "mean r", ".3f"), ("n_undefined", "undefined folds", ".0f")]
    columns = ["method", "category", "n_metrics", "mean_r", "difference", "n_undefined"]
    left = heatmap(without[columns], "method", "category", "difference", xs=methods, ys=categories, domain=(-reach, reach),
                   diverging=True, title="change in mean r", form="+.2f", tips=tips, row=28)  # fmt: skip
    low, high = float(np.nanmin([only.mean_r.min(), 0])), float(np.nanmax([only.mean_r.max(), 0.1]))
    right = heatmap(only[columns], "method", "category", "mean_r", xs=methods, ys=["all", *categories], domain=(low, high),
                    title="mean r", tips=[tips[0], tips[2]], row=28)  # fmt: skip
    return Figure(
        "ablation",
        "Each category left out, and each alone",
        "Mean r within a fold, leave one task out. Left: the change when a whole category of metrics is left out (negative: it "
        "was missed). Right: with that category alone; 'all' is every metric.",
        "Two heatmaps of mean r by category and method.",
        [
            Panel("Change without the category", spec(left, "Change in mean r without each category, by method.")),
            Panel("Mean r with it alone", spec(right, "Mean r with only one category, by method.")),
        ],
        least=max(170 + 34 * len(methods), 300),
        need=170 + 34 * len(methods),
    )
