"""Drop entries at random, rescale the survivors, average: θ = θ0 + scale · mean Δ_t."""

from functools import partial

import torch

from ..seeding import seed_for
from ._magnitude import count_of, kth_largest, magnitude
from ._streaming import streamed

PARAMETERS = {
    "drop": {
        "type": "number",
        "minimum": 0,
        "exclusiveMaximum": 1,
        "description": "the share of entries dropped, at least 0 and below 1",
    },
    "scale": {"type": "number", "description": "a finite number"},
    "seed": {"type": "integer", "description": "a whole number"},
    "mask": {"enum": ["random", "magnitude"], "description": "'random' or 'magnitude'"},
}


def merge(base, models, *, drop=0.9, scale=1.0, seed=0, mask="random"):
    """Average sparsified task vectors.

    Entries of τ_t are dropped and survivors divided by 1 − drop. The random stream is seeded from (seed, task, tensor) and
    drawn on the CPU, so the result depends neither on the order of the models nor on the device.

    Parameters
    ----------
    base : mapping from tensor name to tensor
    models : mapping from task to such a mapping
        2 or more.
    drop : float, default 0.9
        Probability of dropping an entry of τ_t, in [0, 1).
    scale : float, default 1.0
        Factor of the mean.
    seed : int, default 0
    mask : {"random", "magnitude"}, default "random"
        `magnitude` drops the ⌊drop·n⌋ smallest entries of each tensor (fewer where others are just as large as the smallest
        that stays).

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
    Yu et al. 2024, "Language models are super Mario".
    """

    def by_pieces(name, read):
        """Δ of the pieces of one tensor; its random stream goes on from piece to piece."""
        streams = {task: torch.Generator().manual_seed(seed_for("dare", task, name, seed=seed)) for task in models}
        if mask == "magnitude":
            size = base[name].numel()
            least = {task: kth_largest(partial(_magnitudes, read, task), size - count_of(drop, size)) for task in models}

        def stays(task, vector):
            if mask == "magnitude":
                return magnitude(vector) >= least[task]
            return (torch.rand(vector.shape, generator=streams[task], dtype=torch.float64) >= drop).to(vector.device)

        for vectors in read():
            total = sum(vector * stays(task, vector) for task, vector in vectors.items())
            yield scale / (1 - drop) / len(vectors) * total

    def update(name, vectors):
        return next(by_pieces(name, lambda: [vectors]))

    return streamed(base, models, update, by_pieces=by_pieces)


def _magnitudes(read, task):
    return (magnitude(vectors[task]) for vectors in read())
