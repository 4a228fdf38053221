"""A merge in feature space: the other's displacement is added to embeddings, not to weights."""

import numpy as np

from ._views import accuracy, confidence, of_pairs, ratio

SCOPE = "grid"
FILE = "additive.npz"
NEEDS = ("views", "cross_views")
RESOURCES = {"device": "cpu", "minutes": 30, "memory": 3000}
TABLE = "pairs"
REASON = {
    "ratio": "{task} keeps {value:.0%} of its accuracy with {other} added in feature space (typically {typical:.0%})",
    "log_ratio": "{task} keeps {factor:.0%} of its confidence with {other} added (typically {typical_factor:.0%})",
}


def compute(grid) -> dict:
    """Accuracy and confidence on a's validation images under z(θ0 + ½τ_a) + z(θ0 + ½τ_b) − z(θ0), relative to θ_a.

    Parameters
    ----------
    grid : Grid

    Returns
    -------
    mapping from name to array
        (T, T), float64, row a, column b, NaN on the diagonal. `ratio`: accuracies shrunk towards chance c, (x + c)/(y + c);
        `log_ratio`: log p less log p, p the mean probability of the true class (+ 10⁻³).
    """
    place = {task: number for number, task in enumerate(grid.tasks)}
    arrays = {name: np.full((len(place), len(place)), np.nan) for name in ("ratio", "log_ratio")}
    for a, labels, p, merged in of_pairs(grid.features["views"], grid.features["cross_views"], grid.tasks):
        reached, sure = accuracy(p[1.0], labels), confidence(p[1.0], labels)
        for b, both in merged.items():
            arrays["ratio"][place[a], place[b]] = ratio(accuracy(both, labels), reached, both.shape[1])
            arrays["log_ratio"][place[a], place[b]] = confidence(both, labels) - sure
    return arrays
