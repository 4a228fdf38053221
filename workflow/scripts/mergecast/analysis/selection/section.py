"""Whether any forecast beats always taking the method that is best on average."""

from ...charts import number, share
from .._section import Section, Table
from .figure import draw


def section(setting) -> Section:
    """Bars of regret, and the numbers behind them."""
    table = setting.tables["selection"]
    return Section(words(table), [draw(setting)], [listed(table)])


def words(table) -> list[str]:
    """Does any forecast beat always taking the method that is best on average?"""
    fixed, mine = table.regret_fixed.mean(), table[table.kind == "predictor"].dropna(subset="regret")
    sentences = [
        f"Always taking the method that is best on average in the training pairs loses {number(fixed, 3)} to the best method "
        f"of each pair (over {int(table.n.max())} choices)."
    ]
    if len(mine):
        first = mine.loc[mine.regret.idxmin()]
        verdict = "less: it pays" if first.regret < fixed else "no less: it does not pay"
        sentences.append(
            f"Choosing by {first.predictor}, the best predictor, loses {number(first.regret, 3)}, {verdict} to choose by "
            f"forecast; it names the best method in {share(first.hits)} of pairs."
        )
        sentences.append(f"{int((mine.regret < fixed).sum())} of {len(mine)} predictors lose less than the fixed choice.")
    return sentences


def listed(table) -> Table:
    head = [("predictor", False), ("kind", False), ("regret", True), ("best named", True), ("value chosen", True),
            ("always the best on average", True), ("oracle", True)]  # fmt: skip
    order = table.sort_values("kind", ascending=False, kind="stable")
    lines = [
        (row.kind, [row.predictor, row.kind, number(row.regret, 4), share(row.hits), number(row.value_chosen, 4),
                    number(row.value_fixed, 4), number(row.value_oracle, 4)])
        for row in order.itertuples()
    ]  # fmt: skip
    return Table(head, lines, "Mean value of the target under the method chosen, over held-out pairs.")
