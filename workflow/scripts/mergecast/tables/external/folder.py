"""A folder of published tables: which settings it holds, and what it lacks of the others."""

import re
from pathlib import Path

import pandas as pd

from ... import tables
from ...errors import MergecastError
from . import layouts

NEEDED = {"metrics": "metrics_{}.csv", "merges": "merges_{}.csv", "singles": "finetune_{}.csv"}
OPTIONAL = {"subsets": "subsets5_{}.csv", "calibration": "calibration_{}.csv"}


def find(folder: str) -> tuple[dict[str, dict[str, str]], dict[str, list[str]]]:
    """Paths of the tables of every whole setting, and the files that every other setting lacks.

    Parameters
    ----------
    folder : str

    Returns
    -------
    tuple of two dicts
        The paths, by setting and kind of table; and, for every other setting, the names of the files it lacks.

    Raises
    ------
    MergecastError
        If the folder is not there or holds no whole setting.
    """
    path = Path(folder)
    if not path.is_dir():
        raise MergecastError(f"published: {folder!r} is no folder; give the folder that holds the published tables")
    patterns = [pattern.replace(".", r"\.").format("([A-Za-z0-9][A-Za-z0-9_.-]*)") for pattern in NEEDED.values()]
    names = {match[1] for file in path.iterdir() for pattern in patterns if (match := re.fullmatch(pattern, file.name))}
    whole, lacking = {}, {}
    for name in sorted(names):
        if missing := [pattern.format(name) for pattern in NEEDED.values() if not (path / pattern.format(name)).is_file()]:
            lacking[name] = missing
        else:
            whole[name] = {
                kind: str(path / pattern.format(name))
                for kind, pattern in (NEEDED | OPTIONAL).items()
                if (path / pattern.format(name)).is_file()
            }
    if not whole:
        files = ", ".join(pattern.format("SETTING") for pattern in NEEDED.values())
        raise MergecastError(f"published: {folder!r} holds no setting with all of {files}; give the folder that does")
    return whole, lacking


def merges(folder: str, setting: str) -> pd.DataFrame | None:
    """The merges of a setting that lacks other tables, to compare with.

    Parameters
    ----------
    folder, setting : str

    Returns
    -------
    DataFrame or None
        As `layouts.merges` gives it; None if that table is missing too, or is faulty.
    """
    path = Path(folder) / NEEDED["merges"].format(setting)
    try:
        table = tables.read(path)
        names = dict.fromkeys(str(name) for side in ("task_a", "task_b") for name in table.get(side, []))
        return layouts.merges(table, str(path), tuple(names))
    except MergecastError:  # it is not used, so its faults are no reason to stop
        return None
