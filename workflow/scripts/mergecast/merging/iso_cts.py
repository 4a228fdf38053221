"""Isotropic merging in common and task-specific spaces: directions of each task beside the common ones, all equal."""

import torch

from ._magnitude import count_of
from ._spectral import leading, nearest_orthogonal, streamed_matrices

LEAST_MODELS = 2
PARAMETERS = {
    "common": {
        "type": "number",
        "minimum": 0,
        "maximum": 1,
        "description": "the share of directions that are common, from 0 to 1",
    },
    "scale": {"type": "number", "description": "a finite number"},
}


def merge(base, models, *, common=0.8, scale=1.0):
    """Give each task directions of its own beside those of the sum, and all of them one strength.

    Per matrix with r = min(m, n): s = round((r − ⌊common·r⌋)/T)·T directions are task-specific, c = r − s common:
    the leading c triples of Σ τ_t, and of every task the leading s/T triples of τ_t with the common left space
    projected out; U and V of all these are replaced by their nearest orthogonal factors, the singular values by
    their mean. Other tensors: mean of τ_t. θ = θ0 + scale · Δ.

    No scale per model: all directions get one strength.

    Parameters
    ----------
    base : mapping from tensor name to tensor
    models : mapping from task to such a mapping
        2 or more.
    common : float, default 0.8
        Share of directions that are common, in [0, 1].
    scale : float, default 1.0
        Factor of Δ.

    Returns
    -------
    mapping from tensor name to tensor
        The merged state, types as in the base.

    Raises
    ------
    MergecastError
        If shapes differ from the base's, or an entry is not finite before or after merging.

    Notes
    -----
    Marczak et al. 2025, "No task left behind: isotropic model merging" (Iso-CTS).
    """

    def update(name, vectors):
        total = sum(vectors.values())
        each = _directions_per_task(min(total.shape), len(vectors), common)
        left, values, right = leading(total, min(total.shape) - each * len(vectors))
        specific = [leading(vector - left @ (left.mT @ vector), each) for vector in vectors.values()]
        lefts = torch.cat([*(u for u, _, _ in specific), left], 1)
        rights = torch.cat([*(v for _, _, v in specific), right])
        strength = torch.cat([*(s for _, s, _ in specific), values]).mean()
        return strength * (nearest_orthogonal(lefts) @ nearest_orthogonal(rights))

    return streamed_matrices(base, models, scale, update)


def _directions_per_task(size: int, tasks: int, common: float) -> int:
    """s/T, rounded to the nearest (halves to even) but never so far up that fewer than 0 common directions remain."""
    return min(round((size - count_of(common, size)) / tasks), size // tasks)
