"""Do merge methods want the same of a pair?"""

from ..charts._heat import heatmap
from ..charts._panel import Figure, Panel, spec
from ._section import Section, share, told

NAME, TITLE = "agreement", "Do methods want the same?"
NEEDS = ("method_agreement",)


def section(setting, facts) -> Section:
    """Two heatmaps, method × method."""
    table = setting.tables["method_agreement"]
    return Section(NAME, TITLE, words(table), [_figure(table)])


def words(table) -> list[str]:
    """Means over pairs of methods, and the two that agree most and least."""
    if table.sign_agreement.isna().all():
        return [
            f"Over {len(table)} pair{'s' if len(table) > 1 else ''} of methods there is no metric that "
            f"{table.predictor.iloc[0]} uses under both, so its coefficients cannot be compared."
        ]
    found = [
        f"Over {len(table)} pairs of methods, the mean coefficients of {table.predictor.iloc[0]} have the same sign on "
        f"{share(table.sign_agreement.mean())} of metrics (half by chance), and {told(5 * table.top5_overlap.mean(), 1)} of "
        "the five largest are shared."
    ]
    if table.sign_agreement.notna().sum() > 1:
        sign = table.loc[table.sign_agreement.idxmax()], table.loc[table.sign_agreement.idxmin()]
        found.append(
            f"{sign[0].method_a} and {sign[0].method_b} agree most ({share(sign[0].sign_agreement)}), {sign[1].method_a} and "
            f"{sign[1].method_b} least ({share(sign[1].sign_agreement)})."
        )
    return found


def _figure(table) -> Figure:
    methods = list(dict.fromkeys([*table.method_a, *table.method_b]))
    columns = ["method_a", "method_b", "sign_agreement", "top5_overlap", "coefficient_r"]
    tips = [("coefficient_r", "r of coefficients", ".2f")]
    panels = []
    for column, title in (("sign_agreement", "Same sign"), ("top5_overlap", "Shared among the top five")):
        chart = heatmap(table[columns], "method_a", "method_b", column, xs=methods[:-1], ys=methods[1:], domain=(0, 1),
                        title=title.lower(), tips=tips, row=24)  # fmt: skip
        panels.append(Panel(title, spec(chart, f"{title}, of two methods; mean {told(table[column].mean())}.")))
    return Figure(
        "agreement",
        "Coefficients of one method against another's",
        "Left: the share of metrics whose mean coefficients have the same sign. Right: the share of the five largest "
        "coefficients that both have.",
        "Two heatmaps, method by method.",
        panels,
        least=max(150 + 32 * len(methods), 300),
        need=150 + 32 * len(methods),
    )
