"""Every pair of some checkpoints forecast: plain data, whether the numbers come from tables or from files just measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..prediction.forecaster import CASES, Forecaster
from .reasons import outside, reasons

NEIGHBOURS = 3


@dataclass(frozen=True)
class Traits:
    """What is measured of checkpoints without a merge: `one` and `harms` by checkpoint, `two` by (kept, other), each a mapping
    from name to number. `harms` is what a checkpoint does to the tasks of the library, the mean over them."""

    one: Mapping[str, Mapping[str, float]]
    harms: Mapping[str, Mapping[str, float]]
    two: Mapping[tuple[str, str], Mapping[str, float]]


def forecasts(forecaster: Forecaster, pairs: Sequence[tuple[str, str]], traits: Traits, known: Mapping[str, str]) -> list[dict]:
    """The forecast of every pair under every method of a forecaster.

    A pair that it was fitted on is forecast as by the model that had not seen it.

    Parameters
    ----------
    forecaster : Forecaster
    pairs : sequence of (str, str)
    traits : Traits
        Of all checkpoints in the pairs.
    known : mapping from checkpoint to str
        The task of the study that a checkpoint is, for those that are one.

    Returns
    -------
    list of dict
        For each pair: `task_a`, `task_b`; `unseen`, how many of the two are in no measured pair, and the `case` in words;
        `outside`, warnings; `neighbours`, the nearest measured pairs other than itself, nearest first, each with `task_a`,
        `task_b`, `distance` (in units of the target) and `measured` by method; `methods`, by name: `forecast`, `kept` (what
        is kept of a and of b), `interval` ([low, high] or None by level), `baseline` (the mean of the measured pairs),
        `measured` (None unless it was fitted on it), and `reasons`.

    Raises
    ------
    MergecastError
        For a covariate that was not measured.
    """
    row = {tuple(pair): number for number, pair in enumerate(forecaster.about["rows"])}
    measured = _measured(forecaster, row)
    return [_forecast(forecaster, pair, traits, known, row, measured) for pair in pairs]


def _forecast(forecaster, pair, traits, known, row, measured) -> dict:
    unseen = sum(name not in known for name in pair)
    both = (pair, pair[::-1])
    X = forecaster.columns(both, traits.one, traits.harms, traits.two, known)
    named = tuple(known.get(name) for name in pair)
    rows = [row[oriented] for oriented in (named, named[::-1]) if oriented in row]
    kept = forecaster.arrays["left_out"][rows] if rows else forecaster.predict(X, unseen)
    told = reasons(forecaster, pair, X, forecaster.contributions(X, unseen), known)
    value, level = kept.mean(axis=0), forecaster.arrays["level"]
    widths = {level: forecaster.half_width(unseen, level) for level in forecaster.about["levels"]}
    own = measured.get(frozenset(named)) if rows else None
    return {
        "task_a": pair[0],
        "task_b": pair[1],
        "unseen": unseen,
        "case": CASES[unseen],
        "outside": outside(forecaster, pair, X),
        "neighbours": _neighbours(forecaster, X, unseen, frozenset(named), row, measured),
        "methods": {
            method: {
                "forecast": float(value[m]),
                "kept": [float(side) for side in kept[:, m]],
                "interval": {
                    str(key): None if width is None else [float(value[m] - width[m]), float(value[m] + width[m])]
                    for key, width in widths.items()
                },
                "baseline": float(level[m]),
                "measured": None if own is None else float(own[m]),
                "reasons": told[m],
            }
            for m, method in enumerate(forecaster.methods)
        },
    }


def _measured(forecaster, row) -> dict:
    """The measured values (M,) of every pair that it was fitted on, by frozenset."""
    Y = forecaster.arrays["Y"]
    return {frozenset(pair): (Y[number] + Y[row[pair[::-1]]]) / 2 for pair, number in row.items()}


def _neighbours(forecaster, X, unseen, own, row, measured) -> list[dict]:
    squares = forecaster.distances(X, unseen) ** 2
    near: dict = {}
    for (a, b), number in row.items():
        distance = float(np.sqrt((squares[0, number] + squares[1, row[b, a]]) / 2))
        if frozenset((a, b)) != own and distance < near.get(frozenset((a, b)), (np.inf,))[0]:
            near[frozenset((a, b))] = distance, (a, b)
    nearest = sorted(near.values())[:NEIGHBOURS]
    return [
        {
            "task_a": a,
            "task_b": b,
            "distance": distance,
            "measured": dict(zip(forecaster.methods, map(float, measured[frozenset((a, b))]), strict=True)),
        }
        for distance, (a, b) in nearest
    ]


def of_method(made: Mapping, method: str, forecaster: Forecaster) -> dict:
    """The forecast of one pair under one method, by itself: what a pair's file holds.

    Parameters
    ----------
    made : mapping
        Of `forecasts`.
    method : str
    forecaster : Forecaster
        Which made it.

    Returns
    -------
    dict
    """
    each = made["methods"][method]
    return {
        "tasks": [made["task_a"], made["task_b"]],
        "method": method,
        "target": forecaster.about["target"],
        "forecast": each["forecast"],
        "interval": each["interval"],
        "refused": forecaster.about["refused"].get(made["case"], {}),
        "kept": dict(zip((made["task_a"], made["task_b"]), each["kept"], strict=True)),
        "baseline": each["baseline"],
        "measured": each["measured"],
        "case": made["case"],
        "scores": forecaster.about["scores"].get(made["case"]),
        "reasons": each["reasons"],
        "neighbours": [near | {"measured": near["measured"][method]} for near in made["neighbours"]],
        "outside": made["outside"],
        "forecaster": forecaster.about["predictor"],
    }
