"""Task singular vectors: leading triples of each τ_t, their vectors made orthogonal across tasks, and summed."""

import torch

from ._magnitude import count_of
from ._spectral import leading, nearest_orthogonal, rank_of, streamed_matrices

LEAST_MODELS = 2
PARAMETERS = {
    "rank_fraction": {
        "type": ["number", "null"],
        "exclusiveMinimum": 0,
        "maximum": 1,
        "description": "the share of singular triples kept, above 0 and at most 1, or null for one over the models",
    },
}


def leading_svd(task, name, vector, rank):
    """The `rank` leading triples of the task vector of one matrix; what `svd` of `merge` must return.

    Parameters
    ----------
    task : str
    name : str
        Of the tensor.
    vector : (m, n) tensor
        τ of that tensor.
    rank : int
        Number of triples r, from 0 to min(m, n).

    Returns
    -------
    tuple of tensors
        U (m, r), S (r,), descending, and Vᵗ (r, n).
    """
    return leading(vector, rank)


def merge(base, models, *, rank_fraction=None, svd=leading_svd):
    """Sum low-rank task matrices whose singular vectors were made orthogonal to each other.

    U and V of all tasks are replaced by their nearest orthogonal factors, Δ = U⊥ diag(S) V⊥ᵗ. Other tensors: mean of τ_t.
    No scale per model: the method has no scale.

    Parameters
    ----------
    base : mapping from tensor name to tensor
    models : mapping from task to such a mapping
        2 or more.
    rank_fraction : float or None, default None
        Share in (0, 1]: of every matrix and task the leading ⌊min(m, n) · rank_fraction⌋ (at least 1) triples are kept;
        None: the share 1/T. Triples with a singular value of 0 are left out, since their vectors are arbitrary.
    svd : callable, default leading_svd
        (task, tensor name, τ, number of triples) -> (U, S, Vᵗ), to share factors between merges.

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
    Gargiulo et al. 2025, "Task singular vectors".
    """

    def update(name, vectors):
        size = min(next(iter(vectors.values())).shape)
        rank = max(1, size // len(models) if rank_fraction is None else count_of(rank_fraction, size))
        triples = [_nonzero(svd(task, name, vector, rank)) for task, vector in vectors.items()]
        lefts, values, rights = zip(*triples, strict=True)
        left, values, right = torch.cat(lefts, 1), torch.cat(values), torch.cat(rights)
        return nearest_orthogonal(left) * values @ nearest_orthogonal(right)

    return streamed_matrices(base, models, 1.0, update)


def _nonzero(factors):
    """The triples whose singular value is not 0 to within rounding."""
    left, values, right = factors
    rank = rank_of(values, (len(left), right.shape[1]))
    return left[:, :rank], values[:rank], right[:rank]
