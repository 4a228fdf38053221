"""Which category of metrics is missed, and which would be enough."""

from ...charts import number
from ...charts import words as plain
from .._section import Section
from .figure import draw


def section(setting) -> Section | None:
    """None where all metrics are of one category, so that none can be left out."""
    table = setting.tables["ablation"].copy()
    if not (table.kept == "without").any():
        return None
    table["category"] = table.category.map(plain)
    return Section(words(table), [draw(setting)])


def words(table) -> list[str]:
    """The category missed most, the best alone, against all metrics."""
    every = table.loc[table.kept == "all", "mean_r"].mean()
    without = table[table.kept == "without"].groupby("category", sort=False).difference.mean().dropna()
    only = table[table.kept == "only"].groupby("category", sort=False).mean_r.mean().dropna()
    sentences = [f"With all metrics {table.predictor.iloc[0]} reaches a mean r of {number(every)} (mean over methods)."]
    if len(without):
        worst = without.idxmin()
        if without[worst] < -0.01:
            sentences.append(f"Without {worst} metrics it loses most: {number(-without[worst])}.")
        else:
            sentences.append("Leaving out any one category changes it by 0.01 or less, or helps: none is missed.")
    if len(only):
        above = only[only >= every]
        sentences.append(
            f"{only.idxmax().capitalize()} metrics alone reach {number(only.max())}"
            + ("; so fewer metrics do at least as well." if len(above) else ".")
        )
    return sentences
