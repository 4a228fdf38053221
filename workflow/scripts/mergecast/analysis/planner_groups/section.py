"""How well groups follow from their pairs, in words and as a table."""

from ...charts import number
from ...tables.reading import unique
from .._section import Section, Table

RULES = {
    "mean": "the mean of the pairs",
    "levelled": "that mean at the level of the other measured groups",
    "additive": "adding up the losses of the pairs",
}


def section(setting) -> Section:
    """Both rules, from forecasts and from measured pairs."""
    table = setting.tables["planner_groups"]
    return Section(said(table), tables=[listed(table)])


def said(table) -> list[str]:
    """The rules side by side, mean over methods, and what measured pairs would reach."""
    mean = table[table.method == "all"].set_index(["size", "pairs", "rule"]).sort_index()
    sentences = []
    for size in unique(table["size"]):
        n = int(mean.loc[(size, "forecast", "additive")].n)
        sentences.append(
            f"{n} groups of {size} were merged. Forecast from their pairs: {_both(mean.loc[(size, 'forecast')])}. "
            f"From measured pairs: {_both(mean.loc[(size, 'measured')])}."
        )
    return sentences


def _both(rules) -> str:
    return "; by ".join(
        ("by " if not place else "")
        + f"{text}, MAE {number(rules.mae[rule], 3)}, Q² {number(rules.q2[rule])}, r {number(rules.r[rule])}"
        for place, (rule, text) in enumerate(RULES.items())
    )


def listed(table) -> Table:
    lines = [
        (
            "",
            [
                row.rule,
                row.pairs,
                row.method,
                str(row.size),
                number(row.r),
                number(row.q2),
                number(row.mae, 3),
                number(row.bias, 3),
            ],
        )
        for row in table[table.pairs == "forecast"].assign(size=table["size"].astype(int)).itertuples()
    ]
    head = [("rule", False), ("pairs", False), ("method", False), ("size", True), ("r", True), ("Q²", True), ("MAE", True),
            ("bias", True)]  # fmt: skip
    return Table(head, lines, "Groups as forecast from their pairs, both tasks of a pair unseen, against what they measured.")
