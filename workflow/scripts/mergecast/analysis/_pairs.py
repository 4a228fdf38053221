"""Measured merges and forecasts of pairs, by unordered pair."""

from collections.abc import Sequence
from itertools import combinations

import pandas as pd

from ..errors import MergecastError
from ..prediction.design import PAIR, SYMMETRIC, target_of
from . import _checks


def key(a: str, b: str) -> tuple[str, str]:
    """The name of an unordered pair."""
    return (a, b) if a <= b else (b, a)


def keys(table: pd.DataFrame) -> list[tuple[str, str]]:
    """The name of the pair of each row."""
    return [key(a, b) for a, b in table[PAIR].itertuples(index=False, name=None)]


def within(tasks: Sequence[str]) -> list[tuple[str, str]]:
    """Every pair of these tasks."""
    return [key(a, b) for a, b in combinations(tasks, 2)]


def symmetric(target: str, analysis: str) -> None:
    """Raise MergecastError unless a target belongs to the pair as a whole."""
    if target not in SYMMETRIC:
        raise MergecastError(f"{analysis}: target {target!r} is not one of {', '.join(SYMMETRIC)}; choose one of these")


def measured(merges: pd.DataFrame, target: str) -> dict[str, dict[tuple[str, str], float]]:
    """The target of each merged pair by method and pair. Raises MergecastError as `design.target_of` does."""
    _checks.require(merges, "merges", [*PAIR, "method", "task", target])
    tasks = sorted({*merges["task_a"], *merges["task_b"]})
    return {method: target_of(merges, method, target, tasks) for method in merges["method"].unique()}
