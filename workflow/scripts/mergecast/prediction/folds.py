"""Every fold of one predictor, all merge methods at once: fitted on the training half, scored on the held-out half.

Beside each forecast: the same with relabelled tasks (the null), and conformal intervals.
"""

import inspect
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from .. import catalogue, prediction
from ..errors import MergecastError
from ..seeding import seed_for
from . import intervals, permutations, scores, splits
from .design import Design

NULLS = ["predictor", "method", "split", "target", "draw", "mean_r", "pooled_r"]


@dataclass(frozen=True)
class Forecast:
    """`folds`: for each method its folds in order, as they are written to JSON. `nulls`: one row per method and draw."""

    folds: dict[str, list[dict]]
    nulls: pd.DataFrame


@dataclass(frozen=True)
class FoldSpec:
    """What is forecast: a predictor's `target` in a `setting`, under a `split`.

    `parameters` are the predictor's, `options` the split's own; `levels` in (0, 1) those of the conformal intervals; `draws`
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

    A fold's model sees nothing but the X and Y of its training rows; its inner splits are made of those rows alone,
    and its seed comes from the names of setting, predictor, split and fold.

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
    null = _Null(relabelled)
    folds: dict[str, list[dict]] = {method: [] for method in design.methods}
    for fold in splits.find(spec.split)(design.pairs, design.tasks, **spec.options):
        seed = spec.seed_of(fold.name)

        def fitted(rows, Y, seed=seed):
            model = make(module, [design.pairs[row] for row in rows], parameters, len(design.methods), seed)
            return model.fit(design.X[rows], Y)

        # Measured and relabelled targets in one fit: to each column it is as if it stood alone.
        model = fitted(fold.train, np.hstack([design.Y[fold.train], relabelled[fold.train].reshape(len(fold.train), -1)]))
        predicted = np.asarray(model.predict(design.X[fold.validation]), dtype=float)
        coefficients, hyper_parameters = module.explain(model)
        interval = _interval(design, fold, fitted, spec.levels, spec.seed_of(fold.name, "calibration tasks"))
        null.add(fold.validation, predicted[:, len(design.methods) :])
        for m, method in enumerate(design.methods):
            by_feature = None if coefficients is None else zip(design.features, map(float, coefficients[m]), strict=True)
            measured = design.Y[fold.validation, m]
            folds[method].append(
                {
                    **head,
                    "method": method,
                    "fold": fold.name,
                    "n_train_pairs": len(fold.train),
                    "coefficients": None if by_feature is None else dict(by_feature),
                    "hyper_parameters": hyper_parameters[m],
                    "predictions": [
                        {"task_a": a, "task_b": b, "measured": float(y), "predicted": float(p)}
                        for (a, b), y, p in zip(_pairs(design, fold.validation), measured, predicted[:, m], strict=True)
                    ],
                    "scores": scores.of(measured, predicted[:, m]),
                    "undefined": scores.undefined(measured, predicted[:, m]),
                    "interval": {key: _column(value, m) for key, value in interval.items()},
                }
            )
    return Forecast(folds, null.table(design.methods, head))


def make(module, pairs, parameters: dict, n_methods: int, seed: int):
    """An unfitted model of a predictor for these training pairs: it gets what its `make` names of cv, seed and outputs.

    Parameters
    ----------
    module : module
        The predictor's or baseline's.
    pairs : sequence of (str, str)
    parameters : mapping from name to value
    n_methods : int
    seed : int

    Returns
    -------
    model

    Raises
    ------
    MergecastError
        If it needs inner splits and these pairs have none, or for a parameter that cannot be.
    """
    named = inspect.signature(module.make).parameters
    arguments = {"seed": seed, "outputs": n_methods, "cv": splits.inner(pairs) if "cv" in named else None}
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


class _Null:
    """Correlations of refitted models with their own relabelled targets, gathered fold by fold."""

    def __init__(self, targets):
        self.targets = targets  # (P, draws, M)
        self.r, self.n_r = np.zeros(targets.shape[1:]), np.zeros(targets.shape[1:], dtype=int)
        self.sum, self.n, self.folds = np.zeros(targets.shape), np.zeros(len(targets), dtype=int), 0

    def add(self, rows, predicted):
        predicted = predicted.reshape(len(rows), *self.targets.shape[1:])
        r = scores.pearsons(self.targets[rows], predicted)
        self.r, self.n_r = self.r + np.nan_to_num(r), self.n_r + ~np.isnan(r)
        self.sum[rows] += predicted
        self.n[rows] += 1
        self.folds += 1

    def table(self, methods, head) -> pd.DataFrame:
        seen, n_draws = self.n > 0, self.targets.shape[1]
        if not n_draws:
            return pd.DataFrame(columns=NULLS)
        pooled = scores.pearsons(self.targets[seen], self.sum[seen] / self.n[seen][:, None, None])
        enough = scores.enough_folds(self.n_r, self.folds)
        mean = np.divide(self.r, self.n_r, out=np.full(self.r.shape, np.nan), where=enough)
        columns = [
            pd.DataFrame({"method": method, "draw": range(n_draws), "mean_r": mean[:, m], "pooled_r": pooled[:, m]})
            for m, method in enumerate(methods)
        ]
        return pd.concat(columns, ignore_index=True).assign(**head)[NULLS]


def _interval(design, fold, fitted, levels, seed) -> dict:
    """Centres (v, M) and half-widths (M,) by level; centres are None where too few pairs are left to fit or calibrate."""
    fit, calibrate = intervals.calibration_split(_pairs(design, fold.train), fold.unseen, seed=seed)
    fit, calibrate = fold.train[fit], fold.train[calibrate]
    if not levels or len(fit) < intervals.FEWEST or not len(calibrate):
        return {"n_calibration_pairs": 0, "centre": None, "half_width": {str(level): None for level in levels}}
    model = fitted(fit, design.Y[fit])
    residuals = design.Y[calibrate] - model.predict(design.X[calibrate])
    widths = {str(level): intervals.half_width(residuals, level) for level in levels}
    return {"n_calibration_pairs": len(calibrate), "centre": model.predict(design.X[fold.validation]), "half_width": widths}


def _column(value, m):
    """What concerns method m: plain numbers, an infinite half-width as None."""
    if isinstance(value, dict):
        return {key: None if width is None or np.isinf(width[m]) else float(width[m]) for key, width in value.items()}
    return value[:, m].tolist() if isinstance(value, np.ndarray) else value


def _pairs(design, rows):
    return [design.pairs[row] for row in rows]
