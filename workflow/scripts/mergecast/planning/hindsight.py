"""What an order of merges would have found, where all of them are measured."""

from collections.abc import Sequence

import numpy as np

TOP = 0.1  # share of candidates that count as the best


def blocks_of(values, scores) -> list[np.ndarray]:
    """Values in the order of falling scores, those of equal scores together.

    Parameters
    ----------
    values : (n,) array
        What each candidate measured.
    scores : (n,) array

    Returns
    -------
    list of array
    """
    values, scores = np.asarray(values, dtype=float), np.asarray(scores, dtype=float)
    return [values[scores == score] for score in np.unique(scores)[::-1]]


def found(blocks: Sequence[np.ndarray], budget: int) -> tuple[float, float]:
    """The expected best of the first merges, and the share of them that are among the truly best.

    Parameters
    ----------
    blocks : sequence of array
        Measured values in the order of trying. Within a block every order is as likely.
    budget : int
        How many are tried, from 1 to the number of all values.

    Returns
    -------
    (float, float)
        The best value and the hit rate. Truly best are `TOP` of all candidates, at least one, with all that equal the last of
        them. Both are exact expectations: nothing is drawn.

    Examples
    --------
    >>> found([np.array([0.1, 0.2, 0.3])], 2)  # 0.2 in one of three draws of two, else 0.3
    (0.26666666666666666, 0.3333333333333333)
    """
    every = np.sort(np.concatenate(blocks))[::-1]
    bar = every[max(1, int(np.ceil(TOP * len(every)))) - 1]
    best, hits, left = -np.inf, 0.0, budget
    for block in blocks:
        tried = min(left, len(block))
        hits += tried * float(np.mean(block >= bar))
        best = _best_of(np.maximum(block, best), tried)
        left -= tried
        if not left:
            break
    return float(best), hits / budget


def _best_of(values: np.ndarray, tried: int) -> float:
    """E max of so many of the values, drawn without replacement."""
    ordered, n = np.sort(values)[::-1], len(values)
    # The k-th highest is the best drawn where none of the k higher ones was: chances as a product, without factorials. What is
    # lost to the highest adds up, so that equal values lose exactly nothing.
    none, lost = 1.0, 0.0
    for k, value in enumerate(ordered[: n - tried + 1]):
        hit = tried / (n - k)
        lost += none * hit * (ordered[0] - value)
        none *= 1 - hit
    return float(ordered[0] - lost)
