"""What a metric declares about itself."""

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass

from ..features import check as check_feature
from ..features._types import PairFeatures


@dataclass(frozen=True)
class Metric:
    """A number for a pair of models: call it with the pair's features.

    `name` is the function's, `category` its module's; `summary` is the first line of its docstring, in plain words, and
    `definition` the text after it, formula and range, up to its sections; `needs` names the features it reads. All metrics
    are symmetric; one that forgets which of the two models is the larger may have `directed`, a value that keeps it: in
    [−1, 1], above 0 where it is a, and turning its sign when a and b are exchanged.
    """

    name: str
    category: str
    needs: tuple[str, ...]
    summary: str
    definition: str
    function: Callable[[PairFeatures], float]
    directed: Callable[[PairFeatures], float] | None = None

    def __call__(self, features: PairFeatures) -> float:
        return self.function(features)


def metric(
    *, needs: tuple[str, ...], directed: Callable[[PairFeatures], float] | None = None
) -> Callable[[Callable[[PairFeatures], float]], Metric]:
    """Declare a function of PairFeatures as a metric, which needs these features (a tuple of their names).

    Raises MergecastError for an unknown feature, with the closest name, and ValueError for a function without a docstring.
    """
    for need in needs:
        check_feature(need)

    def declare(function: Callable[[PairFeatures], float]) -> Metric:
        summary, _, rest = (inspect.getdoc(function) or "").partition("\n")
        definition = " ".join(re.split(r"Raises|^\w+\n-+$", rest, maxsplit=1, flags=re.MULTILINE)[0].split())
        if not summary:
            raise ValueError(f"metric {function.__name__!r} has no docstring; its first line tells what it means")
        category = function.__module__.rpartition(".")[2]
        return Metric(function.__name__, category, needs, summary, definition, function, directed)

    return declare
