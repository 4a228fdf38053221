"""The pairs of a grid and the tiles they are cut into: what one job computes. Names and sizes in, lists of names out."""

import re
from collections.abc import Iterable, Sequence

Pair = tuple[str, str]


def rows(tasks: Sequence[str]) -> list[list[Pair]]:
    """Rows of the pair triangle: for each task but the first, in order, its pairs (earlier task, task).

    Parameters
    ----------
    tasks : sequence of str

    Returns
    -------
    list of list of pairs
    """
    return [[(earlier, task) for earlier in tasks[:number]] for number, task in enumerate(tasks) if number]


def pairs(tasks: Sequence[str]) -> list[Pair]:
    """Every pair (a, b) with a before b, row by row: another task at the end appends its row.

    Parameters
    ----------
    tasks : sequence of str

    Returns
    -------
    list of pairs
    """
    return [pair for row in rows(tasks) for pair in row]


def packed_rows(tasks: Sequence[str], size: int) -> list[list[Pair]]:
    """Tiles of whole rows, filled in order: at most `size` pairs, or one row if that alone is longer.

    Another task at the end goes into the last tile or into a new one; the other tiles stay.

    Parameters
    ----------
    tasks : sequence of str
    size : int

    Returns
    -------
    list of list of pairs
    """
    tiles: list[list[Pair]] = []
    for row in rows(tasks):
        if tiles and len(tiles[-1]) + len(row) <= size:
            tiles[-1] += row
        else:
            tiles.append(row)
    return tiles


def divided_rows(tasks: Sequence[str], size: int) -> list[list[Pair]]:
    """Tiles of at most `size` pairs of one row: another task at the end adds tiles, and all others stay.

    Parameters
    ----------
    tasks : sequence of str
    size : int

    Returns
    -------
    list of list of pairs
    """
    return [tile for row in rows(tasks) for tile in chunks(row, size)]


def chunks(items: Sequence, size: int) -> list[Sequence]:
    """Consecutive pieces of `size` items, the last maybe shorter; none of nothing.

    Parameters
    ----------
    items : sequence
    size : int

    Returns
    -------
    list of sequence
    """
    return [items[start : start + size] for start in range(0, len(items), size)]


def members(groups: Iterable[Iterable[str]], order: Iterable[str]) -> list[str]:
    """The names that occur in pairs or larger groups, each once, in the order of `order`.

    Parameters
    ----------
    groups : iterable of iterable of str
    order : iterable of str
        Names outside are left out.

    Returns
    -------
    list of str
    """
    present = {name for group in groups for name in group}
    return [name for name in order if name in present]


def identifier(prefix, *names) -> str:
    """A word of letters, digits and underscores for names that may hold dots, dashes and single underscores.

    An underscore in a name is doubled, so that ("a", "b_c") and ("a_b", "c") give two words. Any other character becomes
    its code point: "a-b" is "a_2d_b".

    Parameters
    ----------
    prefix : str
        Kept as it is.
    *names : object
        Names or numbers, joined by underscores.

    Returns
    -------
    str
    """
    words = [re.sub(r"\W", lambda other: f"_{ord(other[0]):x}_", str(name).replace("_", "__")) for name in names]
    return "_".join([prefix, *words])
