"""How much of the spread over pairs is chance of the test images."""

from ...charts import number, share, target_name
from .._section import Section, Table


def section(setting) -> Section:
    """What a perfect forecast could reach, in a sentence and by method."""
    table = setting.tables["noise"]
    return Section(words(table), tables=[listed(table)])


def words(table) -> list[str]:
    """The range over methods."""
    low, high = table.noise_share.min(), table.noise_share.max()
    reach = _range(number((1 - high) ** 0.5), number((1 - low) ** 0.5))
    shares, target = _range(share(low), share(high)), target_name(table.target.iloc[0])
    return [
        f"{shares} of the variance of {target} over pairs is chance of which test images were drawn "
        f"({int(table.least_images.min())} or more per task). A forecast that knew every pair's true value would have an r of "
        f"{reach} with what was measured."
    ]


def _range(low: str, high: str) -> str:
    return low if low == high else f"{low} to {high}"


def listed(table) -> Table:
    head = [("method", False), ("s.d. over pairs", True), ("of it noise", True), ("share of the variance", True),
            ("highest r", True), ("pairs", True)]  # fmt: skip
    lines = [
        ("", [row.method, number(row.sd, 3), number(row.noise_sd, 3), share(row.noise_share), number(row.highest_r),
              str(row.n_pairs)])
        for row in table.itertuples()
    ]  # fmt: skip
    return Table(head, lines, "Test images drawn anew, those of a task once for all models that were tested on them.")
