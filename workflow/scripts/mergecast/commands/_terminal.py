"""What commands share: `NAME=VALUE` options, and tables that are never cut short."""

from collections.abc import Sequence

from ..errors import MergecastError


def assigned(option: str, form: str, example: str, given: Sequence[str]) -> dict[str, str]:
    """Options of the form NAME=VALUE as a mapping; `form` and `example` are for the error of one that is not."""
    values: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not (name and equals):
            raise MergecastError(f"{option} {text}: must be {form}, such as {example}")
        if name in values:
            raise MergecastError(f"{option} {text}: {name!r} is set twice; keep one of them")
        values[name] = value
    return values


def show(console, table) -> None:
    """Print a table as wide as it is, whatever the width of the terminal."""
    from rich.measure import Measurement

    wide = console.options.update(width=1000)
    console.width = max(console.width, Measurement.get(console, wide, table).maximum)
    console.print(table)
