"""Does the forecast lean on the same metrics, with the same sign, whichever task is held out?"""

import numpy as np

from ...plots import by_category
from ..charts._heat import heatmap
from ..charts._panel import Figure, Panel, spec
from ._section import Section, share

NAME, TITLE = "stability", "Do the coefficients hold still?"
NEEDS = ("stability",)


def section(setting, facts) -> Section:
    """One heatmap, metric × method."""
    table = setting.tables["stability"]
    return Section(NAME, TITLE, words(table), [_figure(table, setting.categories, [m.name for m in facts.methods])])


def words(table) -> list[str]:
    """How many metrics keep their sign in all folds, how many are in all folds."""
    always = table[(table.selected >= 1) & (table.sign_agreement >= 1)]
    used = table[table.selected > 0]
    found = [
        f"{table.predictor.iloc[0]} uses {share(table.selected.mean())} of metrics on average over folds and methods; where it "
        f"uses one, the majority sign holds in {share(used.sign_agreement.mean())} of folds (half would be a coin toss)."
    ]
    methods = table.method.nunique()
    steady = always.groupby("metric", sort=False).method.nunique()
    steady = [name for name, n in steady.items() if n == methods]
    found.append(
        f"In every fold of every method, with one sign: {', '.join(steady)}."
        if steady
        else "No metric is used with one sign in every fold of every method."
    )
    return found


def _figure(table, categories, methods) -> Figure:
    order = by_category(categories, table.metric)
    sign = np.sign(table["mean"]) * (2 * table.sign_agreement.fillna(0.5) - 1)
    made = table.assign(net=(table.selected * sign).round(4))[["metric", "method", "net", "selected", "sign_agreement", "mean"]]
    tips = [
        ("selected", "used in folds", ".0%"),
        ("sign_agreement", "majority sign", ".0%"),
        ("mean", "mean coefficient", ".3g"),
    ]
    chart = heatmap(made, "method", "metric", "net", xs=methods, ys=order, domain=(-1, 1), diverging=True,
                    title="positive − negative", tips=tips, row=19)  # fmt: skip
    n = int(table.n_folds.max())
    alternative = f"Net sign over {n} folds of {len(order)} metrics for {len(methods)} methods."
    return Figure(
        "stability",
        "Sign and use of each metric over folds",
        f"The share of {n} folds with a positive coefficient less the share with a negative one: ±1 is the same sign in all, 0 "
        "is no agreement or never used.",
        alternative,
        [Panel("", spec(chart, alternative))],
        least=320,
        need=280 + 46 * len(methods),
    )
