"""What cannot be used of the tables brought, and why, in words. Nothing is left out without a reason."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from .checks import PAIR

LONGEST_REASON = 200


def pair_reasons(metrics: pd.DataFrame, merges: pd.DataFrame, methods: Sequence[str], tasks: Sequence[str]) -> dict:
    """Every pair that the tables hold, row by row of the grid, and the reasons why it cannot be used (none: it is kept).

    A pair is complete when every metric is finite and every method has both tasks' accuracies, and no error.

    Parameters
    ----------
    metrics : DataFrame
        One row per pair (index task_a, task_b), one column per metric.
    merges : DataFrame
        One row per pair, method and task, of these methods alone.
    methods : sequence of str
    tasks : sequence of str
        In the order of the grid.

    Returns
    -------
    dict of list of str
        Reasons by (task_a, task_b).
    """
    measured = dict(zip(metrics.index, metrics.to_numpy(), strict=True))
    merged: dict[tuple, dict] = {}
    for a, b, method, task, accuracy, error in merges[[*PAIR, "method", "task", "accuracy", "error"]].itertuples(index=False):
        merged.setdefault((a, b), {}).setdefault(method, {})[task] = (accuracy, error)
    grid = [(a, b) for row, b in enumerate(tasks) for a in tasks[:row]]
    return {
        pair: [
            *_metrics(measured.get(pair), list(metrics.columns)),
            *(reason for method in methods for reason in _method(method, merged.get(pair, {}).get(method, {}), pair)),
        ]
        for pair in grid
        if pair in measured or pair in merged
    }


def subset_reasons(subsets: pd.DataFrame, tasks: Sequence[str]) -> dict[str, list[str]]:
    """Every subset, and the reasons why it cannot be used: a task left out, a method without it or with an accuracy missing.

    Parameters
    ----------
    subsets : DataFrame
        From `layouts.subsets`.
    tasks : sequence of str
        Those that are kept.

    Returns
    -------
    dict of list of str
        Reasons by subset (none: it is kept).
    """
    members = {name: text.split("|") for name, text in zip(subsets["subset"], subsets["tasks"], strict=True)}
    merged: dict[tuple, int] = {}
    for name, method, accuracy in subsets[["subset", "method", "accuracy"]].itertuples(index=False):
        merged[name, method] = merged.get((name, method), 0) + (not np.isnan(accuracy))
    methods = list(dict.fromkeys(subsets["method"]))
    return {
        name: [
            *(f"task {task} is left out" for task in those if task not in tasks),
            *(f"{method} did not merge it" for method in methods if (name, method) not in merged),
            *(f"{method}: an accuracy is missing" for method in methods if merged.get((name, method), len(those)) < len(those)),
        ]
        for name, those in members.items()
    }


def _metrics(values, names: Sequence[str]) -> list[str]:
    if values is None:
        return ["has no row in the table of metrics"]
    return [
        f"{name} is {'missing' if np.isnan(value) else 'not finite'}"
        for name, value in zip(names, values, strict=True)
        if not np.isfinite(value)
    ]


def _method(method: str, results: dict, pair: tuple[str, str]) -> list[str]:
    """`results` is {task: (accuracy, error)} of one method and pair."""
    if not results:
        return [f"{method} did not merge it"]
    if errors := [error for _, error in results.values() if isinstance(error, str) and error.strip()]:
        return [f"{method} failed: {shorten(errors[0])}"]
    if lacking := [task for task in pair if np.isnan(results.get(task, (np.nan,))[0])]:
        return [f"{method}: the accuracy on {' and '.join(lacking)} is missing"]
    return []


def shorten(text: str) -> str:
    """A text of others in one line of at most LONGEST_REASON letters.

    Parameters
    ----------
    text : str

    Returns
    -------
    str

    Examples
    --------
    >>> shorten("out\\nof   memory")
    'out of memory'
    """
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_REASON else line[: LONGEST_REASON - 2].rstrip() + " …"
