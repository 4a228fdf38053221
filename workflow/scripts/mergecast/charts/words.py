"""Names and numbers as they are read, in sentences, tables and charts."""

import math

import pandas as pd

SPLIT_NAMES = {"loto": "leave one task out", "l2to": "leave two tasks out", "disjoint": "disjoint halves"}
TARGET_NAMES = {"retained": "normalised accuracy kept by one task"}


def words(name: str) -> str:
    """A published name as it is read: underscores become spaces.

    Parameters
    ----------
    name : str

    Returns
    -------
    str
    """
    return str(name).replace("_", " ")


def target_name(target: str) -> str:
    """A target as it is read.

    Parameters
    ----------
    target : str

    Returns
    -------
    str

    Examples
    --------
    >>> target_name("loss_increase"), target_name("retained")
    ('loss increase', 'normalised accuracy kept by one task')
    """
    return TARGET_NAMES.get(target, words(target))


def number(value, digits: int = 2) -> str:
    """A number as it is read: a true minus sign, "undefined" where there is none.

    Parameters
    ----------
    value : number or None
    digits : int, default 2
        After the point.

    Returns
    -------
    str

    Examples
    --------
    >>> number(-0.123), number(float("nan")), number(None), number(-0.001)
    ('−0.12', 'undefined', 'undefined', '0.00')
    """
    if value is None or pd.isna(value) or not math.isfinite(value):
        return "undefined"
    return f"{round(float(value), digits) + 0.0:.{digits}f}".replace("-", "−")


def interval(low, high, digits: int = 2) -> str:
    """An interval as it is read: a dash where there is none.

    Parameters
    ----------
    low, high : number or None
    digits : int, default 2
        After the point.

    Returns
    -------
    str

    Examples
    --------
    >>> interval(-0.1, 0.25), interval(float("nan"), 1)
    ('[−0.10, 0.25]', '–')
    """
    defined = pd.notna(low) and pd.notna(high)
    return f"[{number(low, digits)}, {number(high, digits)}]" if defined else "–"


def share(value) -> str:
    """A share as a percentage, or "undefined".

    Parameters
    ----------
    value : number or None
        1 is 100%.

    Returns
    -------
    str
    """
    return "undefined" if value is None or pd.isna(value) else f"{100 * value:.0f}%"


def span(counts) -> str:
    """The range of some whole numbers.

    Parameters
    ----------
    counts : iterable of number
        At least one.

    Returns
    -------
    str

    Examples
    --------
    >>> span([5, 5]), span([5, 7])
    ('5', '5–7')
    """
    known = [int(count) for count in counts]
    low, high = min(known), max(known)
    return f"{low}" if low == high else f"{low}–{high}"
