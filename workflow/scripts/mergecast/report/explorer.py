"""What the explorer on top of the page is given of a setting: columns of plain numbers, rounded, and its sentences."""

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd

from ..analysis.declared import EXPLORED
from ..charts import target_name
from ..tables.reading import PAIR, pair_values, require, unique
from .verdict import sentences

DIGITS = 4
KEYS = [*PAIR, "method"]
VALUES = ("measured", "forecast", "kept_a", "kept_b", "baseline")
ANSWERS = (*EXPLORED, "plan")
LACKING = {
    "forecasts": "forecasts of single pairs with intervals",
    "forecast_reasons": "reasons",
    "neighbours": "neighbours",
    "plan": "plan of what to merge next",
}


def explorer(setting, facts) -> dict:
    """Everything the explorer shows of a setting.

    A grid of numbers is a list per method of a list per pair, in the order of `methods` and of `a`, `b`; None where there is
    no number. Pairs, tasks and methods are given by their places.

    Parameters
    ----------
    setting : Setting
        Tables of `ANSWERS` and "planner" are shown as far as there are any; without forecasts, what was measured.
    facts : Facts
        Of the setting.

    Returns
    -------
    dict
        Plain values.

    Raises
    ------
    MergecastError
        When a table lacks a column.
    """
    cells = _cells(setting)
    pairs = cells[PAIR].drop_duplicates().reset_index(drop=True)
    tasks = unique([*facts.tasks, *pairs[PAIR].to_numpy().ravel()])
    ranked = [method.name for method in facts.methods]
    methods = [*ranked, *(name for name in unique(cells.method) if name not in ranked)]
    places = _Places(pairs, tasks, methods)
    levels = sorted({found[1] for column in cells if (found := re.fullmatch(r"low_(.+)", column))}, key=float)
    said, forecaster = setting.tables, _forecaster(cells)
    return {
        "name": setting.name,
        "target": target_name(facts.target),
        "tasks": tasks,
        "methods": methods,
        "a": places.tasks(pairs[PAIR[0]]),
        "b": places.tasks(pairs[PAIR[1]]),
        "levels": levels,
        "values": {name: places.grid(cells, name) for name in VALUES if name in cells},
        "low": [places.grid(cells, f"low_{level}") for level in levels],
        "high": [places.grid(cells, f"high_{level}") for level in levels],
        "unseen": _unseen(cells, pairs),
        "forecaster": forecaster,
        "reasons": _reasons(said.get("forecast_reasons"), places),
        "near": _near(said.get("neighbours"), places),
        "plan": _plan(said.get("plan"), places),
        "planner": _planner(said.get("planner")),
        "verdict": sentences(facts, forecaster),
        "missing": missing(said),
    }


def missing(tables: Mapping[str, pd.DataFrame]) -> str:
    """One line on what a setting lacks, empty where it lacks nothing.

    Parameters
    ----------
    tables : mapping from name to DataFrame

    Returns
    -------
    str
    """
    finished = _there(tables.get("forecasts")) and tables["forecasts"].measured.notna().all()
    expected = [name for name in ANSWERS if not (name == "plan" and finished)]  # where all is merged nothing is left to plan
    lost = [f"no {LACKING[name]}" for name in expected if not _there(tables.get(name))]
    if not lost:
        return ""
    alone = "" if _there(tables.get("forecasts")) else " Shown is what was measured."
    return f"This setting has {', '.join(lost[:-1])}{' and ' if lost[1:] else ''}{lost[-1]}.{alone}"


def _cells(setting) -> pd.DataFrame:
    """One row per pair × method: forecasts where there are any, and the measured value."""
    measured = pair_values(setting.tables["merges"], setting.target).rename(columns={"value": "measured"})
    forecasts = setting.tables.get("forecasts")
    if not _there(forecasts):
        return measured
    require(forecasts, "forecasts", *KEYS, "measured", "forecast")
    return forecasts


def _there(table: pd.DataFrame | None) -> bool:
    return table is not None and not table.empty


