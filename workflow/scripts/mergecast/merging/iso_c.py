"""Isotropic merging in the common space: the summed task matrix with all singular values made equal."""

from ._spectral import polar, streamed_matrices

LEAST_MODELS = 2
PARAMETERS = {"scale": {"type": "number", "description": "a finite number"}}


def merge(base, models, *, scale=1.0):
    """Flatten the spectrum of the summed task matrices.

    Per matrix Σ τ_t = P D Qᵗ becomes Δ = mean(D) P Qᵗ; other tensors: Δ = mean of τ_t. θ = θ0 + scale · Δ.

    No scale per model: a model of little weight would have its directions lifted to the strength of all others.

    Parameters
    ----------
    base : mapping from tensor name to tensor
    models : mapping from task to such a mapping
        2 or more.
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
    Marczak et al. 2025, "No task left behind: isotropic model merging" (Iso-C).
    """

    def update(name, vectors):
        orthogonal, values = polar(sum(vectors.values()))
        return values.mean() * orthogonal

    return streamed_matrices(base, models, scale, update)
