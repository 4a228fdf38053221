"""The features of two checkpoints from their weights alone, in memory."""

from collections.abc import Mapping

import numpy as np

from .. import catalogue
from ..errors import MergecastError
from . import WING, find, of_weights
from ._given import Checkpoint, Grid
from ._store import seen, seen_of_pair
from ._types import PairFeatures


def pair_features(base: Mapping, a: Mapping, b: Mapping, names: tuple[str, str] = ("A", "B")) -> PairFeatures:
    """Every feature of weights of two states fine-tuned from one base: all that the weight metrics need.

    `names` are what errors call the two models. The numbers are those of the feature files. Raises MergecastError if
    the names are one and the same, or if a state lacks a tensor of the base.
    """
    if names[0] == names[1]:
        raise MergecastError(f"two models are both called {names[0]!r}; give them different names")
    models, made, features = dict(zip(names, (a, b), strict=True)), {}, {}
    for name in of_weights():
        feature, compute = find(name), catalogue.load(WING, name).compute
        needs = {need: made[need] for need in feature.needs}
        if feature.scope == "grid":
            grid = Grid(tasks=names, base=base, models=models, features=needs, progress=False)
            made[name] = compute(grid) | {"tasks": np.array(names)}
            files = [made[name]]
        else:
            made[name] = {
                task: compute(
                    Checkpoint(
                        task=task,
                        base=base,
                        model=model,
                        features={need: of[task] for need, of in needs.items()},
                        progress=False,
                    )
                )
                for task, model in models.items()
            }
            files = [{key: np.asarray(value) for key, value in made[name][task].items()} for task in names]
        features[name] = seen_of_pair(name, *names, *(seen(name, file) for file in files))
    return PairFeatures(*names, **features)
