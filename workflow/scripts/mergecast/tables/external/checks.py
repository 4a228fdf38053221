"""Checks of tables somebody else made: columns that are there, numbers that are numbers, names, pairs without a twin.

Every error is one line that names the table (`where`, its file), the row, the column and what to do. Rows count from 1
below the header.
"""

from collections.abc import Sequence

import pandas as pd

from ... import catalogue
from ...errors import MergecastError, require_columns

PAIR = ["task_a", "task_b"]
BLANK = ("", "nan", "na", "n/a", "none", "null")


def columns(table: pd.DataFrame, where: str, *needed: str) -> None:
    """Raise MergecastError unless every needed column is there, and none is without a name.

    Parameters
    ----------
    table : DataFrame
    where : str
        How errors call the table.
    *needed : str

    Raises
    ------
    MergecastError
        For a column that is missing, and for one without a name.
    """
    for column in table.columns:
        if str(column).startswith("Unnamed:"):
            raise MergecastError(f"{where}: has a column without a name; write the table without its index")
    require_columns(table.columns, where, *needed)


def names(table: pd.DataFrame, where: str, column: str, kind: str) -> pd.Series:
    """The texts of a column that names tasks or methods.

    Parameters
    ----------
    table : DataFrame
    where : str
        How errors call the table.
    column : str
    kind : str
        What the column names, for errors.

    Returns
    -------
    Series of str
        Without blanks around them.

    Raises
    ------
    MergecastError
        For a name that could be no file name.
    """
    texts = table[column].astype("object").where(table[column].notna(), "").map(lambda name: str(name).strip())
    for row, name in enumerate(texts, start=1):
        if not catalogue.is_name(name):
            raise MergecastError(f"{where}: row {row}: {column} is {name!r}; a {kind} takes {catalogue.NAME}")
    return texts


def numbers(table: pd.DataFrame, where: str, wanted: Sequence[str], share: bool = False) -> pd.DataFrame:
    """These columns as float64, missing values as NaN.

    Parameters
    ----------
    table : DataFrame
    where : str
        How errors call the table.
    wanted : sequence of str
        Columns of the table.
    share : bool, default False
        Whether every value must lie between 0 and 1.

    Returns
    -------
    DataFrame

    Raises
    ------
    MergecastError
        For the first text that is no number or, with `share`, number that is no share, naming row, pair or task, and column.
    """
    converted = {}
    for column in wanted:
        values = table[column]
        if pd.api.types.is_bool_dtype(values) or not pd.api.types.is_numeric_dtype(values):
            blank = values.isna() | values.astype(str).str.strip().str.lower().isin(BLANK)
            values = pd.to_numeric(values.astype("object").mask(blank).astype(str).mask(blank), errors="coerce")
            _none(table, where, column, values.isna() & ~blank, "no number; correct it or leave it empty")
        converted[column] = values.astype("float64")
        if share:
            outside = (converted[column] < 0) | (converted[column] > 1)
            _none(table, where, column, outside, "no accuracy; give a share between 0 and 1")
    return pd.DataFrame(converted, index=table.index, columns=list(wanted))


def pairs(table: pd.DataFrame, where: str, tasks: Sequence[str]) -> pd.DataFrame:
    """The pair of every row, its tasks in order.

    Parameters
    ----------
    table : DataFrame
    where : str
        How errors call the table.
    tasks : sequence of str
        All tasks, in order.

    Returns
    -------
    DataFrame
        `task_a, task_b`, task_a before task_b in the order of `tasks`, and whether they were `swapped`.

    Raises
    ------
    MergecastError
        For a task that is not among `tasks`, and for a task paired with itself.
    """
    sides = pd.DataFrame({side: names(table, where, side, "task") for side in PAIR})
    place = {task: number for number, task in enumerate(tasks)}
    for row, (a, b) in enumerate(sides.itertuples(index=False, name=None), start=1):
        for task in (a, b):
            if task not in place:
                raise MergecastError(f"{where}: row {row}: {catalogue.unknown('task', task, tasks)}")
        if a == b:
            raise MergecastError(f"{where}: row {row}: task {a!r} is paired with itself; remove that row")
    swapped = sides["task_a"].map(place) > sides["task_b"].map(place)
    a, b = sides["task_a"].mask(swapped, sides["task_b"]), sides["task_b"].mask(swapped, sides["task_a"])
    return pd.DataFrame({"task_a": a, "task_b": b, "swapped": swapped})


def once(table: pd.DataFrame, where: str, keys: Sequence[str]) -> None:
    """Raise MergecastError if two rows have the same keys.

    Parameters
    ----------
    table : DataFrame
    where : str
        How errors call the table.
    keys : sequence of str
        Columns of the table.

    Raises
    ------
    MergecastError
        If two rows have the same keys, naming them.
    """
    twice = table.duplicated(list(keys))
    if twice.any():
        row = int(twice.to_numpy().argmax())
        named = table.iloc[row]
        pair = [f"pair {named['task_a']}__{named['task_b']}"] if "task_a" in keys else []
        others = [f"{key.removeprefix('n_')} {named[key]}" for key in keys if key not in PAIR]
        raise MergecastError(f"{where}: {', '.join([*pair, *others])} stands there twice; remove one row")


def _none(table: pd.DataFrame, where: str, column: str, faulty: pd.Series, what: str) -> None:
    if faulty.any():
        row = int(faulty.to_numpy().argmax())
        named = table.iloc[row]
        whose = "__".join(str(named[key]) for key in PAIR) if set(PAIR) <= set(table.columns) else named.get("task", "")
        raise MergecastError(f"{where}: row {row + 1} ({whose}): {column} is {str(named[column])!r}, {what}")
