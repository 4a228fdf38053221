"""Mean of the fine-tuned weights: θ = mean θ_t."""

import math

from ..errors import MergecastError
from ._streaming import elementwise, mean, streamed

LEAST_MODELS = 2
PARAMETERS = {
    "weights": {
        "type": "null",
        "per_model": {"type": "number"},
        "description": "null, or a list of one finite number for each model",
    },
}
CANCELS = 1e-9  # a sum of weights that is less than this share of their magnitudes is 0 but for rounding


def merge(base, models, *, weights=None):
    """Average the models.

    Parameters
    ----------
    base : mapping from tensor name to tensor
    models : mapping from task to such a mapping
        2 or more.
    weights : mapping from task to float, or None, default None
        Weights w_t of the mean Σ w_t θ_t / Σ w_t: they need not sum to 1. None: all alike.

    Returns
    -------
    mapping from tensor name to tensor
        The merged state, types as in the base.

    Raises
    ------
    MergecastError
        If the weights sum to 0, shapes differ from the base's, or an entry is not finite before or after merging.

    Notes
    -----
    Wortsman et al. 2022, "Model soups" (uniform soup).
    """
    total = 0.0 if weights is None else math.fsum(weights.values())
    if weights is not None and abs(total) <= CANCELS * math.fsum(map(abs, weights.values())):
        raise MergecastError("method 'weight_avg': the weights sum to 0, so there is no mean; change one of them")

    def update(name, vectors):
        if weights is None:
            return mean(vectors)
        return sum(weights[task] * vector for task, vector in vectors.items()) / total

    return streamed(base, models, update, by_pieces=elementwise(update))
