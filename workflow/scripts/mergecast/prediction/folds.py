"""Every fold of one predictor, all merge methods at once: fitted on the training half, scored on the held-out half.

Beside each forecast: the same with relabelled tasks (the null), and intervals around it.
"""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from .. import catalogue, prediction
from ..errors import MergecastError
from ..seeding import seed_for
from . import intervals, permutations, scores, splits
from .design import Design

NULLS = ["predictor", "method", "split", "target", "draw", *scores.WITH_NULL]


@dataclass(frozen=True)
class Forecast:
    """`folds`: for each method its folds in order, as they are written to JSON. `nulls`: one row per method and draw."""

    folds: dict[str, list[dict]]
    nulls: pd.DataFrame


@dataclass(frozen=True)
class FoldSpec:
    """What is forecast: a predictor's `target` in a `setting`, under a `split`.

    `parameters` are the predictor's, `options` the split's own; `levels` in (0, 1) those of the intervals; `draws`
    the number of relabellings that the predictor is refitted to. Whatever is random follows from names and `seed`.
    """

    predictor: str
    target: str
    split: str = "loto"
    setting: str = ""
    parameters: dict = field(default_factory=dict)
    options: dict = field(default_factory=dict)
    levels: tuple[float, ...] = ()
    draws: int = 0
    seed: int = 0

    def seed_of(self, fold: str, *names: str) -> int:
        """The seed of what is random in a fold.

        Parameters
        ----------
        fold : str
        *names : str
            What it is, if several things are random.

        Returns
        -------
        int
            In [0, 2**63).
        """
        return seed_for(self.setting, self.predictor, self.split, fold, *names, seed=self.seed)


def run(design: Design, spec: FoldSpec) -> Forecast:
    """The forecast of one predictor under one split.

    A fold's model sees nothing but the X and Y of its training rows, and a library of their tasks alone; its inner splits are
    made of those rows, and its seed comes from the names of setting, predictor, split and fold.

    Parameters
    ----------
    design : Design
        Built for the predictor's INPUTS and the target.
    spec : FoldSpec

    Returns
    -------
    Forecast

    Raises
    ------
    MergecastError
        For an unknown predictor, split or parameter, and for what the split cannot do.
    """
    module, parameters = prediction.find(spec.predictor), check(spec.predictor, spec.parameters)
    head = {"predictor": spec.predictor, "kind": prediction.kind(spec.predictor), "split": spec.split, "target": spec.target}
    relabelled = permutations.relabelled(design, spec.draws, seed=seed_for(spec.setting, "relabelling", seed=spec.seed))
    null: list[scores.Held] = []
    folds: dict[str, list[dict]] = {method: [] for method in design.methods}
    put_aside = _shared(module)
    for fold in splits.find(spec.split)(design.pairs, design.tasks, **spec.options):
        seed = spec.seed_of(fold.name)

        def fitted(rows, Y, seed=seed, unseen=fold.unseen):
            X = design.given(rows)
            names = {"features": design.features, "tasks": design.tasks}
            model = make(module, _pairs(design, rows), parameters, len(design.methods), seed, unseen, **names)
            return model.fit(X[rows], Y), X

        # Measured and relabelled targets in one fit: to each column it is as if it stood alone.
        targets = np.hstack([design.Y, relabelled.reshape(len(design.Y), -1)])
        (model, X), level = fitted(fold.train, targets[fold.train]), targets[fold.train].mean(axis=0)
        pairs, whole = design.whole(fold.validation)
        predicted = whole @ np.asarray(model.predict(X[fold.validation]), dtype=float)
        coefficients, hyper_parameters = module.explain(model)
        interval = _interval(design, fold, fitted, spec, put_aside)
        widths = interval["half_width"]
        draws = slice(len(design.methods), None)
        null.append(scores.Held(whole @ targets[fold.validation, draws], predicted[:, draws], level[draws]))
        for m, method in enumerate(design.methods):
            by_feature = None if coefficients is None else zip(design.features, map(float, coefficients[m]), strict=True)
            measured = whole @ design.Y[fold.validation, m]
            folds[method].append(
                {
                    **head,
                    "method": method,
                    "fold": fold.name,
                    "n_train_pairs": len(design.whole(fold.train)[0]),
                    "train_mean": float(level[m]),
                    "coefficients": None if by_feature is None else dict(by_feature),
                    "hyper_parameters": hyper_parameters[m],
                    "predictions": [
                        {"task_a": a, "task_b": b, "measured": float(y), "predicted": float(p)}
                        for (a, b), y, p in zip(pairs, measured, predicted[:, m], strict=True)
                    ],
                    "scores": scores.of(measured, predicted[:, m]),
                    "undefined": scores.undefined(measured, predicted[:, m]),
                    "interval": interval | {"half_width": {key: _column(width, m) for key, width in widths.items()}},
                }
            )
    return Forecast(folds, _nulls(null, design.methods, head) if spec.draws else pd.DataFrame(columns=NULLS))


