"""Whether the best merge method is clearly the best: its lead over the second, under draws of tasks."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..prediction import bootstrap
from ..prediction.design import PAIR
from ..seeding import seed_for
from .reading import unique

DRAWS = 1000


@dataclass(frozen=True)
class Lead:
    """The lead of the best method over the second, mean over pairs, with its 95 % interval over tasks (NaN: undefined)."""

    first: str
    second: str
    difference: float
    low: float
    high: float

    @property
    def clear(self) -> bool:
        """Whether the interval excludes 0."""
        return self.low > 0


def lead(values: pd.DataFrame, *, seed: int = 0) -> Lead | None:
    """Hold the method of the highest mean against that of the second highest, on the pairs that have both.

    Parameters
    ----------
    values : DataFrame
        From `pair_values`.
    seed : int, default 0
        Of the draws of tasks: 1,000, with replacement. A pair counts as often as both its tasks were drawn together.

    Returns
    -------
    Lead or None
        None where there is one method alone.
    """
    wide = values.pivot_table(index=PAIR, columns="method", values="value", sort=False)
    wide = wide[[method for method in unique(values.method) if method in wide.columns]]
    order = wide.mean().sort_values(ascending=False, kind="stable").index
    if len(order) < 2:
        return None
    first, second = order[:2]
    apart = (wide[first] - wide[second]).dropna()
    pairs = apart.index.to_frame()
    tasks = sorted({*pairs[PAIR[0]], *pairs[PAIR[1]]})
    place = {task: i for i, task in enumerate(tasks)}
    drawn = bootstrap.counts(len(tasks), DRAWS, seed=seed_for("lead", first, second, seed=seed))
    weights = drawn[:, pairs[PAIR[0]].map(place)] * drawn[:, pairs[PAIR[1]].map(place)]
    mass = weights.sum(axis=1)
    means = np.divide(weights @ apart.to_numpy(), mass, out=np.full(DRAWS, np.nan), where=mass > 0)
    return Lead(first, second, float(apart.mean()), *bootstrap.interval(means))
