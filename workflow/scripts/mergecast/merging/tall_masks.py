"""Consensus of localised task masks: the sum of task vectors, kept where enough tasks need it."""

from ..errors import MergecastError
from ._streaming import elementwise, streamed

LEAST_MODELS = 2
PARAMETERS = {
    "mask_lambda": {"type": "number", "minimum": 0, "description": "the threshold λ of the masks, 0 or more"},
    "agree": {
        "type": ["integer", "null"],
        "minimum": 1,
        "description": "how many masks must hold, from 1 to the number of models, or null for 1 of two models, else 2",
        "at_most_models": True,
    },
    "scale": {"type": "number", "description": "a finite number"},
}


def merge(base, models, *, mask_lambda=0.4, agree=None, scale=1.0):
    """Keep the entries of the summed task vectors that enough tasks use.

    mask_t = |θ0 − θ_t| > λ |θ0 + Σ τ − θ_t|; θ = θ0 + scale · Σ τ where at least `agree` masks hold, θ0 elsewhere.

    No scale per model: the masks say which entries a task needs of the plain sum.

    Parameters
    ----------
    base : mapping from tensor name to tensor
    models : mapping from task to such a mapping
        2 or more.
    mask_lambda : float, default 0.4
        Threshold λ of the masks, at least 0.
    agree : int or None, default None
        How many masks must hold, from 1 to the number of models; None: 1 of two models, 2 of more.
    scale : float, default 1.0
        Factor of the sum.

    Returns
    -------
    mapping from tensor name to tensor
        The merged state, types as in the base.

    Raises
    ------
    MergecastError
        If `agree` exceeds the number of models, shapes differ from the base's, or an entry is not finite before or after
        merging.

    Notes
    -----
    Wang et al. 2024, "Localizing task information for improved model merging" (consensus task arithmetic).
    """
    needed = agree if agree is not None else min(2, len(models) - 1)
    if needed > len(models):
        raise MergecastError(f"method 'tall_masks': agree is {agree}, but {len(models)} models are merged; lower it")

    def update(name, vectors):
        total = sum(vectors.values())
        masks = sum((vector.abs() > mask_lambda * (total - vector).abs()).int() for vector in vectors.values())
        return scale * total * (masks >= needed)

    return streamed(base, models, update, by_pieces=elementwise(update))
