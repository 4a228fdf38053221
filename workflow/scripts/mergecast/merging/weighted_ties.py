"""TIES with a weight per model, of the largest entries or of random ones: what mergekit calls `ties` and `dare_ties`."""

from functools import partial

import torch

from ._magnitude import count_of, kth_largest, magnitude, magnitudes
from ._per_model import each
from ._random import spared, stream
from ._streaming import streamed

LEAST_MODELS = 2
PARAMETERS = {
    "keep": {
        "type": "number",
        "exclusiveMinimum": 0,
        "maximum": 1,
        "per_model": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
        "description": "the share of entries kept, above 0 and at most 1, or a list of one for each model",
    },
    "weights": {
        "type": "null",
        "per_model": {"type": "number"},
        "description": "null, or a list of one finite number for each model",
    },
    "mask": {"enum": ["magnitude", "random"], "description": "'magnitude' or 'random'"},
    "normalize": {"type": "boolean", "description": "true or false"},
    "scale": {"type": "number", "description": "a finite number"},
    "seed": {"type": "integer", "description": "a whole number"},
}


def merge(base, models, *, keep=0.2, weights=None, mask="magnitude", normalize=True, scale=1.0, seed=0):
    """Merge what is left of weighted task vectors and agrees in sign.

    Of w_t τ_t only some entries are left; per entry the sign of their sum is elected, + where it is 0; Δ is the sum of the
    entries with that sign, over the sum of their weights if `normalize`. θ = θ0 + scale · Δ.

    Parameters
    ----------
    base : mapping from tensor name to tensor
    models : mapping from task to such a mapping
        2 or more.
    keep : float, or mapping from task to float, default 0.2
        Share in (0, 1] of the entries of each tensor that are left.
    weights : mapping from task to float, or None, default None
        Weights w_t, of either sign. None: 1 for all.
    mask : {"magnitude", "random"}, default "magnitude"
        `magnitude`: the ⌊keep·n⌋ (at least 1) largest entries are left, and others just as large. `random`: each with
        probability keep, divided by it; drawn as `dare` draws, so it depends on what the models are called.
    normalize : bool, default True
        Whether the sum of the entries is divided by the sum of their weights; where that is 0 it never is.
    scale : float, default 1.0
        Factor of Δ, mergekit's lambda.
    seed : int, default 0
        Of `random`.

    Returns
    -------
    dict from tensor name to tensor
        The merged state, types as in the base.

    Raises
    ------
    MergecastError
        If shapes differ from the base's, or an entry is not finite before or after merging.

    Notes
    -----
    Yadav et al. 2023, "TIES-Merging", and Yu et al. 2024, "Language models are super Mario", as combined and weighted in
    Goddard et al. 2024, "Arcee's MergeKit".
    """
    shares, factors = each(keep, models), each(1.0 if weights is None else weights, models)

    def by_pieces(name, read):
        """Δ of the pieces of one tensor; its random streams go on from piece to piece."""
        size, streams = base[name].numel(), {task: stream(task, name, seed) for task in models}
        counts = {task: max(1, count_of(shares[task], size)) for task in models}
        if mask == "magnitude":
            least = {task: kth_largest(partial(magnitudes, read, task), counts[task]) for task in models}

        def left(task, vector):
            if mask == "random":
                return vector * spared(streams[task], vector, 1 - shares[task]) / shares[task]
            return vector * (magnitude(vector) >= least[task])

        for vectors in read():
            yield scale * _agreeing(
                {task: factors[task] * left(task, vector) for task, vector in vectors.items()}, factors, normalize
            )

    def update(name, vectors):
        return next(by_pieces(name, lambda: [vectors]))

    return streamed(base, models, update, by_pieces=by_pieces)


def _agreeing(terms, factors, normalize):
    """Per entry the sum of the terms with the elected sign, over the sum of their weights if `normalize`."""
    stacked = torch.stack([terms[task] for task in sorted(terms)])
    agreeing = torch.where(stacked.sum(0) >= 0, stacked > 0, stacked < 0)
    total = stacked.mul_(agreeing).sum(0)
    if normalize:
        divisor = sum(factors[task] * agree for task, agree in zip(sorted(terms), agreeing, strict=True))
        total /= torch.where(divisor == 0, 1.0, divisor)
    return total
