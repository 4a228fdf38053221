"""Whether two task vectors span one direction or two: the singular values of the matrix with rows τ_a and τ_b.

σ1 >= σ2 follow from a², b² and c in closed form (`Gram.singular_values`), r = σ2 / σ1; no matrix is decomposed.
Source: "Demystifying Mergeability" (Rose-STL-Lab/demystifying-mergeability), metrics 6-12.
"""

import math

from ..errors import MergecastError
from ..features._types import Gram, PairFeatures
from ._metric import metric

NEGLIGIBLE = 1e-10  # norm below which a tensor of a task vector counts as untouched


@metric(needs=("inner_products",))
def effective_rank(features: PairFeatures) -> float:
    """How many directions the two task vectors really use: 1 when they lie on one line, 2 when they share nothing.

    e^H with H = -Σ p_i ln p_i, p_i = σ_i / (σ1 + σ2), in [1, 2]. Raises MergecastError if both task vectors are zero.
    Source: Roy and Vetterli 2007, "The effective rank".

    Returns
    -------
    float
        In [1, 2].
    """
    return _effective_rank(features.inner_products.total())


@metric(needs=("inner_products",))
def effective_rank_mergeability_score(features: PairFeatures) -> float:
    """The effective rank turned round, so that more is better: 1 for one shared direction, 0 for two separate ones.

    clip(2 - effective_rank, 0, 1). Raises MergecastError if both task vectors are zero.

    Returns
    -------
    float
        In [0, 1].
    """
    return _score(_effective_rank(features.inner_products.total()))


@metric(needs=("inner_products",))
def stable_rank(features: PairFeatures) -> float:
    """Another count of the directions in use, which weighs a weak second direction less: from 1 (one) to 2 (two alike).

    (σ1 + σ2)² / (σ1² + σ2²), in [1, 2]: the published formula, a participation ratio, and not the usual stable rank
    |M|_F² / |M|_2². Raises MergecastError if both task vectors are zero.

    Returns
    -------
    float
        In [1, 2].
    """
    r = _ratio(features.inner_products.total())
    return (1 + r) ** 2 / (1 + r**2)


@metric(needs=("inner_products",))
def spectral_gap(features: PairFeatures) -> float:
    """How much the strongest shared direction outweighs the other: 1 when it is the only one, 0 when both are equal.

    (σ1 - σ2) / σ1, in [0, 1]. Raises MergecastError if both task vectors are zero.

    Returns
    -------
    float
        In [0, 1].
    """
    return 1 - _ratio(features.inner_products.total())


@metric(needs=("inner_products",))
def singular_value_ratio(features: PairFeatures) -> float:
    """The strength of the second direction against the first: 0 when the models share one, 1 when they need two alike.

    σ2 / σ1, in [0, 1]. Raises MergecastError if both task vectors are zero.

    Returns
    -------
    float
        In [0, 1].
    """
    return _ratio(features.inner_products.total())


@metric(needs=("inner_products",))
def layerwise_effective_rank(features: PairFeatures) -> float:
    """The effective rank taken tensor by tensor, those that changed most counting most: 1 shared, 2 separate.

    Σ_l w_l e^{H_l} / Σ_l w_l over tensors l, w_l = |τ_a,l| + |τ_b,l|, in [1, 2]; a tensor where either norm is below
    1e-10 is left out. Raises MergecastError if that leaves none.

    Returns
    -------
    float
        In [1, 2].
    """
    return _layerwise_effective_rank(features)


@metric(needs=("inner_products",))
def layerwise_effective_rank_mergeability_score(features: PairFeatures) -> float:
    """The layer-wise effective rank turned round, so that more is better: 1 for shared directions, 0 for separate ones.

    clip(2 - layerwise_effective_rank, 0, 1). Raises MergecastError if no tensor changed in both models.

    Returns
    -------
    float
        In [0, 1].
    """
    return _score(_layerwise_effective_rank(features))


def _ratio(gram: Gram) -> float:
    first, second = gram.singular_values()
    if first == 0:
        raise MergecastError("both task vectors are zero; leave out checkpoints that equal the base")
    return second / first


def _effective_rank(gram: Gram) -> float:
    """e^H, which with p = (1, r) / (1 + r) is (1 + r) r^(-r / (1 + r))."""
    r = _ratio(gram)
    return (1 + r) * r ** (-r / (1 + r))


def _layerwise_effective_rank(features: PairFeatures) -> float:
    used = [gram for gram in features.inner_products.tensors() if min(gram.norms()) >= NEGLIGIBLE]
    if not used:
        raise MergecastError("no tensor changed in both models; leave out checkpoints that equal the base")
    weights = [sum(gram.norms()) for gram in used]
    ranks = map(_effective_rank, used)
    return math.fsum(w * rank for w, rank in zip(weights, ranks, strict=True)) / math.fsum(weights)


def _score(rank: float) -> float:
    return min(1.0, max(0.0, 2 - rank))
