"""How many metrics keep their sign, and how many are always used."""

from ...charts import share
from .._section import Section
from .figure import draw


def section(setting) -> Section:
    """One heatmap, metric × method."""
    return Section(words(setting.of_analyst("stability")), [draw(setting)])


def words(table) -> list[str]:
    """How many metrics keep their sign in all folds, how many are in all folds."""
    always = table[(table.selected >= 1) & (table.sign_agreement >= 1)]
    used = table[table.selected > 0]
    sentences = [
        f"{table.predictor.iloc[0]} uses {share(table.selected.mean())} of metrics on average over folds and methods; where it "
        f"uses one, the majority sign holds in {share(used.sign_agreement.mean())} of folds (half would be a coin toss)."
    ]
    methods = table.method.nunique()
    steady = always.groupby("metric", sort=False).method.nunique()
    steady = [name for name, n in steady.items() if n == methods]
    sentences.append(
        f"In every fold of every method, with one sign: {', '.join(steady)}."
        if steady
        else "No metric is used with one sign in every fold of every method."
    )
    return sentences
