"""What the methods that act on singular vectors share: thin factors, nearest orthogonal matrix, the mean elsewhere."""

from collections.abc import Callable, Mapping

import torch

from ..checkpoints import is_matrix
from ._streaming import Vectors, mean, streamed

Factors = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


def thin(matrix: torch.Tensor) -> Factors:
    """U (m×r), S (r, descending) and Vᵗ (r×n) of an m×n matrix, r = min(m, n); a wide one is factored transposed."""
    if matrix.shape[0] < matrix.shape[1]:
        right, values, left = torch.linalg.svd(matrix.mT, full_matrices=False)
        return left.mT, values, right.mT
    return tuple(torch.linalg.svd(matrix, full_matrices=False))


def nearest_orthogonal(matrix: torch.Tensor) -> torch.Tensor:
    """P Qᵗ of the singular value decomposition P D Qᵗ: the closest matrix with orthonormal columns (or rows).

    Directions with a singular value of 0 are left out, since their vectors are arbitrary: columns that coincide share
    one direction, and the result is the same whatever library did the factoring.
    """
    left, values, right = thin(matrix)
    rank = rank_of(values, matrix.shape)
    return left[:, :rank] @ right[:rank]


def rank_of(values: torch.Tensor, shape: tuple[int, int]) -> int:
    """How many of the singular values, descending, of a matrix of that shape are not 0 to within rounding."""
    return int((values > values[:1] * max(shape) * torch.finfo(values.dtype).eps).sum())


def streamed_matrices(base: Mapping, models: Mapping[str, Mapping], scale: float, update: Callable) -> Vectors:
    """θ0 + scale · Δ with Δ = `update(name, task vectors)` for matrices and the mean task vector for all else."""

    def either(name: str, vectors: Vectors) -> torch.Tensor:
        matrix = is_matrix(name, next(iter(vectors.values())))
        return scale * (update(name, vectors) if matrix else mean(vectors))

    return streamed(base, models, either)
