"""The one exception a user is meant to read, its commonest line, and how a warning is given."""

import sys
from collections.abc import Iterable

WARNING = "mergecast: warning: "


class MergecastError(Exception):
    """Bad input. The message is one line that names the file, key, tensor, task or class, and says what to do."""


def require_columns(columns: Iterable[str], where: str, *needed: str) -> None:
    """Raise MergecastError for the first needed column that a table lacks.

    Parameters
    ----------
    columns : iterable of str
        Those of the table.
    where : str
        How the error calls the table.
    *needed : str

    Raises
    ------
    MergecastError
        With the columns that are there.
    """
    there = list(map(str, columns))
    for column in needed:
        if column not in there:
            raise MergecastError(f"{where}: lacks the column {column!r}; its columns are {', '.join(there)}")


def warn(line: str) -> None:
    """Say on stderr what a user should know of a result that is made all the same.

    Parameters
    ----------
    line : str
        Begins with what it is about.
    """
    print(f"{WARNING}{line}", file=sys.stderr)
