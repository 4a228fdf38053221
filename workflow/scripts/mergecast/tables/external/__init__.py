"""Tables a user brings instead of models: read, checked, cut down to what is complete, in the layout of our own tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ... import metrics as known_metrics
from ... import tables
from ...catalogue import select
from ...errors import MergecastError
from ...prediction.splits import FEWEST_TASKS
from . import layouts
from .checks import PAIR
from .incomplete import pair_reasons, subset_reasons

DROPPED = ["what", "name", "reason"]


@dataclass(frozen=True)
class ExternalTables:
    """What is used of the tables brought.

    `tables`: by name and in our layout "checkpoints", "metrics", "merges", "dropped", and "subsets", "calibration_metrics"
    where brought; `tasks`, `metrics`, `methods`: the names in them, in order.
    """

    tables: dict[str, pd.DataFrame]
    tasks: tuple[str, ...]
    metrics: tuple[str, ...]
    methods: tuple[str, ...]

    @property
    def dropped(self) -> pd.DataFrame:
        """One row for everything left out: what it is, its name, the reason."""
        return self.tables["dropped"]


@dataclass(frozen=True)
class Choice:
    """What is asked for of the tables: of each kind a list of names, or "all"."""

    tasks: Sequence[str] | str = "all"
    metrics: Sequence[str] | str = "all"
    methods: Sequence[str] | str = "all"


def complete_tables(
    brought: dict[str, pd.DataFrame],
    choice: Choice = Choice(),
    *,
    names: dict[str, str] | None = None,
    where: str = "settings",
) -> ExternalTables:
    """Check the tables, in our layout or the published one, and keep what is complete of what is chosen.

    A pair is kept if every metric of it is finite and every method has measured it without an error. A subset is kept if
    its tasks are, and every method that merged subsets has measured it. A row of "calibration" is kept if its pair is, and
    none of its metrics is missing.
    Accuracies are shares in [0, 1]; a missing normalised accuracy is computed from the singles.

    Parameters
    ----------
    brought : dict of DataFrame
        The tables "metrics", "merges", "singles" and, perhaps, "subsets" and "calibration".
    choice : Choice
    names : dict of str, optional
        How errors call each table (a path, say).
    where : str, default "settings"
        How errors call the setting.

    Returns
    -------
    ExternalTables

    Raises
    ------
    MergecastError
        For a table that contradicts itself (a column missing, a pair twice or of a task with itself, an unknown task, a text
        for a number), an unknown choice, fewer than 4 tasks or no pair left.
    """
    called = {kind: f"table {kind}" for kind in brought} | (names or {})
    accuracy, dropped = layouts.singles(brought["singles"], called["singles"]), []
    all_tasks = tuple(accuracy)
    chosen = select(f"{where}.tasks", "task", choice.tasks, all_tasks)
    chosen = tuple(task for task in all_tasks if task in chosen)
    dropped += [("task", task, "not chosen by `tasks`") for task in all_tasks if task not in chosen]

    measured = layouts.metrics(brought["metrics"], called["metrics"], all_tasks)
    foreign = _foreign(measured) if layouts.PUBLISHED_SINGLES in brought["singles"].columns and choice.metrics == "all" else {}
    columns = select(
        f"{where}.metrics", "metric", choice.metrics, tuple(name for name in measured.columns if name not in foreign)
    )  # fmt: skip
    others = [name for name in measured.columns if name not in columns]
    dropped += [("metric", name, foreign.get(name, "not chosen by `metrics`")) for name in others]

    merged = layouts.normalise(layouts.merges(brought["merges"], called["merges"], all_tasks), called["merges"], accuracy)
    all_methods = tuple(dict.fromkeys(merged["method"]))
    methods = select(f"{where}.methods", "method", choice.methods, all_methods)
    dropped += [("method", name, "not chosen by `methods`") for name in all_methods if name not in methods]

    measured = measured.loc[_within(measured.index.to_frame(), chosen), list(columns)]
    merged = merged[_within(merged, chosen) & merged["method"].isin(methods)]
    reasons = pair_reasons(measured, merged, methods, chosen)
    dropped += [("pair", "__".join(pair), "; ".join(why)) for pair, why in reasons.items() if why]
    pairs = [pair for pair, why in reasons.items() if not why]
    if not pairs:
        raise MergecastError(f"{where}: none of its {len(reasons)} pairs is complete; {_commonest(reasons)}")
    kept = tuple(task for task in chosen if any(task in pair for pair in pairs))
    dropped += [("task", task, "no pair of it is complete") for task in chosen if task not in kept]
    if len(kept) < (fewest := FEWEST_TASKS["loto"]):
        raise MergecastError(
            f"{where}: {len(kept)} tasks have complete pairs; leave-one-task-out needs at least {fewest}, bring more"
        )
    complete = {
        "checkpoints": pd.DataFrame({"task": kept, "fine_tuned_accuracy": [accuracy[task] for task in kept]}),
        "metrics": measured.loc[pairs].reset_index(),
        "merges": _merges(merged, methods, pairs),
    }
    if "subsets" in brought:
        table = layouts.subsets(brought["subsets"], called["subsets"], all_tasks)
        table = layouts.normalise(table, called["subsets"], accuracy)
        complete |= _subsets(table[table["method"].isin(methods)], kept, methods, dropped)
    if "calibration" in brought:
        table = layouts.calibration(brought["calibration"], called["calibration"], all_tasks)
        complete |= _calibration(table, choice.metrics, columns, pairs, dropped)
    complete["dropped"] = pd.DataFrame(dropped, columns=DROPPED)
    return ExternalTables(complete, kept, tuple(columns), tuple(methods))


def read_tables(files: dict[str, str], chosen: dict, where: str) -> ExternalTables:
    """The tables in these files.

    Parameters
    ----------
    files : dict of str
        Paths of "metrics", "merges", "singles" and, perhaps, "subsets", "calibration".
    chosen : dict
        The "tasks", "metrics" and "methods" of the setting.
    where : str
        Key of the setting in the configuration.

    Returns
    -------
    ExternalTables

    Raises
    ------
    MergecastError
        For a path that is no file, a file that is no CSV, and as `complete_tables` does.
    """
    for kind, path in files.items():
        if not Path(path).is_file():
            raise MergecastError(f"{where}.tables.{kind}: {path!r} is no file; correct the path")
    choice = Choice(**{kind: chosen[kind] for kind in ("tasks", "metrics", "methods")})
    return complete_tables({kind: tables.read(path) for kind, path in files.items()}, choice, names=files, where=where)


def _foreign(measured: pd.DataFrame) -> dict[str, str]:
    """Columns of the published metrics that are none of the 28, and why each is left out."""
    reasons = {}
    for name in (name for name in measured.columns if name not in known_metrics.catalogue()):
        reasons[name] = "none of the published metrics"
        for other in (other for other in measured.columns if other != name):
            both = measured[[name, other]].dropna().to_numpy()
            if len(both) and both.all():  # no zero among them
                ratio = both[:, 0] / both[:, 1]
                if np.ptp(ratio) < 1e-5 * abs(ratio.mean()):
                    reasons[name] = f"{ratio.mean():.4g} times {other} in every pair: the same metric twice"
    return reasons


def _within(pairs: pd.DataFrame, tasks: Sequence[str]) -> pd.Series:
    """Whether both tasks of each row are among `tasks`."""
    return pairs["task_a"].isin(tasks) & pairs["task_b"].isin(tasks)


def _merges(merged: pd.DataFrame, methods: Sequence[str], pairs: Sequence[tuple[str, str]]) -> pd.DataFrame:
    """The kept rows in our layout, method by method, pairs in their order, task_a's row first."""
    place = {pair: number for number, pair in enumerate(pairs)}
    keys = pd.Series(list(zip(merged["task_a"], merged["task_b"], strict=True)), index=merged.index).map(place)
    rows = merged.assign(
        _method=merged["method"].map({name: number for number, name in enumerate(methods)}),
        _pair=keys,
        _side=merged["task"] != merged["task_a"],
    )[keys.notna()]
    rows = rows.sort_values(["_method", "_pair", "_side"])
    return rows[[column for column in tables.MERGES if column in rows]].reset_index(drop=True)


