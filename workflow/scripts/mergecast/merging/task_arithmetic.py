"""Scaled sum of the task vectors: θ = θ0 + scale · Σ τ_t."""

from ._streaming import elementwise, streamed

PARAMETERS = {"scale": {"type": "number", "description": "a finite number"}}


def merge(base, models, *, scale=0.3):
    """Add the task vectors to the base.

    Parameters
    ----------
    base : mapping from tensor name to tensor
    models : mapping from task to such a mapping
        2 or more.
    scale : float, default 0.3
        Factor of the sum; 1/T makes it the weight average.

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
    Ilharco et al. 2023, "Editing models with task arithmetic".
    """

    def update(name, vectors):
        return scale * sum(vectors.values())

    return streamed(base, models, update, by_pieces=elementwise(update))
