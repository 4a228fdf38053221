"""Trim small entries, elect a sign per entry, average what agrees: θ = θ0 + scale · Δ."""

from functools import partial

import torch

from ..models.state import is_weight
from ._magnitude import count_of, kth_largest, kth_largest_of, magnitude
from ._streaming import pieces, streamed

LEAST_MODELS = 2
PARAMETERS = {
    "keep": {
        "type": "number",
        "exclusiveMinimum": 0,
        "maximum": 1,
        "description": "the share of entries kept, above 0 and at most 1",
    },
    "scale": {"type": "number", "description": "a finite number"},
    "trim": {"enum": ["tensor", "global"], "description": "'tensor' or 'global'"},
    "sign": {"enum": ["mass"], "description": "'mass'"},
}
ELECT = {"mass": lambda trimmed: trimmed.sum(0).sign()}


def merge(base, models, *, keep=0.2, scale=0.3, trim="tensor", sign="mass"):
    """Merge what is large and agrees in sign.

    Δ is the mean of the surviving entries with the elected sign. No scale per model: the mean is one of equals, and its sign
    is elected by size alone; `weighted_ties` weighs the models in both.

    Parameters
    ----------
    base : mapping from tensor name to tensor
    models : mapping from task to such a mapping
        2 or more.
    keep : float, default 0.2
        Share in (0, 1]: of each τ_t the ⌊keep·n⌋ (at least 1) entries of largest magnitude survive, and others just as large.
    scale : float, default 0.3
        Factor of Δ.
    trim : {"tensor", "global"}, default "tensor"
        Whether `keep` is said of each tensor or of the whole task vector.
    sign : {"mass"}, default "mass"
        `mass`: the sign of the sum of what survived; where that is 0, the sign of the summed elected signs of the tensor
        (or vector), + if that is 0 too.

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
    Yadav et al. 2023, "TIES-Merging" (there trimmed over the whole vector).
    """
    elect = ELECT[sign]
    whole = _over([name for name in base if is_weight(base, name)], base, models, keep, elect) if trim == "global" else None

    def update(name, vectors):
        thresholds = whole[0] if whole else {t: kth_largest_of(v, _kept(keep, v.numel())) for t, v in vectors.items()}
        return agreed(_trimmed(vectors, thresholds), whole and whole[1])

    def by_pieces(name, read):
        thresholds, majority = whole or _over([name], base, models, keep, elect)
        return (agreed(_trimmed(vectors, thresholds), majority) for vectors in read())

    def agreed(trimmed, majority):
        elected = elect(trimmed)
        positive = torch.where(elected == 0, majority or _sign(elected.sum()), elected) > 0
        agreeing = torch.where(positive, trimmed > 0, trimmed < 0)
        return scale * trimmed.mul_(agreeing).sum(0) / agreeing.sum(0).clamp(min=1)

    return streamed(base, models, update, by_pieces=by_pieces)


def _over(names, base, models, keep, elect):
    """Threshold of every task and the majority sign over some tensors of the task vectors, read piece by piece."""
    kept = _kept(keep, sum(base[name].numel() for name in names))
    thresholds = {task: kth_largest(partial(_magnitudes, names, base, task, model), kept) for task, model in models.items()}
    read = (vectors for name in names for vectors in pieces(base, models, name))
    return thresholds, _sign(sum(elect(_trimmed(vectors, thresholds)).sum() for vectors in read))


def _magnitudes(names, base, task, model):
    return (magnitude(vectors[task]) for name in names for vectors in pieces(base, {task: model}, name))


def _kept(keep, total):
    return max(1, count_of(keep, total))


def _trimmed(vectors, thresholds):
    """T × shape: the task vectors, which are used up, with every entry below its task's threshold set to 0."""
    for task, vector in vectors.items():
        vector *= magnitude(vector) >= thresholds[task]
    return torch.stack([vectors.pop(task) for task in list(vectors)])


def _sign(total):
    return -1.0 if total < 0 else 1.0
