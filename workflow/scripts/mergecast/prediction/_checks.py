"""Parameters of predictors, checked: each function returns what it is given or says in one line what it should be."""

import numbers

import numpy as np

from ..errors import MergecastError


def positives(values, key):
    """The numbers as an array (S,). Raises MergecastError naming the parameter `key` unless all are positive and finite."""
    try:
        parsed = np.atleast_1d(np.asarray(values, dtype=float))
    except (TypeError, ValueError):
        parsed = np.array([])
    if parsed.ndim != 1 or not parsed.size or not (np.isfinite(parsed) & (parsed > 0)).all():
        raise MergecastError(f"key {key!r}: {values!r} is no list of positive numbers; give [1, 10, 100], say")
    return parsed


def whole(value, key, least=1):
    """A whole number not below `least`. Raises MergecastError naming the parameter `key` otherwise."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < least:
        raise MergecastError(f"key {key!r}: {value!r} is no whole number of at least {least}; correct it")
    return value


def between(value, key, low, high):
    """A number not below `low` and not above `high`. Raises MergecastError naming the parameter `key` otherwise."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not low <= value <= high:
        raise MergecastError(f"key {key!r}: {value!r} is no number from {low:g} to {high:g}; correct it")
    return value
