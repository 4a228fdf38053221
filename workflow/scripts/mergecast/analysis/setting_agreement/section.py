"""How far the mean coefficients of two settings agree."""

from ...charts import number, share, target_name
from .._section import Section, Table


def section(across) -> Section:
    """A sentence, and every two settings in a table."""
    table = across.tables["setting_agreement"]
    return Section(words(table), tables=[listed(table)])


def words(agreement) -> list[str]:
    """Means over methods and pairs of settings."""
    return [
        f"Between settings, mean coefficients of {' and '.join(dict.fromkeys(agreement.predictor))} have the same sign on "
        f"{share(agreement.sign_agreement.mean())} of metrics (half by chance), and share "
        f"{number(5 * agreement.top5_overlap.mean(), 1)} of their five largest."
    ]


def listed(agreement) -> Table:
    several = "target" in agreement and agreement.target.nunique() > 1
    head = [*([("target", False)] if several else []), ("method", False), ("setting", False),
            ("with", False), ("same sign", True), ("shared of top five", True),
            ("r of coefficients", True)]  # fmt: skip
    lines = [
        ("", [*([target_name(row.target)] if several else []), row.method, row.setting_a, row.setting_b,
              share(row.sign_agreement), number(5 * row.top5_overlap, 0),
              number(row.coefficient_r)])
        for row in agreement.itertuples()
    ]  # fmt: skip
    return Table(head, lines, "Agreement of mean coefficients between settings.")
