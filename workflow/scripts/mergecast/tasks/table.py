"""The table of tasks, as tasks.tsv has it: rows of text by task name."""

import csv
from pathlib import Path

from ..catalogue import NAME, is_name
from ..errors import MergecastError

COLUMNS = ("task", "source", "path", "options", "classes", "prompts", "epochs", "steps")


def read_tasks(path, images=None) -> dict[str, dict]:
    """Rows of tasks.tsv by task name, in file order, empty cells as ""; none without a path, as for tables brought.

    Parameters
    ----------
    path : Path or str or None
    images : Path or str, optional
        The folder from which a relative `path` of a row starts, else the working directory. Not if the source is huggingface:
        an id of the hub is no path.

    Returns
    -------
    mapping from task to dict
        Text by column.

    Raises
    ------
    MergecastError
        For a missing or unreadable file, a missing column, a row with more cells than columns, a quote left open, no row at
        all, a repeated name, or a name that cannot be part of a file name.
    """
    if path is None:
        return {}
    header, rows = _read(path)
    if missing := [column for column in COLUMNS if column not in header]:
        raise MergecastError(
            f"{path}: lacks the column {missing[0]!r}; the columns are {', '.join(COLUMNS)}, separated by tabs"
        )
    if not rows:
        raise MergecastError(f"{path}: holds no task; add a row for each")
    tasks: dict[str, dict] = {}
    for number, row in enumerate(rows, start=1):
        name = (row["task"] or "").strip()
        if not is_name(name):
            raise MergecastError(f"{path}: task {name!r} (row {number}): a name takes {NAME}")
        if name in tasks:
            raise MergecastError(f"{path}: task {name!r} occurs twice; give one of them another name")
        if None in row:
            raise MergecastError(f"{path}: task {name!r} (row {number}): has more cells than columns; take out a tab")
        if any("\n" in (cell or "") for cell in row.values()):
            raise MergecastError(f"{path}: task {name!r} (row {number}): a cell begins with a quote that is not closed")
        tasks[name] = {column: (row[column] or "").strip() for column in COLUMNS}
        if images and tasks[name]["path"] and tasks[name]["source"] != "huggingface":
            tasks[name]["path"] = str(Path(images) / tasks[name]["path"])
    return tasks


def _read(path) -> tuple[list[str], list[dict]]:
    """Header and rows of a file of cells set apart by tabs, without its comments; a mark of the byte order is no text."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as handle:
            reader = csv.DictReader((line for line in handle if not line.startswith("#")), delimiter="\t")
            return list(reader.fieldnames or []), list(reader)
    except FileNotFoundError as error:
        raise MergecastError(f"{path}: no such file; `tasks_file` names the table of tasks") from error
    except UnicodeDecodeError as error:
        raise MergecastError(f"{path}: is not UTF-8 text ({error.reason}); save it as UTF-8") from error
    except (OSError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise MergecastError(f"{path}: cannot be read ({reason}); `tasks_file` names the table of tasks") from error
