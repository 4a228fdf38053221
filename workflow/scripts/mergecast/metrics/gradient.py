"""Whether the two tasks still pull on the models alike: gradients of their losses, by weights and by image.

g_t: gradient of the mean loss on task t's own calibration images by all weights of the visual tower.
h_t: gradients of model t's loss by every calibration image of both tasks, each under its own task's zero-shot head,
one after another in an order both models share.
Source: "Demystifying Mergeability" (Rose-STL-Lab/demystifying-mergeability), metrics 23-28, with the tasks' text heads
for random ones and the same images for both models.
"""

from ..features._types import Gram, PairFeatures
from ._metric import metric


@metric(needs=("gradient_products",))
def encoder_gradient_cosine_similarity(features: PairFeatures) -> float:
    """Whether each task would go on changing the weights in the same way: 1 the same, 0 unrelated, -1 opposite.

    <g_a,g_b> / (|g_a| |g_b|), in [-1, 1]. Raises MergecastError if a gradient is zero.

    Returns
    -------
    float
        In [-1, 1].
    """
    return features.gradient_products.total().cosine()


@metric(needs=("gradient_products",))
def encoder_gradient_l2_distance(features: PairFeatures) -> float:
    """How far apart the changes are that each task would still make to the weights: 0 for the same, or for none left.

    |g_a - g_b|, at least 0.

    Returns
    -------
    float
        At least 0.
    """
    return features.gradient_products.total().distance()


@metric(needs=("gradient_products",))
def encoder_gradient_dot_product(features: PairFeatures) -> float:
    """Agreement of the changes each task would still make, times their sizes: negative when they oppose each other.

    <g_a,g_b>, any real number.

    Returns
    -------
    float
        Any real number.
    """
    return features.gradient_products.total().ab


@metric(needs=("probes",))
def input_gradient_cosine_similarity(features: PairFeatures) -> float:
    """Whether both models' errors hang on the same pixels of the same images: 1 the same, 0 unrelated, -1 opposite.

    <h_a,h_b> / (|h_a| |h_b|), in [-1, 1]. Raises MergecastError if a gradient is zero.

    Returns
    -------
    float
        In [-1, 1].
    """
    return _gram(features).cosine()


@metric(needs=("probes",))
def input_gradient_l2_distance(features: PairFeatures) -> float:
    """How differently the two models' errors react to small changes of the same images: 0 when they react alike.

    |h_a - h_b|, at least 0.

    Returns
    -------
    float
        At least 0.
    """
    return _gram(features).distance()


@metric(needs=("probes",))
def input_gradient_dot_product(features: PairFeatures) -> float:
    """Agreement of the pixels that both models' errors hang on, times how strongly they do.

    <h_a,h_b>, any real number.

    Returns
    -------
    float
        Any real number.
    """
    return _gram(features).ab


def _gram(features: PairFeatures) -> Gram:
    first, second = features.probes
    return Gram.of(first.input_gradient, second.input_gradient)
