"""From tidy tables to what an estimator takes: pairs, their columns X and a target for every method, all of them checked.

Pairs come in the order of the tasks and columns in the order of their names, whatever order the tables have, so that
no number depends on it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

import numpy as np
import pandas as pd

from .. import catalogue
from ..errors import MergecastError, require_columns

# Value of a pair: a mean over its two tasks, or, in both orientations, what the merged model keeps of the first.
SYMMETRIC = ("normalised_accuracy", "accuracy")
DIRECTED = ("retained",)
TARGETS = SYMMETRIC + DIRECTED
# What a predictor's columns may be, and the tables that they are made from beside the merges.
INPUTS = {
    "metrics": ("metrics",),
    "checkpoints": ("checkpoints",),
    "zero-shot": ("checkpoints",),
    "tasks": (),
    "tasks and metrics": ("metrics",),
    "traits": ("traits", "pair_traits", "library"),
}
OF_CHECKPOINTS = ("zero-shot", "traits")  # those that tables which were brought do not hold
PAIR = ["task_a", "task_b"]
ORIENTED = ["kept", "other"]
ROLES = {"kept": 0, "other": 1}  # place of a task in an oriented row


@dataclass(frozen=True)
class Design:
    """P rows of T tasks, F features, M methods: `X` (P, F) and `Y` (P, M), float64 and finite.

    A row is a pair; of a directed target each pair has two, (kept, other) both ways round. With `halves` it has two as well,
    and the target of the pair is their mean: see `whole`. `library`: columns of X that say what a task does to others, by
    place, each the role of that task (0 or 1) and the values (T, T) that its column is a mean of, row: the other. They are
    NaN in X, and filled in for a model by `given`.
    """

    tasks: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...]
    features: tuple[str, ...]
    methods: tuple[str, ...]
    X: np.ndarray
    Y: np.ndarray
    halves: bool = False
    library: Mapping[int, tuple[int, np.ndarray]] = field(default_factory=dict)

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
        return self.restricted(self.tasks, [name for name in self.features if name in set(chosen)], self.methods)

    def restricted(self, tasks: Sequence[str], features: Sequence[str], methods: Sequence[str]) -> "Design":
        """The pairs of these tasks alone, these features and these methods, in this order.

        Parameters
        ----------
        tasks, features, methods : sequence of str
            Of the design's own.

        Returns
        -------
        Design
        """
        rows = [row for row, pair in enumerate(self.pairs) if set(pair) <= set(tasks)]
        places = [self.tasks.index(task) for task in tasks]
        kept = [self.features.index(name) for name in features]
        library = {
            new: (self.library[old][0], self.library[old][1][np.ix_(places, places)])
            for new, old in enumerate(kept)
            if old in self.library
        }
        X = self.X[np.ix_(rows, kept)]
        Y = self.Y[np.ix_(rows, [self.methods.index(method) for method in methods])]
        pairs = tuple(self.pairs[row] for row in rows)
        names = {"tasks": tuple(tasks), "features": tuple(features), "methods": tuple(methods)}
        return replace(self, **names, pairs=pairs, X=X, Y=Y, library=library)

    def given(self, rows) -> np.ndarray:
        """X as a model sees it that is fitted on some of the rows: a library holds no task that is in none of them.

        Parameters
        ----------
        rows : array of int

        Returns
        -------
        (P, F) array
            What a task b does to others is the mean over the tasks of these rows but b itself.
        """
        if not self.library:
            return self.X
        place = {task: number for number, task in enumerate(self.tasks)}
        pairs = np.array([[place[task] for task in pair] for pair in self.pairs])
        seen = np.isin(np.arange(len(self.tasks)), pairs[rows])
        X = self.X.copy()
        for column, (role, values) in self.library.items():
            others = seen[:, None] & ~np.eye(len(seen), dtype=bool)
            X[:, column] = np.mean(values, axis=0, where=others)[pairs[:, role]]
        return X

    def whole(self, rows) -> tuple[list[tuple[str, str]], np.ndarray]:
        """The pairs of some rows, and what makes the values of these pairs from those of the rows.

        Parameters
        ----------
        rows : array of int

        Returns
        -------
        (list of (str, str), (pairs, rows) array)
            Values of the pairs are this array @ values of the rows: the identity or, with `halves`, the mean of both rows.
        """
        stand = [self.pairs[row] for row in rows]
        if not self.halves:
            return stand, np.eye(len(stand))
        place: dict = {}
        for pair in stand:
            place.setdefault(frozenset(pair), pair)
        number = {pair: at for at, pair in enumerate(place)}
        mean = np.zeros((len(place), len(stand)))
        for row, pair in enumerate(stand):
            mean[number[frozenset(pair)], row] = 0.5
        return list(place.values()), mean


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
    traits: pd.DataFrame | None = None,
    pair_traits: pd.DataFrame | None = None,
    library: pd.DataFrame | None = None,
) -> Design:
    """The design for predictors with these `INPUTS` and one target column per method.

    The pairs are those merged, the same for all methods; with "metrics", each must have its metrics.

    Parameters
    ----------
    inputs : str
        "metrics": one column per metric (needs the table `metrics`). For a directed target, metrics that have a direction are
        replaced by their values in the table `directed`, if there is one, seen from the task that is kept.
        "checkpoints": one column, the mean of the two fine-tuned accuracies, or that of the task that is kept (needs the
        table `checkpoints`).
        "tasks": one indicator a task, 1 where it is in the pair, and for a directed target one for each role.
        "tasks and metrics": these indicators, then the metrics.
        "zero-shot": one column, zero-shot over fine-tuned accuracy, the mean of both tasks or that of the task that is kept
        (needs the table `checkpoints`).
        "traits": every row is oriented; columns are named by role. `kept NAME` and `other NAME` for each column of the table
        `traits`, and of `library` (see `Design`); `pair NAME` for each of `pair_traits`; then `kept task NAME` and
        `other task NAME`, an indicator for each task and role. A symmetric target is made of `halves`.
    methods : sequence of str
    target : str, default "normalised_accuracy"
        One of `TARGETS`.
    tasks : sequence of str
        In the order that pairs shall have.
    merges : DataFrame
    metrics, checkpoints, directed, traits, pair_traits, library : DataFrame or None, default None

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
    halves = inputs == "traits" and target in SYMMETRIC
    measured = [(sides_of if halves else target_of)(merges, method, target, tasks) for method in methods]
    pairs = tuple(measured[0])
    for method, values in zip(methods, measured, strict=True):
        _same_pairs(pairs, values, f"merges of {methods[0]}", f"merges of {method}")
    if inputs == "metrics":
        features, X = metric_columns(metrics, pairs, tasks)
        if target in DIRECTED and directed is not None:
            X = _with_direction(features, X, directed, pairs)
    elif inputs == "checkpoints":
        features, X = _accuracy_column(fine_tuned_accuracy(checkpoints, tasks), pairs, target)
    elif inputs == "zero-shot":
        features, X = _zero_shot(checkpoints, tasks, pairs, target)
    elif inputs == "tasks":
        features, X = _indicators(tasks, pairs, target)
    elif inputs == "tasks and metrics":
        (tasks_, indicators), (metrics_, values) = _indicators(tasks, pairs, target), metric_columns(metrics, pairs, tasks)
        features, X = (*tasks_, *metrics_), np.hstack([indicators, values])
    elif inputs == "traits":
        features, X = trait_columns(traits, pair_traits, library, pairs, tasks)
    else:
        raise MergecastError(f"INPUTS {inputs!r} is none of {', '.join(map(repr, INPUTS))}; correct its module")
    Y = np.array([[values[pair] for values in measured] for pair in pairs])
    of_library = _library(library, features, tasks) if inputs == "traits" else {}
    return Design(tasks, pairs, features, methods, X, Y, halves, of_library)


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
    sides = sides_of(merges, method, target, tasks)
    if target in DIRECTED:
        return sides
    return {(a, b): (value + sides[b, a]) / 2 for (a, b), value in sides.items() if tasks.index(a) < tasks.index(b)}


