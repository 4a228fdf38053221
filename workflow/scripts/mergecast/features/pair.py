"""The features of two checkpoints from their weights alone, in memory."""

from collections.abc import Mapping

from ..errors import MergecastError
from .inner_products import products
from .spectra import spectra
from .types import PairFeatures


def pair_features(base: Mapping, a: Mapping, b: Mapping, names: tuple[str, str] = ("A", "B")) -> PairFeatures:
    """Inner products and spectra of two states fine-tuned from one base: all that the weight metrics need.

    `names` are what errors call the two models. The numbers are those of the feature files. Raises MergecastError if
    the names are one and the same, or if a state lacks a tensor of the base.
    """
    if names[0] == names[1]:
        raise MergecastError(f"two models are both called {names[0]!r}; give them different names")
    table = products(dict(zip(names, (a, b), strict=True)), base, progress=False)
    first, second = (spectra(base, state, progress=False) for state in (a, b))
    return PairFeatures(*names, table.pair(*names), {name: (first[name], second[name]) for name in first})
