"""Whether the two models changed their weight matrices in the same directions, matrix by matrix.

For every matrix of the visual tower, τ = U diag(s) Vᵀ oriented (out, in), s descending, k = min(10, rank dimension);
each metric is the unweighted mean over matrices of a number in [0, 1] (up to rounding). A matrix whose τ is exactly
zero in either model is left out; each metric raises MergecastError if that leaves none.
Source: "Demystifying Mergeability" (Rose-STL-Lab/demystifying-mergeability), metrics 13-18.
"""

from collections.abc import Callable

import numpy as np

from ..errors import MergecastError
from ..features._types import PairFeatures, Spectrum
from ._metric import metric

LARGEST = 100  # singular values compared


@metric(needs=("spectra",))
def singular_value_overlap(features: PairFeatures) -> float:
    """Whether both models spread their change over directions in like proportions, whichever directions: 1 is alike.

    Cosine of the first min(100, len s) singular values; in (0, 1] as these are not negative.

    Returns
    -------
    float
        In (0, 1].
    """

    def cosine(a: Spectrum, b: Spectrum) -> float:
        x, y = a.values[:LARGEST], b.values[:LARGEST]
        return float(x @ y / (np.linalg.norm(x) * np.linalg.norm(y)))

    return _mean_over_matrices(features, cosine)


@metric(needs=("spectra",))
def subspace_overlap(features: PairFeatures) -> float:
    """Whether both models changed the same outputs of their layers: 1 the same leading directions, 0 separate ones.

    |U_a,kᵀ U_b,k|_F / sqrt(k) over the leading k left vectors, in [0, 1]. The published value divides by k: it is this
    one divided by sqrt(k).

    Returns
    -------
    float
        In [0, 1].
    """
    return _mean_over_matrices(features, lambda a, b: _overlap(a.left, b.left))


@metric(needs=("spectra",))
def right_subspace_overlap_top_k(features: PairFeatures) -> float:
    """Whether both models' strongest changes respond to the same inputs of a layer: 1 the same, 0 separate ones.

    |V_a,kᵀ V_b,k|_F / sqrt(k) over the leading k right vectors, in [0, 1].

    Returns
    -------
    float
        In [0, 1].
    """
    return _mean_over_matrices(features, lambda a, b: _overlap(a.right_top, b.right_top))


@metric(needs=("spectra",))
def right_subspace_overlap_bottom_k(features: PairFeatures) -> float:
    """Whether both models leave the same inputs of a layer nearly untouched: 1 the same weakest directions, 0 separate.

    |V_a,kᵀ V_b,k|_F / sqrt(k) over the last k right vectors of the thin factor, in [0, 1]. Where τ lacks full rank
    these include directions of singular value zero, which are arbitrary.

    Returns
    -------
    float
        In [0, 1].
    """
    return _mean_over_matrices(features, lambda a, b: _overlap(a.right_bottom, b.right_bottom))


@metric(needs=("spectra",))
def interaction_matrix_overlap_top_k(features: PairFeatures) -> float:
    """The part of one model's strongest input directions that lies in the other's: 1 all of it, 0 none.

    |V_a,kᵀ V_b,k|_F² / k over the leading k right vectors, in [0, 1]: the square, matrix by matrix, of
    right_subspace_overlap_top_k.

    Returns
    -------
    float
        In [0, 1].
    """
    return _mean_over_matrices(features, lambda a, b: _overlap(a.right_top, b.right_top) ** 2)


@metric(needs=("spectra",))
def interaction_matrix_overlap_bottom_k(features: PairFeatures) -> float:
    """The part of one model's weakest input directions that lies in the other's: 1 all of it, 0 none.

    |V_a,kᵀ V_b,k|_F² / k over the last k right vectors of the thin factor, in [0, 1]: the square, matrix by matrix, of
    right_subspace_overlap_bottom_k.

    Returns
    -------
    float
        In [0, 1].
    """
    return _mean_over_matrices(features, lambda a, b: _overlap(a.right_bottom, b.right_bottom) ** 2)


def _overlap(a: np.ndarray, b: np.ndarray) -> float:
    """|AᵀB|_F / sqrt(k) of two orthonormal bases with k columns: root mean square cosine of the principal angles."""
    return float(np.linalg.norm(a.T @ b)) / a.shape[1] ** 0.5


def _mean_over_matrices(features: PairFeatures, number: Callable[[Spectrum, Spectrum], float]) -> float:
    values = [number(a, b) for _, (a, b) in sorted(features.spectra.items()) if a.values.any() and b.values.any()]
    if not values:
        raise MergecastError("no weight matrix changed in both models; leave out checkpoints that equal the base")
    return float(np.mean(values))
