"""The `path` and `options` columns of tasks.tsv; options are `name=value` pairs set apart by spaces."""

from ..catalogue import unknown
from ..errors import MergecastError

# Options of every source: at most so many images of a split, a choice seeded by the task's name. Absent: all.
LIMITS = {"train_limit": 0, "test_limit": 0}


def read(row: dict, defaults: dict) -> dict:
    """Options of a row over their defaults and LIMITS; a value takes the type of its default.

    Parameters
    ----------
    row : mapping from column to text
    defaults : mapping from option to bool, int or str

    Returns
    -------
    mapping from option to bool, int or str

    Raises
    ------
    MergecastError
        Naming the task and the option: no `name=value`, unknown, neither yes nor no, no whole number, not positive.

    Examples
    --------
    >>> read({"task": "t", "options": "train=500 grey=yes"}, {"train": 3000, "figure": "shapes", "grey": False})
    {'train': 500, 'figure': 'shapes', 'grey': True, 'train_limit': 0, 'test_limit': 0}
    """
    values = defaults | LIMITS
    for name, value in _pairs(row):
        if name not in values:
            raise MergecastError(f"task {row['task']}: {unknown('option', name, values)}")
        values[name] = _typed(row, name, value, values[name])
    return values


def limits(row: dict) -> dict:
    """The LIMITS of a row alone, whatever the options of its source.

    Parameters
    ----------
    row : mapping from column to text

    Returns
    -------
    mapping from option to int
        0 where all images are taken.

    Raises
    ------
    MergecastError
        Naming the task and the option: no `name=value`; a limit that is no whole number, or not positive.
    """
    return LIMITS | {name: _typed(row, name, value, 0) for name, value in _pairs(row) if name in LIMITS}


def path(row: dict, what: str) -> str:
    """The path of a row.

    Parameters
    ----------
    row : mapping from column to text
    what : str
        What the path should be, for the error.

    Returns
    -------
    str

    Raises
    ------
    MergecastError
        Naming the task and its source, if the row has no path.
    """
    text = row.get("path")
    if not isinstance(text, str) or not text.strip():
        raise MergecastError(f"task {row['task']}: source {row['source']} needs a `path`, {what}")
    return text.strip()


def listed(row: dict, column: str) -> tuple[str, ...]:
    """A column that lists values set apart by `|`; nothing where it is empty or absent.

    Parameters
    ----------
    row : mapping from column to text
    column : str

    Returns
    -------
    tuple of str
    """
    text = row.get(column)
    return tuple(part.strip() for part in text.split("|")) if isinstance(text, str) and text.strip() else ()


def _pairs(row: dict):
    text = row.get("options")
    for part in text.split() if isinstance(text, str) else ():
        name, equals, value = part.partition("=")
        if not equals or not value:
            raise MergecastError(f"task {row['task']}: option {part!r} must read name=value")
        yield name, value


def _typed(row: dict, name: str, value: str, default):
    if isinstance(default, bool):
        if value not in ("yes", "no"):
            raise MergecastError(f"task {row['task']}: option {name} must be yes or no, not {value!r}")
        return value == "yes"
    if isinstance(default, int):
        if not value.isdecimal() or int(value) < 1:
            raise MergecastError(f"task {row['task']}: option {name} must be a whole number from 1, not {value!r}")
        return int(value)
    return value
