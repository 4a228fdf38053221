"""The analyses on the page: one module a section, each with sentences computed from its tables, charts, and compact tables.

A module says what it is (`NAME`, `TITLE`) and which tables it `NEEDS`; `section(setting, facts)` makes it, or nothing where
there is nothing to compare.
"""

from . import (
    ablation,
    agreement,
    calibration,
    coverage,
    dropped,
    greedy,
    scores,
    selection,
    splits,
    stability,
    subsets,
    targets,
)
from ._section import Section

ORDER = (scores, splits, targets, coverage, stability, agreement, ablation, greedy, calibration, subsets, selection, dropped)


def sections(setting, facts) -> tuple[list[Section], list[str]]:
    """The sections of a setting in the order of the page, and the titles of analyses that it has no rows for."""
    found, missing = [], []
    for module in ORDER:
        if any(name not in setting.tables or setting.tables[name].empty for name in module.NEEDS):
            made = None
        else:
            made = module.section(setting, facts)
        if made is not None:
            found.append(made)
        elif module is not dropped:
            missing.append(module.TITLE)
    return found, missing


__all__ = ["Section", "sections"]
