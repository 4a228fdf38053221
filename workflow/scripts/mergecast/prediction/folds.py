"""Every fold of one merge method and one predictor: fitted on the training half, scored on the held-out half."""

import inspect

import numpy as np

from .. import catalogue, files, prediction
from ..errors import MergecastError
from ..seeding import seed_for
from . import scores, splits
from .design import Design


def run(
    design: Design,
    predictor: str,
    *,
    method: str,
    target: str,
    setting: str = "",
    split: str = "loto",
    parameters: dict | None = None,
    seed: int = 0,
) -> list[dict]:
    """The fold results, as they are written to JSON, in the order of the folds.

    A fold's model sees nothing but the X and y of its training rows; its inner splits are made of those rows alone,
    and its seed comes from the names of setting, method, predictor and held-out task. `design` must have been built for
    the predictor's INPUTS, `method` and `target`.
    Raises MergecastError for an unknown predictor, split or parameter, and for what the split cannot do.
    """
    module, kind = prediction.find(predictor), prediction.kind(predictor)
    parameters = check(predictor, parameters or {})
    made_of, versions = inspect.signature(module.make).parameters, files.versions()
    results = []
    for fold in splits.find(split)(design.pairs, design.tasks):
        given = {
            "seed": seed_for(setting, method, predictor, fold.held_out, seed=seed),
            "cv": splits.inner([design.pairs[row] for row in fold.train]) if "cv" in made_of else None,
        }
        model = module.make(**parameters, **{name: value for name, value in given.items() if name in made_of})
        model.fit(design.X[fold.train], design.y[fold.train])
        predicted = np.asarray(model.predict(design.X[fold.validation]), dtype=float)
        measured, pairs = design.y[fold.validation], [design.pairs[row] for row in fold.validation]
        coefficients, hyper_parameters = module.explain(model)
        if coefficients is not None:
            coefficients = {name: float(value) for name, value in zip(design.features, coefficients, strict=True)}
        results.append(
            {
                "method": method,
                "predictor": predictor,
                "kind": kind,
                "split": split,
                "target": target,
                "held_out_task": fold.held_out,
                "n_train_pairs": len(fold.train),
                "coefficients": coefficients,
                "hyper_parameters": hyper_parameters,
                "predictions": [
                    {"task_a": a, "task_b": b, "measured": float(y), "predicted": float(p)}
                    for (a, b), y, p in zip(pairs, measured, predicted, strict=True)
                ],
                "scores": scores.of(measured, predicted),
                "undefined": scores.undefined(measured, predicted),
                "seed": seed,
                "versions": versions,
            }
        )
    return results


def check(predictor: str, parameters: dict) -> dict:
    """The parameters, if the predictor has them all. Raises MergecastError with the closest name otherwise."""
    known = prediction.parameters(predictor)
    for name in parameters:
        if name not in known:
            if not known:
                raise MergecastError(f"predictor {predictor!r} has no parameters; remove {name!r}")
            raise MergecastError(catalogue.unknown(f"parameter of predictor {predictor!r},", name, known))
    return parameters
