"""What a metric declares about itself."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass

from ..features.types import PairFeatures

FEATURES = ("inner_products", "spectra", "probes", "encoder_gradients")


@dataclass(frozen=True)
class Metric:
    """A number for a pair of models: call it with the pair's features.

    `name` is the function's, `category` its module's; `summary` is the first line of its docstring, in plain words, and
    `definition` the paragraph after it, formula and range; `needs` names the features it reads.
    """

    name: str
    category: str
    needs: tuple[str, ...]
    summary: str
    definition: str
    function: Callable[[PairFeatures], float]

    def __call__(self, features: PairFeatures) -> float:
        return self.function(features)


def metric(*, needs: tuple[str, ...]) -> Callable[[Callable[[PairFeatures], float]], Metric]:
    """Declare a function of PairFeatures as a metric. Raises ValueError for an unknown feature or no docstring."""
    if unknown := set(needs) - set(FEATURES):
        raise ValueError(f"unknown feature {sorted(unknown)[0]!r}; there are {', '.join(FEATURES)}")

    def declare(function: Callable[[PairFeatures], float]) -> Metric:
        summary, _, rest = (inspect.getdoc(function) or "").partition("\n")
        definition = " ".join(rest.partition("Raises")[0].split())
        if not summary:
            raise ValueError(f"metric {function.__name__!r} has no docstring; its first line tells what it means")
        return Metric(function.__name__, function.__module__.rpartition(".")[2], needs, summary, definition, function)

    return declare
