"""Which merge methods agree most and least."""

from ...charts import number, share
from .._section import Section
from .figure import draw


def section(setting) -> Section:
    """Two heatmaps, method × method."""
    return Section(words(setting.of_analyst("method_agreement")), [draw(setting)])


def words(table) -> list[str]:
    """Means over pairs of methods, and the two that agree most and least."""
    if table.sign_agreement.isna().all():
        return [
            f"Over {len(table)} pair{'s' if len(table) > 1 else ''} of methods there is no metric that "
            f"{table.predictor.iloc[0]} uses under both, so its coefficients cannot be compared."
        ]
    sentences = [
        f"Over {len(table)} pairs of methods, the mean coefficients of {table.predictor.iloc[0]} have the same sign on "
        f"{share(table.sign_agreement.mean())} of metrics (half by chance), and {number(5 * table.top5_overlap.mean(), 1)} of "
        "the five largest are shared."
    ]
    if table.sign_agreement.notna().sum() > 1:
        sign = table.loc[table.sign_agreement.idxmax()], table.loc[table.sign_agreement.idxmin()]
        sentences.append(
            f"{sign[0].method_a} and {sign[0].method_b} agree most ({share(sign[0].sign_agreement)}), {sign[1].method_a} and "
            f"{sign[1].method_b} least ({share(sign[1].sign_agreement)})."
        )
    return sentences
