"""How much of its accuracy a checkpoint keeps when its task vector is shortened."""

import numpy as np

from ._views import accuracy, of_own, ratio

SCOPE = "grid"
FILE = "scaling.npz"
NEEDS = ("views",)
RESOURCES = {"device": "cpu", "minutes": 5, "memory": 1000}
TABLE = "traits"
REASON = "{task} keeps {value:.0%} of its accuracy at {array} of its task vector (typically {typical:.0%})"


def compute(grid) -> dict:
    """A(θ0 + λτ) / A(θ) on each checkpoint's own validation images under its own head.

    Parameters
    ----------
    grid : Grid

    Returns
    -------
    mapping from name to array
        `{λ}` (T,), float64, for λ = 0, 0.3, 0.5 and 0.7: both accuracies shrunk towards chance c, (x + c)/(y + c). At λ = 0 it
        is the zero-shot ratio.
    """
    rows = []
    for task in grid.tasks:
        labels, p = of_own(grid.features["views"][task])
        reached = {share: accuracy(p[share], labels) for share in p}
        rows.append({str(share): ratio(reached[share], reached[1.0], p[1.0].shape[1]) for share in p if share != 1})
    return {share: np.array([row[share] for row in rows]) for share in rows[0]}
