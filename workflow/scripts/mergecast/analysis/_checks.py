"""What every analysis asks of the tables it is given."""

from collections.abc import Sequence

import pandas as pd

from .. import catalogue
from ..errors import MergecastError, require_columns


def require(table: pd.DataFrame, name: str, columns: Sequence[str]) -> None:
    """Raise MergecastError unless the table has rows and all these columns; `name` names it in the error."""
    require_columns(table.columns, f"table {name}", *columns)
    if table.empty:
        raise MergecastError(f"table {name}: has no row; make what it is made of first")


def one_target(table: pd.DataFrame, name: str) -> None:
    """Raise MergecastError if rows of several targets are mixed; a table without the column has one."""
    targets = list(table["target"].unique()) if "target" in table.columns else []
    if len(targets) > 1:
        raise MergecastError(f"table {name}: mixes targets {', '.join(targets)}; give the rows of one of them")


def numbers(table: pd.DataFrame, name: str, columns: Sequence[str]) -> None:
    """Raise MergecastError for a missing value in one of these columns."""
    for column in columns:
        if table[column].isna().any():
            row = table[table[column].isna()].iloc[0]
            where = ", ".join(
                f"{key} {row[key]!r}" for key in ("predictor", "method", "fold", "subset", "metric") if key in row
            )
            raise MergecastError(f"table {name}: {column} is missing ({where}); make it again or drop the row")


def chosen(values, kind: str, name: str | None) -> list[str]:
    """All names of a kind in order of first occurrence, or `name` alone. Raises MergecastError if it is not there."""
    names = list(dict.fromkeys(values))
    if name is None:
        return names
    if name not in names:
        raise MergecastError(catalogue.unknown(kind, name, names))
    return [name]