def sides_of(merges: pd.DataFrame, method: str, target: str, tasks: Sequence[str]) -> dict:
    """What every merged pair keeps of either task, whose mean a symmetric target is.

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
    mapping from (kept, other) to float
        Each pair both ways round.

    Raises
    ------
    MergecastError
        As `target_of` does.
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
    return {
        (kept, other): values[frozenset((kept, other))][kept]
        for a, b in ordered(values, tasks, "merges")
        for kept, other in ((a, b), (b, a))
    }


def metric_columns(metrics: pd.DataFrame, pairs: Sequence[tuple[str, str]], tasks: Sequence[str]):
    """Names and values of the metrics of these pairs. Further pairs of the table, which were not merged, are passed over.

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
        For a table without metrics, a pair missing or twice, a task paired with itself, and a value that is missing or not
        finite.
    """
    _require(metrics, "metrics", PAIR)
    features = tuple(sorted(set(metrics.columns) - set(PAIR)))
    if not features:
        raise MergecastError("table metrics: has no metric; choose at least one metric")
    keys = [frozenset(pair) for pair in metrics[PAIR].itertuples(index=False, name=None)]
    if alone := [key for key in keys if len(key) < 2]:
        raise MergecastError(f"table metrics: task {next(iter(alone[0]))!r} is paired with itself; remove that row")
    rows = dict(zip(keys, metrics[list(features)].to_numpy(), strict=True))
    if len(rows) < len(keys):
        a, b = next(sorted(key) for key in keys if keys.count(key) > 1)
        raise MergecastError(f"table metrics: pair {a}__{b} stands there twice; remove one row")
    _lacks_none(ordered(set(map(frozenset, pairs)), tasks, "merges"), rows)
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


def trait_columns(
    traits: pd.DataFrame | None,
    pair_traits: pd.DataFrame | None,
    library: pd.DataFrame | None,
    pairs: Sequence[tuple[str, str]],
    tasks: Sequence[str],
):
    """Names and values of the traits of these oriented pairs, then the indicators of their tasks.

    Parameters
    ----------
    traits : DataFrame
        One row per task.
    pair_traits, library : DataFrame
        One row per oriented pair of tasks, whichever were merged.
    pairs : sequence of (str, str)
        (kept, other).
    tasks : sequence of str

    Returns
    -------
    ((F,) tuple of str, (P, F) array)
        NaN in the columns of `library`.

    Raises
    ------
    MergecastError
        For a table, task or pair that is missing, and a value that is missing or not finite.
    """
    _require(traits, "traits", ["task"])
    _require(pair_traits, "pair_traits", ORIENTED)
    _require(library, "library", ORIENTED)
    names, of_pairs, of_library = (_named(table) for table in (traits, pair_traits, library))
    by_task = traits.set_index("task")[names]
    if lacking := sorted({*tasks} - {*by_task.index}):
        raise MergecastError(f"table traits: lacks task {lacking[0]!r}; make its features first")
    by_pair = _by_pair(pair_traits, "pair_traits", of_pairs, pairs)
    columns: dict = {}
    for role, at in ROLES.items():
        values = by_task.loc[[pair[at] for pair in pairs]]
        columns |= {f"{role} {name}": values[name].to_numpy(dtype=float) for name in names}
        columns |= {f"{role} {name}": np.full(len(pairs), np.nan) for name in of_library}
    columns |= {f"pair {name}": by_pair[:, place] for place, name in enumerate(of_pairs)}
    for name, values in columns.items():
        if not np.isfinite(values).all() and name.partition(" ")[2] not in of_library:
            a, b = pairs[int(np.flatnonzero(~np.isfinite(values))[0])]
            raise MergecastError(f"table of traits: {name!r} of {a}, {b} is missing or not finite; make its features again")
    for role, at in ROLES.items():
        columns |= {f"{role} task {task}": np.array([float(pair[at] == task) for pair in pairs]) for task in tasks}
    return tuple(columns), np.column_stack(list(columns.values()))


def _named(table: pd.DataFrame) -> list[str]:
    return [name for name in table.columns if name not in ("task", *ORIENTED)]


def _by_pair(table: pd.DataFrame, name: str, columns: Sequence[str], pairs) -> np.ndarray:
    keys = table[ORIENTED].itertuples(index=False, name=None)
    rows = dict(zip(keys, table[list(columns)].to_numpy(dtype=float), strict=True))
    if lacking := [pair for pair in pairs if pair not in rows]:
        raise MergecastError(f"table {name}: lacks {lacking[0][0]} with {lacking[0][1]}; make its features first")
    return np.array([rows[pair] for pair in pairs]).reshape(len(pairs), len(columns))


def _library(table: pd.DataFrame, features: Sequence[str], tasks: Sequence[str]) -> dict:
    """As `Design.library`."""
    every = [(a, b) for a in tasks for b in tasks if a != b]
    names = _named(table)
    values = _by_pair(table, "library", names, every)
    columns = {}
    for at, name in enumerate(names):
        matrix = np.zeros((len(tasks), len(tasks)))
        matrix[~np.eye(len(tasks), dtype=bool)] = [
            _finite(value, f"table library: {a} with {b}", name) for (a, b), value in zip(every, values[:, at], strict=True)
        ]
        columns |= {features.index(f"{role} {name}"): (place, matrix) for role, place in ROLES.items()}
    return columns


def _zero_shot(checkpoints, tasks, pairs, target):
    tuned = fine_tuned_accuracy(checkpoints, tasks)
    _require(checkpoints, "checkpoints", ["zero_shot_accuracy"])
    for task, accuracy in tuned.items():
        if not accuracy:
            raise MergecastError(
                f"table checkpoints: task {task!r} has fine_tuned_accuracy 0, so no zero-shot ratio; leave it out"
            )
    before = dict(zip(checkpoints["task"], checkpoints["zero_shot_accuracy"], strict=True))
    kept = {
        task: _finite(before[task], f"table checkpoints: task {task!r}", "zero_shot_accuracy") / tuned[task] for task in tasks
    }
    if target in DIRECTED:
        return ("kept_zero_shot_ratio",), np.array([[kept[a]] for a, _ in pairs])
    return ("mean_zero_shot_ratio",), np.array([[(kept[a] + kept[b]) / 2] for a, b in pairs])


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


def _lacks_none(pairs, rows) -> None:
    """Every merged pair has its metrics; a pair that has metrics alone is one that is forecast."""
    if lacking := [pair for pair in pairs if frozenset(pair) not in rows]:
        raise MergecastError(
            f"table metrics: lacks pair {'__'.join(lacking[0])} ({len(lacking)} in all), which table merges has; "
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
