"""The tables of forecasts of a setting, from its tables of covariates."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from ..prediction.design import ORIENTED
from .pairs import Traits

PAIR = ["task_a", "task_b"]
REASONS = [*PAIR, "method", "rank", "reason", "contribution"]
NEIGHBOURS = [*PAIR, "rank", "near_a", "near_b", "distance"]


def traits_of(
    tasks: Sequence[str], library: Iterable[str], *, traits: pd.DataFrame, pair_traits: pd.DataFrame, harms: pd.DataFrame
) -> Traits:
    """The numbers of a setting's tables of covariates.

    Parameters
    ----------
    tasks : sequence of str
    library : iterable of str
        Tasks over which what a checkpoint does to others is averaged, without itself.
    traits, pair_traits, harms : DataFrame
        The tables `traits`, `pair_traits` and `library`.

    Returns
    -------
    Traits
    """
    names = [name for name in harms.columns if name not in ORIENTED]
    others = harms[harms["kept"].isin(list(library))].groupby("other")[names].mean()
    pairs = zip(pair_traits[ORIENTED].itertuples(index=False, name=None), pair_traits.to_dict("records"), strict=True)
    return Traits(traits.set_index("task").loc[list(tasks)].to_dict("index"), others.to_dict("index"), dict(pairs))


def tables(made: Sequence[Mapping], levels: Sequence[float], predictor: str) -> dict[str, pd.DataFrame]:
    """Tidy tables of forecasts.

    Parameters
    ----------
    made : sequence of mapping
        As `pairs.forecasts` makes them.
    levels : sequence of float
        Of the intervals.
    predictor : str
        The name of the forecaster's.

    Returns
    -------
    mapping from name to DataFrame
        `forecasts`, one row per pair and method: forecast, interval by level (empty where refused), what is kept of either
        task, the mean of the measured pairs as `baseline`, and the `measured` value, if there is one. `forecast_reasons`:
        what moved each most, largest first. `neighbours`: the nearest measured pairs of each pair.
    """
    rows, told, near = [], [], []
    for pair in made:
        head = {name: pair[name] for name in PAIR}
        for method, each in pair["methods"].items():
            bounds = {str(level): each["interval"][str(level)] or (np.nan, np.nan) for level in levels}
            rows.append(
                head
                | {"method": method, "unseen": pair["unseen"], "measured": each["measured"], "forecast": each["forecast"]}
                | {f"{end}_{level}": bounds[level][side] for level in bounds for side, end in enumerate(("low", "high"))}
                | {"kept_a": each["kept"][0], "kept_b": each["kept"][1], "baseline": each["baseline"]}
                | {"forecaster": predictor}
            )
            told += [head | {"method": method, "rank": rank} | reason for rank, reason in enumerate(each["reasons"], 1)]
        for rank, other in enumerate(pair["neighbours"], 1):
            near.append(
                head | {"rank": rank, "near_a": other["task_a"], "near_b": other["task_b"], "distance": other["distance"]}
            )
    frame = pd.DataFrame(rows)
    return {
        "forecasts": frame.astype({"measured": float}),
        "forecast_reasons": pd.DataFrame(told, columns=REASONS),
        "neighbours": pd.DataFrame(near, columns=NEIGHBOURS),
    }