def make(
    module,
    pairs,
    parameters: dict,
    n_methods: int,
    seed: int,
    unseen: int = 1,
    *,
    features: Sequence[str] = (),
    tasks: Sequence[str] = (),
):
    """An unfitted model of a predictor for these training pairs: it gets what its `make` names.

    That is of cv, seed, outputs, features and tasks; see `prediction`.

    Parameters
    ----------
    module : module
        The predictor's or baseline's.
    pairs : sequence of (str, str)
    parameters : mapping from name to value
    n_methods : int
    seed : int
    unseen : int, default 1
        How many tasks of a pair that it is for are in no training pair: 1 or 2.
    features, tasks : sequence of str, default ()
        Names of the columns, and of all tasks of the design.

    Returns
    -------
    model

    Raises
    ------
    MergecastError
        If it needs inner splits and these pairs have none, or for a parameter that cannot be.
    """
    named = inspect.signature(module.make).parameters
    arguments = {"seed": seed, "outputs": n_methods, "features": features, "tasks": tasks}
    arguments["cv"] = splits.inner(pairs, unseen) if "cv" in named else None
    return module.make(**parameters, **{name: value for name, value in arguments.items() if name in named})


def check(predictor: str, parameters: dict) -> dict:
    """The parameters, if the predictor has them all.

    Parameters
    ----------
    predictor : str
    parameters : mapping from name to value

    Returns
    -------
    mapping from name to value

    Raises
    ------
    MergecastError
        With the closest name, if it lacks one, or if there is no such predictor.
    """
    known = prediction.parameters(predictor)
    for name in parameters:
        if name not in known:
            if not known:
                raise MergecastError(f"predictor {predictor!r} has no parameters; remove {name!r}")
            raise MergecastError(catalogue.unknown(f"parameter of predictor {predictor!r},", name, known))
    return parameters


def _nulls(held, methods, head) -> pd.DataFrame:
    """The scores of every draw, whose columns are draws × methods: one row per method and draw."""
    by_score = scores.of_forecasts(held)
    drawn = {name: by_score[name].reshape(-1, len(methods)) for name in scores.WITH_NULL}
    parts = [
        pd.DataFrame({name: values[:, m] for name, values in drawn.items()}).assign(method=method, **head)
        for m, method in enumerate(methods)
    ]
    return pd.concat([part.assign(draw=range(len(part))) for part in parts], ignore_index=True)[NULLS]


def _shared(module) -> dict | None:
    """What forecasts with a task put aside are kept in from fold to fold; None where a seed tells their fits apart."""
    return None if "seed" in inspect.signature(module.make).parameters else {}


def _interval(design, fold, fitted, spec, put_aside: dict | None) -> dict:
    """`half_width` by level: (v, M) around the forecasts, or None where the level is refused; `refused` says why, by level.

    `put_aside`: forecasts (P, M) made so far for other folds, by the rows fitted, where nothing in a fit is random. Task a held
    out and b put aside leave the rows that b held out and a put aside do.
    """
    quick = prediction.costly(spec.predictor)
    seed = seed_for(spec.setting, "tasks put aside", seed=spec.seed)
    asides = intervals.asides(_pairs(design, fold.train), fold.unseen, quick=quick, seed=seed) if spec.levels else []
    residuals = []
    for fit, held in ((fold.train[fit], fold.train[held]) for fit, held in asides):
        rows = (fold.unseen, fit.tobytes())
        predicted = None if put_aside is None else put_aside.get(rows)
        if predicted is None:
            model, X = fitted(fit, design.Y[fit])
            predicted = np.asarray(model.predict(X), dtype=float)
            if put_aside is not None:
                put_aside[rows] = predicted
        _, whole = design.whole(held)
        residuals.append(whole @ (design.Y[held] - predicted[held]))
    missed = np.concatenate(residuals) if residuals else np.empty((0, len(design.methods)))
    tasks = {task for pair in _pairs(design, fold.train) for task in pair}
    reasons = {level: intervals.refused(level, len(tasks), len(missed)) for level in spec.levels}
    return {
        "n_residuals": len(missed),
        "half_width": {
            str(level): None if reason else intervals.half_width(missed, level) for level, reason in reasons.items()
        },
        "refused": {str(level): reason for level, reason in reasons.items() if reason},
    }


def _column(width, m):
    """That of method m as a plain number."""
    return None if width is None else float(width[m])


def _pairs(design, rows):
    return [design.pairs[row] for row in rows]
