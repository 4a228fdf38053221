"""What could not be used, in a sentence and in full."""

from .._section import Section, Table


def section(setting) -> Section:
    """Counts in a sentence, then every one of them."""
    table = setting.tables["dropped"]
    return Section(words(table), tables=[listed(table)])


def words(table) -> list[str]:
    """How many of each."""
    counts = table.groupby("what", sort=False).size()
    listed = ", ".join(f"{n} {what}{'s' if n > 1 else ''}" for what, n in counts.items())
    return [f"Of the tables that were brought, {listed} could not be used."]


def listed(table) -> Table:
    lines = [("", [row.what, row.name_, row.reason]) for row in table.rename(columns={"name": "name_"}).itertuples()]
    return Table([("what", False), ("name", False), ("reason", False)], lines)
