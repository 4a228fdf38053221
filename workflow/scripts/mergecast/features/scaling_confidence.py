"""How much of its confidence in the true class a checkpoint keeps when its task vector is shortened."""

import numpy as np

from ._views import HALF, confidence, margins, of_own

SCOPE = "grid"
FILE = "scaling_confidence.npz"
NEEDS = ("views",)
RESOURCES = {"device": "cpu", "minutes": 5, "memory": 1000}
TABLE = "traits"
QUANTILES = {"margin_10": 0.1, "margin_50": 0.5}


def compute(grid) -> dict:
    """log p(θ0 + λτ) − log p(θ), p the mean probability of the true class, on its own validation images.

    Parameters
    ----------
    grid : Grid

    Returns
    -------
    mapping from name to array
        `{λ}` (T,), float64, for λ = 0, 0.3, 0.5 and 0.7; `margin_10` and `margin_50` (T,): the 10 % and 50 % quantiles over
        images of the probability of the true class less the largest other one at λ = 0.5, in [−1, 1].
    """
    rows = []
    for task in grid.tasks:
        labels, p = of_own(grid.features["views"][task])
        whole, half = confidence(p[1.0], labels), margins(p[HALF], labels)
        differences = {str(share): confidence(p[share], labels) - whole for share in p if share != 1}
        rows.append(differences | dict(zip(QUANTILES, np.quantile(half, [*QUANTILES.values()]), strict=True)))
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}
