"""The pairwise metrics: what there is, and one number for one pair.

The categories are loaded by name, so that nothing depends on all of them: editing one reruns its own metrics alone.
"""

import importlib
import math
import sys
from collections.abc import Iterable
from functools import cache
from types import ModuleType

from .. import catalogue as modules
from ..errors import MergecastError
from ..features._types import PairFeatures
from ._metric import Metric

ORDER = ("task_vector", "effective_rank", "subspace", "activation", "gradient")


class _Callable(ModuleType):
    """`mergecast.metrics` is where metrics are and, called, what the public function of that name does."""

    def __call__(self, base, a, b):
        return importlib.import_module("mergecast.api").metrics(base, a, b)


sys.modules[__name__].__class__ = _Callable


@cache
def catalogue() -> dict[str, Metric]:
    """Every metric by name: in the published order, then those of further categories by name.

    Raises
    ------
    MergecastError
        If two categories define a metric of one name.
    """
    known = {name: place for place, name in enumerate(ORDER)}
    metrics = {}
    for category in sorted(modules.names("metrics"), key=lambda name: (known.get(name, len(known)), name)):
        for thing in vars(modules.load("metrics", category)).values():
            if isinstance(thing, Metric) and thing.category == category:
                if thing.name in metrics:
                    other = metrics[thing.name].category
                    raise MergecastError(f"metric {thing.name!r} is defined in {other} and {category}; rename one")
                metrics[thing.name] = thing
    return metrics


def find(name: str) -> Metric:
    """The metric of that name.

    Parameters
    ----------
    name : str

    Returns
    -------
    Metric

    Raises
    ------
    MergecastError
        If there is none; the message names the closest known one.
    """
    if name not in catalogue():
        raise MergecastError(modules.unknown("metric", name, catalogue()))
    return catalogue()[name]


def within(features: Iterable[str]) -> tuple[Metric, ...]:
    """The metrics that need no more than these features.

    `within(features.of_weights())` are those of the weights alone.

    Parameters
    ----------
    features : iterable of str
        Names of features.

    Returns
    -------
    tuple of Metric
        In the order of the catalogue.
    """
    features = set(features)
    return tuple(metric for metric in catalogue().values() if features.issuperset(metric.needs))


def compute(metric: Metric, features: PairFeatures) -> float:
    """A metric of a pair, finite.

    Parameters
    ----------
    metric : Metric
    features : PairFeatures

    Returns
    -------
    float
        Finite: never a silent null.

    Raises
    ------
    MergecastError
        If the pair lacks a needed feature, the metric is undefined for it (a zero task vector, say), or its value is not
        finite. The message names metric, pair and cause.
    """
    where = f"metric {metric.name} of pair {features.a}__{features.b}"
    for need in metric.needs:
        if not hasattr(features, need):
            raise MergecastError(f"{where}: needs the feature {need!r}, which was not given; make it first")
    try:
        value = float(metric(features))
    except MergecastError as error:
        raise MergecastError(f"{where}: {error}") from error
    if not math.isfinite(value):
        raise MergecastError(f"{where}: the value is {value}; look for NaN or huge entries in the checkpoints")
    return value


def compute_all(features: PairFeatures) -> dict[str, float]:
    """Every metric whose needs the pair's features meet, by name, in the order of the catalogue.

    Parameters
    ----------
    features : PairFeatures

    Returns
    -------
    dict from name to float
        Each value finite.

    Raises
    ------
    MergecastError
        As `compute` does.
    """
    return {metric.name: compute(metric, features) for metric in within(vars(features))}
