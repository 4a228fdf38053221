"""What a checkpoint would do to others: how much of their confidence its displacement takes in feature space."""

import numpy as np

from ._views import HALF, confidence, of_pairs

SCOPE = "grid"
FILE = "harm.npz"
NEEDS = ("views", "cross_views")
RESOURCES = {"device": "cpu", "minutes": 30, "memory": 3000}
TABLE = "library"
REASON = "{task} leaves others {factor:.0%} of their confidence in feature space (typically {typical_factor:.0%})"


def compute(grid) -> dict:
    """log p_c(z(θ0 + ½τ_c) + z(θ0 + ½τ_b) − z(θ0)) − log p_c(z(θ0 + ½τ_c)) on c's validation images.

    Its mean over the tasks c of a library says what b does to others. The mean is taken where it is used, since no task that
    is held out may be in the library.

    Parameters
    ----------
    grid : Grid

    Returns
    -------
    mapping from name to array
        `log_ratio` (T, T), float64, row c, column b, NaN on the diagonal; p is the mean probability of the true class
        (+ 10⁻³).
    """
    place = {task: number for number, task in enumerate(grid.tasks)}
    harm = np.full((len(place), len(place)), np.nan)
    for c, labels, p, merged in of_pairs(grid.features["views"], grid.features["cross_views"], grid.tasks):
        sure = confidence(p[HALF], labels)
        for b, both in merged.items():
            harm[place[c], place[b]] = confidence(both, labels) - sure
    return {"log_ratio": harm}
