"""What choosing the merge method by forecast would cost or gain."""

import altair as alt

from ...plots import rivals
from ..charts._panel import Figure, Panel, rows, spec
from ._section import Section, Table, share, told

NAME, TITLE = "selection", "Choosing the method by forecast"
NEEDS = ("selection",)


def section(setting, facts) -> Section:
    """Bars of regret, and the numbers behind them."""
    table = setting.tables["selection"]
    return Section(NAME, TITLE, words(table), [_figure(table, facts)], [_table(table)])


def words(table) -> list[str]:
    """Does any forecast beat always taking the method that is best on average?"""
    fixed, mine = table.regret_fixed.mean(), table[table.kind == "predictor"].dropna(subset="regret")
    found = [
        f"Always taking the method that is best on average in the training pairs loses {told(fixed, 3)} to the best method of "
        f"each pair (over {int(table.n.max())} choices)."
    ]
    if len(mine):
        first = mine.loc[mine.regret.idxmin()]
        verdict = "less: it pays" if first.regret < fixed else "no less: it does not pay"
        found.append(
            f"Choosing by {first.predictor}, the best predictor, loses {told(first.regret, 3)}, {verdict} to choose by "
            f"forecast; it names the best method in {share(first.hits)} of pairs."
        )
        found.append(f"{int((mine.regret < fixed).sum())} of {len(mine)} predictors lose less than the fixed choice.")
    return found


def _figure(table, facts) -> Figure:
    names, label = list(rivals(table)), facts.target.replace("_", " ")
    y = alt.Y("predictor:N", sort=names, title=None, axis=alt.Axis(labelLimit=120))
    tips = [alt.Tooltip("predictor:N"), alt.Tooltip("kind:N"), alt.Tooltip("regret:Q", format=".4f"),
            alt.Tooltip("hits:Q", title="best method named", format=".0%")]  # fmt: skip
    colour = alt.Color("kind:N", scale=alt.Scale(domain=["predictor", "baseline"]), legend=None)
    fixed = alt.Data(values=[{"fixed": float(table.regret_fixed.mean())}])
    chart = alt.layer(
        alt.Chart(rows(table[["predictor", "kind", "regret", "hits"]]))
        .mark_bar(height=12)
        .encode(x=alt.X("regret:Q", title=f"mean {label} lost to the best method"), y=y, color=colour, tooltip=tips),
        alt.Chart(fixed).mark_rule(style="strong", strokeDash=[5, 4], strokeWidth=2).encode(
            x="fixed:Q", tooltip=alt.Tooltip("fixed:Q", title="always the best on average", format=".4f")
        ),
    ).properties(height=19 * len(names))  # fmt: skip
    alternative = (
        f"Bars of mean regret of {len(names)} predictors; the fixed choice loses {told(table.regret_fixed.mean(), 3)}."
    )
    return Figure(
        "selection",
        "Regret of choosing by forecast",
        "0 is the oracle, which knows the best method of each pair. Dashed: always the method that is best on average in the "
        "training pairs. Orange: baselines.",
        alternative,
        [Panel("", spec(chart, alternative))],
        least=320,
        most="46rem",
    )


def _table(table) -> Table:
    head = [("predictor", False), ("kind", False), ("regret", True), ("best named", True), ("value chosen", True),
            ("always the best on average", True), ("oracle", True)]  # fmt: skip
    order = table.sort_values("kind", ascending=False, kind="stable")
    lines = [
        (row.kind, [row.predictor, row.kind, told(row.regret, 4), share(row.hits), told(row.value_chosen, 4),
                    told(row.value_fixed, 4), told(row.value_oracle, 4)])
        for row in order.itertuples()
    ]  # fmt: skip
    return Table(head, lines, "Mean value of the target under the method chosen, over held-out pairs.")
