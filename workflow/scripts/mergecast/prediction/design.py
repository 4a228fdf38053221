"""From tidy tables to what an estimator takes: the pairs, their columns X and the target y, all of them checked.

Pairs come in the order of the tasks and columns in the order of their names, whatever order the tables have, so that
no number depends on it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from .. import catalogue
from ..errors import MergecastError

TARGETS = ("normalised_accuracy", "accuracy")
PAIR = ["task_a", "task_b"]


@dataclass(frozen=True)
class Design:
    """P pairs: `tasks` (T names), `pairs` (P), `features` (F names), `X` (P, F) and `y` (P,), float64 and finite."""

    tasks: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...]
    features: tuple[str, ...]
    X: np.ndarray
    y: np.ndarray


def build(
    inputs: str,
    method: str,
    target: str = TARGETS[0],
    *,
    tasks: Sequence[str],
    merges: pd.DataFrame,
    metrics: pd.DataFrame | None = None,
    checkpoints: pd.DataFrame | None = None,
) -> Design:
    """The design of one merge method for predictors with these `INPUTS`.

    "metrics": one column a metric (needs the table `metrics`); "singles": one column, the mean of the two fine-tuned
    accuracies (needs `checkpoints`); "tasks": one indicator a task, 1 where it is in the pair. The pairs are those
    merged; with "metrics", those measured must be the same.
    Raises MergecastError naming table, column, pair or task: a column or pair missing, a pair twice, a task that is
    not among `tasks`, a value that is missing or not finite, an unknown target or method.
    """
    tasks = tuple(tasks)
    measured = target_of(merges, method, target, tasks)
    pairs = tuple(measured)
    if inputs == "metrics":
        features, X = metric_columns(metrics, pairs, tasks)
    elif inputs == "singles":
        accuracy = fine_tuned_accuracy(checkpoints, tasks)
        features, X = ("mean_fine_tuned_accuracy",), np.array([[(accuracy[a] + accuracy[b]) / 2] for a, b in pairs])
    elif inputs == "tasks":
        features, X = tasks, np.array([[float(task in pair) for task in tasks] for pair in pairs])
    else:
        raise MergecastError(f"INPUTS {inputs!r} is none of 'metrics', 'singles', 'tasks'; correct its module")
    return Design(tasks, pairs, features, X, np.array(list(measured.values())))


def target_of(merges: pd.DataFrame, method: str, target: str, tasks: Sequence[str]) -> dict[tuple[str, str], float]:
    """The target of every merged pair, in pair order: the mean over its two tasks of the merged model's `target`."""
    if target not in TARGETS:
        raise MergecastError(catalogue.unknown("target", target, TARGETS))
    _require(merges, "merges", [*PAIR, "method", "task", target])
    rows = merges[merges["method"] == method]
    if rows.empty:
        raise MergecastError(f"table merges: has no row of method {method!r}; merge the pairs with it first")
    values: dict = {}
    for a, b, task, value in rows[[*PAIR, "task", target]].itertuples(index=False):
        if task not in (a, b) or task in values.setdefault(frozenset((a, b)), {}):
            fault = "stands there twice" if task in (a, b) else "is not one of the pair"
            raise MergecastError(f"table merges: method {method!r}, pair {a}__{b}: task {task!r} {fault}; correct it")
        values[frozenset((a, b))][task] = _finite(value, f"table merges: method {method!r}, pair {a}__{b}", target)
    for pair, found in values.items():
        if len(found) < 2:
            name = "__".join(sorted(pair))
            raise MergecastError(f"table merges: method {method!r}, pair {name}: has no row of one task; add it")
    return {pair: sum(values[frozenset(pair)].values()) / 2 for pair in ordered(values, tasks, "merges")}


def metric_columns(metrics: pd.DataFrame, pairs: Sequence[tuple[str, str]], tasks: Sequence[str]):
    """Names (F, sorted) and values (P, F) of the metrics of these pairs, which must be the very pairs of the table."""
    _require(metrics, "metrics", PAIR)
    features = tuple(sorted(set(metrics.columns) - set(PAIR)))
    if not features:
        raise MergecastError("table metrics: has no metric; choose at least one metric")
    keys = [frozenset(pair) for pair in metrics[PAIR].itertuples(index=False, name=None)]
    rows = dict(zip(keys, metrics[list(features)].to_numpy(), strict=True))
    if len(rows) < len(keys):
        a, b = next(sorted(key) for key in keys if keys.count(key) > 1)
        raise MergecastError(f"table metrics: pair {a}__{b} stands there twice; remove one row")
    _same_pairs(pairs, ordered(rows, tasks, "metrics"))
    return features, np.array([_row(rows[frozenset(pair)], features, pair) for pair in pairs])


def fine_tuned_accuracy(checkpoints: pd.DataFrame, tasks: Sequence[str]) -> dict[str, float]:
    """The fine-tuned accuracy of each task."""
    _require(checkpoints, "checkpoints", ["task", "fine_tuned_accuracy"])
    found = dict(zip(checkpoints["task"], checkpoints["fine_tuned_accuracy"], strict=True))
    for task in tasks:
        if task not in found:
            raise MergecastError(f"table checkpoints: lacks task {task!r}; fine-tune and evaluate it first")
    return {task: _finite(found[task], f"table checkpoints: task {task!r}", "fine_tuned_accuracy") for task in tasks}


def ordered(pairs, tasks: Sequence[str], table: str) -> list[tuple[str, str]]:
    """Unordered pairs as (a, b), a before b, in the order of `tasks`; `table` names them in an error."""
    known = set(tasks)
    for pair in pairs:
        for task in sorted(pair):
            if task not in known:
                raise MergecastError(catalogue.unknown(f"task in table {table},", task, tasks))
        if len(pair) != 2:
            raise MergecastError(f"table {table}: task {task!r} is paired with itself; remove that row")
    there = set(pairs)
    return [pair for pair in combinations(tasks, 2) if frozenset(pair) in there]


def _same_pairs(merged, measured) -> None:
    for table, other, lacking in (
        ("metrics", "merges", set(merged) - set(measured)),
        ("merges", "metrics", set(measured) - set(merged)),
    ):
        if lacking:
            a, b = min(lacking)
            raise MergecastError(
                f"table {table}: lacks pair {a}__{b} ({len(lacking)} in all), which table {other} has; "
                "make it here or drop it there"
            )


def _row(values, features: Sequence[str], pair: tuple[str, str]) -> list[float]:
    where = f"table metrics: pair {'__'.join(pair)}"
    return [_finite(value, where, name) for name, value in zip(features, values, strict=True)]


def _require(table: pd.DataFrame | None, name: str, columns: Sequence[str]) -> None:
    if table is None:
        raise MergecastError(f"table {name}: is needed for this predictor; give it")
    for column in columns:
        if column not in table.columns:
            raise MergecastError(f"table {name}: lacks column {column!r}; its columns are {', '.join(table.columns)}")


def _finite(value, where: str, column: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise MergecastError(f"{where}: {column} is {value!r}, no number; correct it") from None
    if not np.isfinite(number):
        raise MergecastError(f"{where}: {column} is missing or not finite; make it again or drop the pair")
    return number