class _Places:
    """Where pairs, tasks and methods stand in the columns of the explorer."""

    def __init__(self, pairs, tasks, methods):
        self.methods, self.n_pairs = {name: i for i, name in enumerate(methods)}, len(pairs)
        self.of_task = {name: i for i, name in enumerate(tasks)}
        self.of_pair = {pair: i for i, pair in enumerate(pairs.itertuples(index=False, name=None))}

    def tasks(self, column) -> list[int]:
        return [self.of_task[name] for name in column]

    def pairs(self, table, a=PAIR[0], b=PAIR[1]) -> list[int]:
        """The place of each row's pair, either way round; −1 where it is not shown."""
        return [self.of_pair.get(pair, self.of_pair.get(pair[::-1], -1)) for pair in zip(table[a], table[b], strict=True)]

    def grid(self, table, column) -> list[list[float | None]]:
        values = np.full((len(self.methods), self.n_pairs), np.nan)
        values[table.method.map(self.methods), self.pairs(table)] = table[column]
        return [_rounded(row) for row in values]

    def ranked(self, table, column, *, of_methods=True):
        """The values of each pair, or of each method and pair, in the order of the table."""
        shape = (len(self.methods), self.n_pairs) if of_methods else (self.n_pairs,)
        made = np.empty(shape, dtype=object)
        for place in np.ndindex(shape):
            made[place] = []
        for pair, row in zip(self.pairs(table), table.to_dict("records"), strict=True):
            place = (self.methods.get(row["method"], -1), pair) if of_methods else (pair,)
            if min(place) >= 0:
                made[place].append(row[column])
        return made.tolist()


def _rounded(values) -> list[float | None]:
    return [None if value is None or pd.isna(value) else round(float(value), DIGITS) + 0.0 for value in values]


def _unseen(cells, pairs) -> list[int | None] | None:
    if "unseen" not in cells:
        return None
    first = cells.drop_duplicates(PAIR).set_index(PAIR).unseen
    return [None if pd.isna(value) else int(value) for value in first.reindex(pd.MultiIndex.from_frame(pairs))]


def _forecaster(cells) -> str | None:
    names = unique(cells.forecaster.dropna()) if "forecaster" in cells else []
    return ", ".join(map(str, names)) or None


def _reasons(table, places) -> dict | None:
    """`said`: each reason once; `which`: places in it by method and pair, `by`: what each contributes."""
    if not _there(table):
        return None
    require(table, "forecast_reasons", *KEYS, "rank", "reason", "contribution")
    table = table.sort_values("rank", kind="stable")
    said = unique(table.reason)
    place = {reason: i for i, reason in enumerate(said)}
    table = table.assign(which=table.reason.map(place), by=_rounded(table.contribution))
    return {"said": said, "which": places.ranked(table, "which"), "by": places.ranked(table, "by")}


def _near(table, places) -> dict | None:
    """`pair`: places of each pair's neighbours, `distance` to them; those that are not shown are left out."""
    if not _there(table):
        return None
    require(table, "neighbours", *PAIR, "rank", "near_a", "near_b", "distance")
    table = table.sort_values("rank", kind="stable")
    table = table.assign(near=places.pairs(table, "near_a", "near_b"), distance=_rounded(table.distance))
    table = table[table.near >= 0]
    near, distance = (places.ranked(table, column, of_methods=False) for column in ("near", "distance"))
    return {"pair": near, "distance": distance}


def _plan(table, places) -> dict | None:
    """Columns of the plan, in its order; empty ones where every pair is merged."""
    if table is None:
        return None
    if table.empty:
        return {"pair": [], "method": []}
    require(table, "plan", "step", *KEYS, "forecast", "gain")
    table = table.sort_values("step", kind="stable")
    table = table.assign(pair=places.pairs(table), place=table.method.map(places.methods))
    table = table[(table.pair >= 0) & table.place.notna()]
    made = {"pair": [int(place) for place in table.pair], "method": [int(place) for place in table.place]}
    ends = {name.partition("_")[0]: name for name in table if re.match("(low|high)_", name)}
    return made | {key: _rounded(table[name]) for key, name in {"forecast": "forecast", "gain": "gain", **ends}.items()}


def _planner(table) -> list[dict] | None:
    """How strategies did on the measured grid, by budget: one model looks for its partner and method, both tasks new."""
    if not _there(table):
        return None
    for column, value in (("split", "l2to"), ("scope", "task")):
        table = table[table[column] == value] if column in table else table
    require(table, "planner", "strategy", "budget", "regret")
    names = [name for name in ("strategy", "budget", "regret", "low", "high", "hit_rate") if name in table]
    records = table[names].to_dict("records")
    return [{key: value if isinstance(value, str) else _rounded([value])[0] for key, value in row.items()} for row in records]
