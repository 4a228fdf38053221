"""How two task vectors lie to each other: direction, distance and length over all weights at once.

τ = θ_t - θ0 over the visual tower; a² = <τ_a,τ_a>, b² = <τ_b,τ_b>, c = <τ_a,τ_b>, summed over every entry in float64.
Source: "Demystifying Mergeability" (Rose-STL-Lab/demystifying-mergeability), metrics 1-5.
"""

from ..features._types import PairFeatures
from ._metric import metric


@metric(needs=("inner_products",))
def task_vector_cosine_similarity(features: PairFeatures) -> float:
    """Whether fine-tuning moved both models the same way: 1 the same direction, 0 unrelated, -1 opposite.

    c / (a b), in [-1, 1]. Raises MergecastError if a task vector is zero.
    Source: Ilharco et al. 2023, "Editing models with task arithmetic", arXiv:2212.04089.

    Returns
    -------
    float
        In [-1, 1].
    """
    return features.inner_products.total().cosine()


@metric(needs=("inner_products",))
def task_vector_l2_distance(features: PairFeatures) -> float:
    """How far apart the two fine-tuned models are in weight space: 0 for identical weights, no upper limit.

    sqrt(a² + b² - 2c), at least 0; summed from the differences themselves where these terms would cancel.

    Returns
    -------
    float
        At least 0.
    """
    return features.inner_products.total().distance()


@metric(needs=("inner_products",))
def task_vector_dot_product(features: PairFeatures) -> float:
    """Agreement of direction times both lengths: large when both models moved far and the same way.

    c, any real number.

    Returns
    -------
    float
        Any real number.
    """
    return features.inner_products.total().ab


@metric(needs=("inner_products",))
def weight_space_angle(features: PairFeatures) -> float:
    """The angle between the directions in which the models moved: 0 degrees the same, 90 unrelated, 180 opposite.

    arccos(c / (a b)) in degrees, in [0, 180]. Raises MergecastError if a task vector is zero.

    Returns
    -------
    float
        In degrees, in [0, 180].
    """
    return features.inner_products.total().angle()


@metric(needs=("inner_products",), directed=lambda features: features.inner_products.total().magnitude_difference())
def task_vector_magnitude_ratio(features: PairFeatures) -> float:
    """How alike the amounts of change are: 1 when both models moved equally far, near 0 when one barely moved.

    min(a, b) / max(a, b), in [0, 1]. Raises MergecastError if both task vectors are zero.

    Returns
    -------
    float
        In [0, 1].
    """
    return features.inner_products.total().magnitude_ratio()
