"""What a section of the page is made of: sentences first, then charts, then compact tables."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

from ...plots import target_name
from ..charts._panel import Figure

SPLIT_NAMES = {"loto": "leave one task out", "l2to": "leave two tasks out", "disjoint": "disjoint halves"}


@dataclass(frozen=True)
class Table:
    """A sortable table: headings with whether they are numeric, rows of (class, cells), a note above."""

    head: Sequence[tuple[str, bool]]
    rows: Sequence[tuple[str, Sequence]]
    note: str = ""


@dataclass(frozen=True)
class Section:
    """One analysis on the page."""

    name: str
    title: str
    words: Sequence[str]
    figures: Sequence[Figure] = field(default_factory=tuple)
    tables: Sequence[Table] = field(default_factory=tuple)


def told(value, digits: int = 2) -> str:
    """A number in a sentence: a true minus sign, "undefined" where there is none.

    >>> told(-0.123), told(float("nan"))
    ('−0.12', 'undefined')
    """
    if value is None or pd.isna(value) or not math.isfinite(value):
        return "undefined"
    return f"{round(float(value), digits) + 0.0:.{digits}f}".replace("-", "−")


def share(value) -> str:
    """A share as a percentage, or "undefined"."""
    return "undefined" if value is None or pd.isna(value) else f"{100 * value:.0f}%"


def best(table: pd.DataFrame, column: str, kind: str | None = None) -> tuple[str, float] | None:
    """The predictor (of a kind) with the highest mean of `column` over methods, defined for all, and that mean."""
    mine = table if kind is None else table[table.kind == kind]
    groups = mine.groupby("predictor", sort=False)[column]
    mean = groups.mean()[groups.apply(lambda values: values.notna().all())]
    return (mean.idxmax(), float(mean.max())) if len(mean) else None


__all__ = ["SPLIT_NAMES", "Section", "Table", "best", "share", "target_name", "told"]
