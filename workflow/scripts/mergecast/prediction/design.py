"""From tidy tables to what an estimator takes: pairs, their columns X and a target for every method, all of them checked.

Pairs come in the order of the tasks and columns in the order of their names, whatever order the tables have, so that
no number depends on it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd

from .. import catalogue
from ..errors import MergecastError, require_columns

# Value of a pair: a mean over its two tasks, or, in both orientations, what the merged model keeps of the first.
SYMMETRIC = ("normalised_accuracy", "accuracy")
DIRECTED = ("retained",)
TARGETS = SYMMETRIC + DIRECTED
PAIR = ["task_a", "task_b"]


@dataclass(frozen=True)
class Design:
    """P rows of T tasks, F features, M methods: `X` (P, F) and `Y` (P, M), float64 and finite.

    A row is a pair; of a directed target each pair has two, (kept, other) both ways round.
    """

    tasks: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...]
    features: tuple[str, ...]
    methods: tuple[str, ...]
    X: np.ndarray
    Y: np.ndarray

    @property
    def directed(self) -> bool:
        """Whether every pair stands there both ways round."""
        return len(set(map(frozenset, self.pairs))) < len(self.pairs)

    def with_features(self, chosen: Sequence[str]) -> "Design":
        """The same pairs with these features alone, in the order of the design.

        Parameters
        ----------
        chosen : sequence of str
            Names that the design does not have are passed over.

        Returns
        -------
        Design
        """
        kept = [place for place, name in enumerate(self.features) if name in set(chosen)]
        return replace(self, features=tuple(self.features[place] for place in kept), X=self.X[:, kept])


def build(
    inputs: str,
    methods: Sequence[str],
    target: str = TARGETS[0],
    *,
    tasks: Sequence[str],
    merges: pd.DataFrame,
    metrics: pd.DataFrame | None = None,
    checkpoints: pd.DataFrame | None = None,
    directed: pd.DataFrame | None = None,
) -> Design:
    """The design for predictors with these `INPUTS` and one target column per method.

    The pairs are those merged, the same for all methods; with "metrics", those measured must be the same.

    Parameters
    ----------
    inputs : str
        "metrics": one column per metric (needs the table `metrics`). For a directed target, metrics that have a direction are
        replaced by their values in the table `directed`, if there is one, seen from the task that is kept.
        "checkpoints": one column, the mean of the two fine-tuned accuracies, or that of the task that is kept (needs the
        table `checkpoints`).
        "tasks": one indicator a task, 1 where it is in the pair, and for a directed target one for each role.
    methods : sequence of str
    target : str, default "normalised_accuracy"
        One of `TARGETS`.
    tasks : sequence of str
        In the order that pairs shall have.
    merges : DataFrame
    metrics, checkpoints, directed : DataFrame or None, default None

    Returns
    -------
    Design

    Raises
    ------
    MergecastError
        Naming table, column, pair or task: a column or pair missing, a pair twice, a task that is not among `tasks`, a
        value that is missing or not finite, an unknown target or method.
    """
    tasks, methods = tuple(tasks), tuple(methods)
    measured = [target_of(merges, method, target, tasks) for method in methods]
    pairs = tuple(measured[0])
    for method, values in zip(methods, measured, strict=True):
        _same_pairs(pairs, values, f"merges of {methods[0]}", f"merges of {method}")
    if inputs == "metrics":
        features, X = metric_columns(metrics, pairs, tasks)
        if target in DIRECTED and directed is not None:
            X = _with_direction(features, X, directed, pairs)
    elif inputs == "checkpoints":
        features, X = _accuracy_column(fine_tuned_accuracy(checkpoints, tasks), pairs, target)
    elif inputs == "tasks":
        features, X = _indicators(tasks, pairs, target)
    else:
        raise MergecastError(f"INPUTS {inputs!r} is none of 'metrics', 'checkpoints', 'tasks'; correct its module")
    return Design(tasks, pairs, features, methods, X, np.array([[values[pair] for values in measured] for pair in pairs]))


def of_metrics(setting: Mapping, tables: Mapping[str, pd.DataFrame]) -> Design:
    """The design of a setting's metrics, its tasks by name: no number depends on the order of the tasks.

    Parameters
    ----------
    setting : mapping
        Names its "tasks", "methods" and "target".
    tables : mapping from name to DataFrame
        Its own: "merges", "metrics" and, if there is one, "directed".

    Returns
    -------
    Design

    Raises
    ------
    MergecastError
        As `build` does.
    """
    return build("metrics", setting["methods"], setting["target"], tasks=sorted(setting["tasks"]), **tables)


def target_of(merges: pd.DataFrame, method: str, target: str, tasks: Sequence[str]) -> dict:
    """The target of every merged pair, by pair in pair order.

    Parameters
    ----------
    merges : DataFrame
    method : str
    target : str
        One of `TARGETS`.
    tasks : sequence of str
        Their order is that of the pairs.

    Returns
    -------
    mapping from pair to float
        Pairs (a, b), a before b; of a directed target, (kept, other), each pair both ways round.

    Raises
    ------
    MergecastError
        For an unknown target, a column, method or task missing in the table, a task that stands there twice, is not one of
        its pair or not among `tasks`, and a value that is missing or not finite.
    """
    if target not in TARGETS:
        raise MergecastError(catalogue.unknown("target", target, TARGETS))
    column = target if target in SYMMETRIC else "normalised_accuracy"
    _require(merges, "merges", [*PAIR, "method", "task", column])
    rows = merges[merges["method"] == method]
    if rows.empty:
        raise MergecastError(f"table merges: has no row of method {method!r}; merge the pairs with it first")
    values: dict = {}
    for a, b, task, value in rows[[*PAIR, "task", column]].itertuples(index=False):
        if task not in (a, b) or task in values.setdefault(frozenset((a, b)), {}):
            fault = "stands there twice" if task in (a, b) else "is not one of the pair"
            raise MergecastError(f"table merges: method {method!r}, pair {a}__{b}: task {task!r} {fault}; correct it")
        values[frozenset((a, b))][task] = _finite(value, f"table merges: method {method!r}, pair {a}__{b}", column)
    for pair, by_task in values.items():
        if len(by_task) < 2:
            name = "__".join(sorted(pair))
            raise MergecastError(f"table merges: method {method!r}, pair {name}: has no row of one task; add it")
    sides = {pair: [values[frozenset(pair)][task] for task in pair] for pair in ordered(values, tasks, "merges")}
    if target in SYMMETRIC:
        return {pair: sum(both) / 2 for pair, both in sides.items()}
    return {
        kept_other: value for (a, b), (of_a, of_b) in sides.items() for kept_other, value in (((a, b), of_a), ((b, a), of_b))
    }


def metric_columns(metrics: pd.DataFrame, pairs: Sequence[tuple[str, str]], tasks: Sequence[str]):
    """Names and values of the metrics of these pairs, which must be the very pairs of the table.

    Parameters
    ----------
    metrics : DataFrame
    pairs : sequence of (str, str)
    tasks : sequence of str

    Returns
    -------
    ((F,) tuple of str, (P, F) array)
        The names are sorted.

    Raises
    ------
    MergecastError
        For a table without metrics, a pair missing, twice or too many, an unknown task, and a value that is missing or not
        finite.
    """
    _require(metrics, "metrics", PAIR)
    features = tuple(sorted(set(metrics.columns) - set(PAIR)))
    if not features:
        raise MergecastError("table metrics: has no metric; choose at least one metric")
    keys = [frozenset(pair) for pair in metrics[PAIR].itertuples(index=False, name=None)]
    rows = dict(zip(keys, metrics[list(features)].to_numpy(), strict=True))
    if len(rows) < len(keys):
        a, b = next(sorted(key) for key in keys if keys.count(key) > 1)
        raise MergecastError(f"table metrics: pair {a}__{b} stands there twice; remove one row")
    _same_pairs(ordered(set(map(frozenset, pairs)), tasks, "merges"), ordered(rows, tasks, "metrics"), "merges", "metrics")
    return features, np.array([_row(rows[frozenset(pair)], features, pair) for pair in pairs])


def fine_tuned_accuracy(checkpoints: pd.DataFrame, tasks: Sequence[str]) -> dict[str, float]:
    """The fine-tuned accuracy of each task.

    Parameters
    ----------
    checkpoints : DataFrame
    tasks : sequence of str

    Returns
    -------
    mapping from task to float

    Raises
    ------
    MergecastError
        For a column or task missing in the table, and a value that is missing or not finite.
    """
    _require(checkpoints, "checkpoints", ["task", "fine_tuned_accuracy"])
    accuracy = dict(zip(checkpoints["task"], checkpoints["fine_tuned_accuracy"], strict=True))
    for task in tasks:
        if task not in accuracy:
            raise MergecastError(f"table checkpoints: lacks task {task!r}; fine-tune and evaluate it first")
    return {task: _finite(accuracy[task], f"table checkpoints: task {task!r}", "fine_tuned_accuracy") for task in tasks}


def ordered(pairs, tasks: Sequence[str], table: str) -> list[tuple[str, str]]:
    """Unordered pairs as (a, b), a before b, in the order of `tasks`; `table` names them in an error.

    Parameters
    ----------
    pairs : collection of frozenset
    tasks : sequence of str
    table : str

    Returns
    -------
    list of (str, str)

    Raises
    ------
    MergecastError
        For a task that is not among `tasks`, with the closest one, and a task paired with itself.
    """
    known = set(tasks)
    for pair in pairs:
        for task in sorted(pair):
            if task not in known:
                raise MergecastError(catalogue.unknown(f"task in table {table},", task, tasks))
        if len(pair) != 2:
            raise MergecastError(f"table {table}: task {task!r} is paired with itself; remove that row")
    there = set(pairs)
    return [pair for pair in combinations(tasks, 2) if frozenset(pair) in there]


def _accuracy_column(accuracy, pairs, target):
    if target in DIRECTED:
        return ("kept_fine_tuned_accuracy",), np.array([[accuracy[kept]] for kept, _ in pairs])
    return ("mean_fine_tuned_accuracy",), np.array([[(accuracy[a] + accuracy[b]) / 2] for a, b in pairs])


def _indicators(tasks, pairs, target):
    if target not in DIRECTED:
        return tasks, np.array([[float(task in pair) for task in tasks] for pair in pairs])
    names = tuple(f"{role} {task}" for role in ("kept", "other") for task in tasks)
    return names, np.array([[float(task == role) for role in pair for task in tasks] for pair in pairs])


def _with_direction(features, X, directed, pairs):
    """X with the columns that have a direction in place of the undirected ones, as the task that is kept sees them."""
    _require(directed, "directed", [*PAIR, "metric", "value"])
    X = X.copy()
    for name, rows in directed[directed["metric"].isin(features)].groupby("metric"):
        values = {(a, b): value for a, b, value in rows[[*PAIR, "value"]].itertuples(index=False)}
        values |= {(b, a): -value for (a, b), value in values.items()}
        if lacking := [pair for pair in pairs if pair not in values]:
            raise MergecastError(f"table directed: metric {name!r} lacks pair {'__'.join(lacking[0])}; make it again")
        where = f"table directed: metric {name!r}"
        X[:, features.index(name)] = [_finite(values[pair], where, "value") for pair in pairs]
    return X


def _same_pairs(first, second, first_name: str, second_name: str) -> None:
    for table, other, lacking in (
        (second_name, first_name, set(first) - set(second)),
        (first_name, second_name, set(second) - set(first)),
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
    require_columns(table.columns, f"table {name}", *columns)


def _finite(value, where: str, column: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise MergecastError(f"{where}: {column} is {value!r}, no number; correct it") from None
    if not np.isfinite(number):
        raise MergecastError(f"{where}: {column} is missing or not finite; make it again or drop the pair")
    return number
