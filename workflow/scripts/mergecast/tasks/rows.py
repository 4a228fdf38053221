"""What a row of tasks.tsv says before any of its images is read: whether it can be right."""

import os
import re

from .. import catalogue
from ..errors import MergecastError
from . import known_sources, options

# Sources that need a `path`: what it is, and whether a file or a folder must be there.
PATHS = {
    "npz": ("the file with its images", "file"),
    "folder": ("the folder with its pictures", "folder"),
    "huggingface": ("the id of a data set on the hub, or a folder", "folder"),
}
LENGTHS = ("epochs", "steps")  # of fine-tuning; one of them
HUB_ID = re.compile(r"\w[\w.-]*(/[\w.-]+)?")


def check_row(row: dict) -> None:
    """Raise MergecastError naming the task and the column that cannot be right.

    Parameters
    ----------
    row : mapping from column to text
        As `read_tasks` gives it.

    Raises
    ------
    MergecastError
        For an unknown source; a path that is lacking or not there; `epochs` and `steps` that are no whole numbers above 0, or
        both given; prompts that do not hold `{}` once; a class without a name, or named twice; options that the source refuses.
    """
    where, source, path = f"task {row['task']!r}", row["source"], row["path"]
    if source not in known_sources():
        raise MergecastError(f"{where}: {catalogue.unknown('source', source, known_sources())}")
    what, kind = PATHS.get(source, ("", "file"))
    if what and not path:
        raise MergecastError(f"{where}: source {source} needs `path`, {what}")
    there = os.path.isfile(path) if kind == "file" else os.path.isdir(path)
    if path and not there and not (source == "huggingface" and HUB_ID.fullmatch(path)):
        raise MergecastError(f"{where}: path {path!r} is no {kind}; put the images there or correct tasks.tsv or `images`")
    for key in LENGTHS:
        if row[key] and not (row[key].isdigit() and int(row[key]) > 0):
            raise MergecastError(f"{where}: {key} {row[key]!r} must be a whole number above 0, or empty")
    if row["epochs"] and row["steps"]:
        raise MergecastError(f"{where}: gives epochs and steps; leave one of them empty")
    if row["prompts"] and any(template.count("{}") != 1 for template in row["prompts"].split("|")):
        raise MergecastError(f"{where}: every prompt, separated by '|', needs one '{{}}' where the class name goes")
    for name in (classes := options.listed(row, "classes")):
        if not name or classes.count(name) > 1:
            fault = f"names {name!r} twice" if name else "has a class without a name"
            raise MergecastError(f"{where}: `classes` {fault}; give every class, separated by '|', a name of its own")
    catalogue.load("tasks.sources", source).read_options(row)


def image_row(row: dict) -> dict:
    """What of a row decides the task's images and class names: how long it is trained is no part of that.

    Parameters
    ----------
    row : mapping from column to text

    Returns
    -------
    mapping from column to text
    """
    return {key: value for key, value in row.items() if key not in LENGTHS}


def image_files(row: dict) -> list[str]:
    """The file a task's images come from, if it is one: a folder is no input of a job, an id of the hub no path.

    Parameters
    ----------
    row : mapping from column to text

    Returns
    -------
    list of str
        One path, or none.
    """
    return [row["path"]] if os.path.isfile(row["path"]) else []


def recipe(common: dict, row: dict) -> dict:
    """The recipe of a task: that of its setting, sorted by key, with the task's own length where its row gives one.

    Parameters
    ----------
    common : dict
        The recipe of the setting.
    row : mapping from column to text

    Returns
    -------
    dict
    """
    length = {key: int(row[key]) for key in LENGTHS if row[key]}
    kept = {key: value for key, value in common.items() if not (length and key in LENGTHS)}
    return dict(sorted((kept | length).items()))
