"""The `options` column of tasks.tsv: `name=value` pairs set apart by spaces."""

from ...catalogue import unknown
from ...errors import MergecastError


def read(row: dict, defaults: dict) -> dict:
    """Options of a row over their defaults; a value takes the type of its default.

    >>> read({"task": "t", "options": "train=500"}, {"train": 3000, "figure": "shapes"})
    {'train': 500, 'figure': 'shapes'}

    Raises MergecastError naming the task and the option: no `name=value`, unknown, no whole number, not positive.
    """
    found = dict(defaults)
    text = row.get("options")
    for part in text.split() if isinstance(text, str) else ():
        name, equals, value = part.partition("=")
        if not equals or not value:
            raise MergecastError(f"task {row['task']}: option {part!r} must read name=value")
        if name not in defaults:
            raise MergecastError(f"task {row['task']}: {unknown('option', name, defaults)}")
        if isinstance(defaults[name], int):
            if not value.isdecimal() or int(value) < 1:
                raise MergecastError(f"task {row['task']}: option {name} must be a whole number from 1, not {value!r}")
            value = int(value)
        found[name] = value
    return found
