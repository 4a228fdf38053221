"""Whether the two models see the same images alike: their mean activations on both tasks' calibration images.

a_t is the mean, over the images of both tasks and over tokens, of the last block's output in model t: (width,).
Source: "Demystifying Mergeability" (Rose-STL-Lab/demystifying-mergeability), metrics 19-22, on the pair's own images.
"""

from ..features._types import Gram, PairFeatures
from ._metric import metric


@metric(needs=("probes",))
def activation_l2_distance(features: PairFeatures) -> float:
    """How far apart the two models' average inner responses to the same images are: 0 for identical responses.

    |a_a - a_b|, at least 0.

    Returns
    -------
    float
        At least 0.
    """
    return _gram(features).distance()


@metric(needs=("probes",))
def activation_cosine_similarity(features: PairFeatures) -> float:
    """Whether the two models' average inner responses to the same images point the same way: 1 is the same.

    <a_a,a_b> / (|a_a| |a_b|), in [-1, 1]. Raises MergecastError if an activation is zero.

    Returns
    -------
    float
        In [-1, 1].
    """
    return _gram(features).cosine()


@metric(needs=("probes",), directed=lambda features: _gram(features).magnitude_difference())
def activation_magnitude_ratio(features: PairFeatures) -> float:
    """Whether the two models respond to the same images equally strongly: 1 equally, near 0 when one barely responds.

    min / max of |a_a|, |a_b|, in [0, 1]. Raises MergecastError if both activations are zero.

    Returns
    -------
    float
        In [0, 1].
    """
    return _gram(features).magnitude_ratio()


@metric(needs=("probes",))
def activation_dot_product(features: PairFeatures) -> float:
    """Likeness of the two models' responses times their strength: large when both respond strongly and alike.

    <a_a,a_b>, any real number.

    Returns
    -------
    float
        Any real number.
    """
    return _gram(features).ab


def _gram(features: PairFeatures) -> Gram:
    first, second = features.probes
    return Gram.of(first.activation, second.activation)