def _subsets(table: pd.DataFrame, tasks, methods, dropped: list) -> dict[str, pd.DataFrame]:
    reasons = subset_reasons(table, tasks)
    dropped += [("subset", name, "; ".join(why)) for name, why in reasons.items() if why]
    kept = [name for name, why in reasons.items() if not why]
    if not kept:
        dropped.append(("table", "subsets", "no subset of it is complete"))
        return {}
    table = table[table["subset"].isin(kept)]
    order = {name: place for place, name in enumerate([*methods, *kept, *tasks])}
    places = {column: table[column].map(lambda name: order[name]) for column in ("method", "subset", "task")}
    rows = table.loc[pd.DataFrame(places).sort_values(list(places)).index]
    columns = ["method", "subset", "tasks", "task", "accuracy", "normalised_accuracy"]
    return {"subsets": rows[columns].reset_index(drop=True)}


def _calibration(table: pd.DataFrame, chosen, metrics, pairs, dropped: list) -> dict[str, pd.DataFrame]:
    keys = ["n_images", *PAIR]
    columns = [name for name in table.columns if name not in keys and (chosen == "all" or name in metrics)]
    table = table[[pair in set(pairs) for pair in zip(table["task_a"], table["task_b"], strict=True)]]
    missing = table[columns].isna()
    for (n_images, a, b), row in zip(table[keys].itertuples(index=False), missing.to_numpy(), strict=True):
        if row.any():
            lacking = [name for name, gone in zip(columns, row, strict=True) if gone]
            dropped.append(("calibration", f"{a}__{b} at {n_images} images", f"{', '.join(lacking)} missing"))
    table = table.loc[~missing.any(axis=1), keys + columns].reset_index(drop=True)
    if not columns or table.empty:
        dropped.append(("table", "calibration", "no row of it has a chosen metric and a complete pair"))
        return {}
    return {"calibration_metrics": table}


def _commonest(reasons: dict) -> str:
    """What most pairs lack, as a hint."""
    said = [reason for why in reasons.values() for reason in why]
    if not said:
        return "bring pairs of the tasks chosen"
    commonest = max(dict.fromkeys(said), key=said.count)
    return f"most often: {commonest} ({said.count(commonest)} pairs); complete the tables or choose less"
