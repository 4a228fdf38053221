"""The plan: which merges of a study to make next, in the order worth trying, and when to stop."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import ndtri

from ..errors import MergecastError, require_columns
from . import candidates
from .candidates import Candidates
from .improvement import ranked
from .wish import Wish

COLUMNS = ["step", "tasks", "method", "forecast", "low_0.8", "high_0.8", "gain", "kept"]
SIZES = (3, 8)  # models of a group
LEVEL = 0.8
ANY = Wish()


@dataclass(frozen=True)
class Plan:
    """`table`: the merges in order, columns `COLUMNS`. `best`: the best measured value, None where nothing is measured.
    `next_gain`: what the merge after the last of them is expected to add, None where none is left."""

    table: pd.DataFrame
    best: float | None
    next_gain: float | None


def plan(
    forecasts: pd.DataFrame,
    budget: int,
    *,
    group: int | None = None,
    wish: Wish = ANY,
    merges: pd.DataFrame | None = None,
    subsets: pd.DataFrame | None = None,
    target: str = "normalised_accuracy",
) -> Plan:
    """The merges that are worth making next.

    The order is that of the forecasts, highest first; why not that of the gains is said in `improvement.ranked`. The gain of a
    merge is the expected improvement of the best value: E max(0, y − best), y normal with the forecast as its mean and the
    standard deviation that its interval implies. The best is the best that was measured among merges as wished; each planned
    merge adds its own gain to it. Where nothing was measured, the first merge has no gain. What was measured is not proposed
    again.

    Parameters
    ----------
    forecasts : DataFrame
        The table "forecasts".
    budget : int
        How many merges to plan, 1 or more.
    group : int, optional
        Models of a merge, 3 to 8; pairs unless given. Groups follow from their pairs: see `candidates.group_values`. Where
        groups of this size were measured, the level of a method is that of its measured groups: see `candidates.levels`.
    wish : Wish
        What a merge must be like. What it keeps is judged by the forecast, of a measured merge by `merges` or `subsets`.
    merges : DataFrame, optional
        The table "merges": what measured pairs keep of each task. Without it that is read off the forecasts.
    subsets : DataFrame, optional
        The table "subsets": groups that were measured.
    target : str, default "normalised_accuracy"
        The column of `merges` and `subsets` that is forecast.

    Returns
    -------
    Plan
        `tasks` and `kept` are tuples, in the same order; `kept` is what is forecast to be kept of each task. Interval and
        forecast are in units of the target; the interval is empty where the study gives none.

    Raises
    ------
    MergecastError
        For a budget below 1, a group that is not of 3 to 8, a wish that the study cannot answer, and where no merge is left.
    """
    if budget < 1:
        raise MergecastError(f"budget is {budget}; give a number of merges, 1 or more")
    if group is not None and not SIZES[0] <= group <= SIZES[1]:
        raise MergecastError(
            f"group is {group}; give a number of models from {SIZES[0]} to {SIZES[1]}, or leave it out for pairs"
        )
    if forecasts.empty:
        raise MergecastError("table forecasts: has no row; forecast at least one pair")
    of_pairs = candidates.pairs(forecasts)
    wish.check(of_pairs, group or 2)
    if group is None:
        proposed, made = of_pairs, _measured_pairs(forecasts, of_pairs, merges, target)
    else:
        among = [task for task in of_pairs.tasks if task not in wish.without]
        some = of_pairs.where(replace(wish, keep={}, including=()).holds(of_pairs))
        proposed = candidates.groups(some, group, among=among, including=tuple(dict.fromkeys(wish.including)))
        made = _measured_groups(subsets, group, of_pairs, target)
        shift = candidates.levels(made, candidates.matrices(of_pairs)[0])[proposed.method]
        proposed = replace(proposed, mean=proposed.mean + shift, kept=proposed.kept + shift[:, None])
    fine = made.where(wish.holds(made))
    best = float(fine.mean.max()) if len(fine) else None
    left = proposed.where(wish.holds(proposed) & ~_in(proposed, made))
    if not len(left):
        raise MergecastError(_nothing(len(proposed), int(wish.holds(proposed).sum())))
    order, gains = ranked(left.mean, np.nan_to_num(left.sd), budget + 1, best=best)
    steps = zip(range(1, budget + 1), order, gains, strict=False)
    rows = [_row(step, left, place, gain) for step, place, gain in steps]
    return Plan(pd.DataFrame(rows, columns=COLUMNS), best, gains[budget] if len(gains) > budget else None)


def _measured_pairs(forecasts, of_pairs: Candidates, merges, target: str) -> Candidates:
    """Pairs that were measured; what they keep is that of the merges, or else as forecast."""
    there = forecasts["measured"].notna().to_numpy()
    known = replace(of_pairs, mean=forecasts["measured"].to_numpy(dtype=float)).where(there)
    if merges is None or not len(known):
        return known
    require_columns(merges.columns, "table merges", "task_a", "task_b", "method", "task", target)
    found = candidates.measured(merges.assign(tasks=merges["task_a"] + "|" + merges["task_b"]), target, of_pairs)
    kept = {key: dict(zip(key[0], found.kept[row], strict=True)) for row, key in enumerate(_keys(found))}
    values = known.kept.copy()
    for row, (tasks, method) in enumerate(_keys(known)):
        if (tasks, method) in kept:
            values[row] = [kept[tasks, method][place] for place in known.members[row]]
    return replace(known, kept=values)


def _measured_groups(subsets, size: int, like: Candidates, target: str) -> Candidates:
    nothing = pd.DataFrame(columns=["tasks", "method", "task", target])
    if subsets is None:
        return candidates.measured(nothing, target, replace(like, members=np.zeros((0, size), dtype=int)))
    require_columns(subsets.columns, "table subsets", "tasks", "method", "task", target)
    mine = subsets[subsets["tasks"].str.count(r"\|") == size - 1]
    return candidates.measured(mine, target, replace(like, members=np.zeros((0, size), dtype=int)))


def _keys(found: Candidates) -> list[tuple[tuple[int, ...], int]]:
    """Members, in order, and method of each, as places."""
    members = np.sort(found.members, axis=1)
    return [(tuple(group), int(method)) for group, method in zip(members.tolist(), found.method, strict=True)]


def _in(proposed: Candidates, made: Candidates) -> np.ndarray:
    """Which proposals were made already."""
    there = set(_keys(made))
    return np.array([key in there for key in _keys(proposed)], dtype=bool) if there else np.zeros(len(proposed), dtype=bool)


def _row(step: int, left: Candidates, place: int, gain: float) -> tuple:
    tasks, method = left.names(place)
    mean, half = float(left.mean[place]), float(left.sd[place] * ndtri((1 + LEVEL) / 2))
    return step, tasks, method, mean, mean - half, mean + half, gain, tuple(map(float, left.kept[place]))


def _nothing(proposed: int, wished: int) -> str:
    if not proposed:
        return "no merge can be forecast: there are too few tasks for a group of this size; take a smaller group"
    if not wished:
        return f"no merge is left: none of {proposed:,} is as wished; ask for less to keep, other tasks or more methods"
    return "no merge is left: every one that is as wished is measured already; add tasks, or look at the table merges"
