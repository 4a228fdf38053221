"""How often a checkpoint decides as before when its task vector is shortened; no labels are looked at."""

import numpy as np

from ._views import of_own

SCOPE = "grid"
FILE = "scaling_agreement.npz"
NEEDS = ("views",)
RESOURCES = {"device": "cpu", "minutes": 5, "memory": 1000}
TABLE = "traits"


def compute(grid) -> dict:
    """Share of its own validation images that θ0 + λτ and θ give the same class.

    Parameters
    ----------
    grid : Grid

    Returns
    -------
    mapping from name to array
        `{λ}` (T,), float64, in [0, 1], for λ = 0, 0.3, 0.5 and 0.7.
    """
    rows = []
    for task in grid.tasks:
        _, p = of_own(grid.features["views"][task])
        decided = p[1.0].argmax(axis=1)
        rows.append({str(share): (p[share].argmax(axis=1) == decided).mean() for share in p if share != 1})
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}
