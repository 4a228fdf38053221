"""What the methods that act on singular vectors share: leading triples, nearest orthogonal matrix, the mean elsewhere."""

from collections.abc import Callable, Mapping

import torch

from ..models.checkpoints import digits_suffice, embeddings_of, is_matrix
from ._streaming import Merged, Vectors, elementwise, mean, streamed

Factors = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


def leading(matrix: torch.Tensor, count: int) -> Factors:
    """The `count` leading singular triples, 0 … min(m, n), of an m×n matrix: U (m×c), S (c, descending) and Vᵗ (c×n).

    From the Gram matrix of the shorter side, in less than half the time of an SVD, where its digits suffice.
    """
    if matrix.shape[0] < matrix.shape[1]:
        right, values, left = leading(matrix.mT, count)
        return left.mT, values, right.mT
    if factors := _by_gram(matrix, count):
        values, right = (part.flip(-1) for part in factors)
        return matrix @ right / values, values, right.mT
    left, values, right = torch.linalg.svd(matrix, full_matrices=False)
    return left[:, :count], values[:count], right[:count]


def nearest_orthogonal(matrix: torch.Tensor) -> torch.Tensor:
    """P Qᵗ of the singular value decomposition P D Qᵗ: the closest matrix with orthonormal columns (or rows).

    Directions with a singular value of 0 are left out, since their vectors are arbitrary: columns that coincide share
    one direction, and the result is the same whatever library did the factoring.
    """
    return polar(matrix, null_space=False)[0]


def polar(matrix: torch.Tensor, *, null_space: bool = True) -> tuple[torch.Tensor, torch.Tensor]:
    """P Qᵗ of the thin singular value decomposition P D Qᵗ and the diagonal of D, in ascending or descending order.

    null_space: whether directions with a singular value of 0, which are arbitrary, are part of P Qᵗ. The same in less than
    half the time as A (AᵀA)^(-1/2), where the digits of the Gram matrix suffice.
    """
    if matrix.shape[0] < matrix.shape[1]:
        orthogonal, values = polar(matrix.mT, null_space=null_space)
        return orthogonal.mT, values
    if factors := _by_gram(matrix, matrix.shape[1]):
        values, vectors = factors
        return matrix @ ((vectors / values) @ vectors.mT), values
    left, values, right = torch.linalg.svd(matrix, full_matrices=False)
    rank = len(values) if null_space else rank_of(values, matrix.shape)
    return left[:, :rank] @ right[:rank], values


def _by_gram(tall: torch.Tensor, count: int) -> tuple[torch.Tensor, torch.Tensor] | None:
    """The `count` largest singular values, ascending, and right singular vectors (n×c) of a matrix, from its Gram matrix.

    None where its digits do not suffice.
    """
    squares, vectors = torch.linalg.eigh(tall.mT @ tall)
    first = len(squares) - count
    return (squares[first:].sqrt(), vectors[:, first:]) if digits_suffice(squares[first:]) else None


def rank_of(values: torch.Tensor, shape: tuple[int, int]) -> int:
    """How many of the singular values, descending, of a matrix of that shape are not 0 to within rounding."""
    return int((values > values[:1] * max(shape) * torch.finfo(values.dtype).eps).sum())


def streamed_matrices(base: Mapping, models: Mapping[str, Mapping], scale: float, update: Callable) -> Merged:
    """θ0 + scale · Δ with Δ = `update(name, task vectors)` for matrices and the mean task vector for all else."""

    embeddings = embeddings_of(base)

    def either(name: str, vectors: Vectors) -> torch.Tensor:
        matrix = is_matrix(name, next(iter(vectors.values())), embeddings)
        return scale * (update(name, vectors) if matrix else mean(vectors))

    def by_pieces(name: str, read: Callable):
        return None if is_matrix(name, base[name], embeddings) else elementwise(either)(name, read)

    return streamed(base, models, either, by_pieces=by_pieces)
