"""Whether anything is known of a pair beyond its two tasks, in words and by predictor and method."""

from ...charts import number, share
from ...tables.reading import rivals, unique
from .._section import Section, Table


def section(setting) -> Section:
    """The share of the spread that is the pair's own, and who forecasts it."""
    table = setting.tables["interaction"]
    return Section(words(table), tables=[listed(table)])


def words(table) -> list[str]:
    """How much there is to know, and the largest r, with how many of them chance would give."""
    own = table.drop_duplicates("method").share_measured
    said = [
        f"{share(own.min())} to {share(own.max())} of the variance over pairs, by method, is the pair's own: what is left once "
        "each task has a level."
    ]
    tried = table[(table.kind == "predictor") & table.r.notna()]
    if len(tried):
        top = tried.loc[tried.r.idxmax()]
        small = int((tried.p <= 0.05).sum())
        said.append(
            f"Of it, {top.predictor} under {top.method} forecasts most: r {number(top.r)}, p {number(top.p, 3)}. "
            f"{small} of {len(tried)} combinations have p ≤ 0.05; chance gives {number(0.05 * len(tried), 1)}."
        )
    return said


def listed(table) -> Table:
    methods, by = unique(table.method), table.set_index(["predictor", "method"])
    lines = []
    for name, kind in rivals(table).items():
        cells = [by.loc[(name, method)] for method in methods]
        if any(cell.r == cell.r for cell in cells):
            lines.append((kind, [name, *(f"{number(cell.r)} ({number(cell.p, 3)})" for cell in cells)]))
    head = [("predictor", False), *((method, True) for method in methods)]
    return Table(
        head, lines, "r of the pair's own part, forecast and measured, with both tasks unseen (p among relabelled tasks)."
    )
