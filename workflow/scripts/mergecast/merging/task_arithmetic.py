"""Scaled sum of the task vectors: θ = θ0 + scale · Σ τ_t."""

from collections.abc import Mapping

from ._streaming import elementwise, streamed

PARAMETERS = {
    "scale": {
        "type": "number",
        "per_model": {"type": "number"},
        "description": "a finite number, or a list of one for each model",
    },
}


def merge(base, models, *, scale=0.3):
    """Add the task vectors to the base.

    One model: a negative scale makes it forget what that model learnt, one from 0 to 1 lies between the base and it (WiSE-FT).

    Parameters
    ----------
    base : mapping from tensor name to tensor
    models : mapping from task to such a mapping
        1 or more.
    scale : float, or mapping from task to float, default 0.3
        Factor of the sum; 1/T makes it the weight average. By task: θ0 + Σ scale_t τ_t.

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
    Ilharco et al. 2023, "Editing models with task arithmetic"; for one model also Wortsman et al. 2022, "Robust fine-tuning of
    zero-shot models".
    """

    def update(name, vectors):
        if isinstance(scale, Mapping):
            return sum(scale[task] * vector for task, vector in vectors.items())
        return scale * sum(vectors.values())

    return streamed(base, models, update, by_pieces=elementwise(update))
