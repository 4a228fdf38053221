"""Drop entries at random, rescale the survivors, average: θ = θ0 + scale · mean Δ_t."""

from collections.abc import Mapping
from functools import partial

from ._magnitude import count_of, kth_largest, magnitude, magnitudes
from ._per_model import each
from ._random import spared, stream
from ._streaming import streamed

PARAMETERS = {
    "drop": {
        "type": "number",
        "minimum": 0,
        "exclusiveMaximum": 1,
        "per_model": {"type": "number", "minimum": 0, "exclusiveMaximum": 1},
        "description": "the share of entries dropped, at least 0 and below 1, or a list of one for each model",
    },
    "scale": {
        "type": "number",
        "per_model": {"type": "number"},
        "description": "a finite number, or a list of one for each model",
    },
    "seed": {"type": "integer", "description": "a whole number"},
    "mask": {"enum": ["random", "magnitude"], "description": "'random' or 'magnitude'"},
}


def merge(base, models, *, drop=0.9, scale=1.0, seed=0, mask="random"):
    """Average sparsified task vectors.

    Entries of τ_t are dropped and survivors divided by 1 − drop. The random stream is seeded from (seed, task, tensor) and
    drawn on the CPU, so the result depends neither on the order of the models nor on the device. It depends on what the
    models are called: under another name the same model is another draw.

    Parameters
    ----------
    base : mapping from tensor name to tensor
    models : mapping from task to such a mapping
        1 or more.
    drop : float, or mapping from task to float, default 0.9
        Probability of dropping an entry of τ_t, in [0, 1).
    scale : float, or mapping from task to float, default 1.0
        Factor of the mean; by task, of each term of it: θ0 + mean scale_t Δ_t.
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

    drops, scales = each(drop, models), each(scale, models)
    alike = not isinstance(drop, Mapping) and not isinstance(scale, Mapping)

    def by_pieces(name, read):
        """Δ of the pieces of one tensor; its random streams go on from piece to piece."""
        streams = {task: stream(task, name, seed) for task in models}
        if mask == "magnitude":
            size = base[name].numel()
            least = {task: kth_largest(partial(magnitudes, read, task), size - count_of(drops[task], size)) for task in models}

        def left(task, vector):
            kept = magnitude(vector) >= least[task] if mask == "magnitude" else spared(streams[task], vector, drops[task])
            return vector * kept

        for vectors in read():
            if alike:
                yield scale / (1 - drop) / len(vectors) * sum(left(task, vector) for task, vector in vectors.items())
            else:
                terms = (scales[task] / (1 - drops[task]) * left(task, vector) for task, vector in vectors.items())
                yield sum(terms) / len(vectors)

    def update(name, vectors):
        return next(by_pieces(name, lambda: [vectors]))

    return streamed(base, models, update, by_pieces=by_pieces)
