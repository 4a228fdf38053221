"""A forecaster fitted on all that a study measured, with what its folds say of how far to trust it."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from .. import prediction
from ..errors import MergecastError
from ..seeding import seed_for
from . import folds, intervals, scores
from .design import Design
from .forecaster import CASES, Forecaster
from .scores import Held
from .splits import pair_groups

SPLIT_OF = {1: "loto", 2: "l2to"}  # which split asks what a case asks; pairs are left out here
SCORES = ("q2", "centred_r", "mae")


def fit(
    design: Design,
    predictor: str,
    made: Iterable[Mapping],
    *,
    setting: str,
    target: str,
    levels: Sequence[float],
    seed: int,
) -> Forecaster:
    """A predictor fitted on every row of a design, once for each case: its strengths are chosen by inner splits that ask it.

    Parameters
    ----------
    design : Design
        Of oriented rows with `halves`: built for INPUTS "traits" and a symmetric target.
    predictor : str
        One made of blocks (`_blocks.BlockRidge`).
    made : iterable of mapping
        Its folds of the splits "loto" and "l2to", as `folds.run` makes them, as far as there are any. Forecasts of pairs
        whose tasks are known are made here.
    setting : str
        Its name, for seeds.
    target : str
    levels : sequence of float
        Of the intervals, in (0, 1).
    seed : int

    Returns
    -------
    Forecaster
        Its intervals are as wide as forecasts of the folds missed, case by case: the ⌈(n + 1)·level⌉-th smallest of n.

    Raises
    ------
    MergecastError
        For another design, and with fewer than four pairs.
    """
    if not design.halves:
        raise MergecastError(f"forecaster: {predictor!r} of {target!r} has no oriented rows; choose one with INPUTS 'traits'")

    def fitted(rows, case, *names):
        module, X, drawn = prediction.find(predictor), design.given(rows), seed_for(setting, predictor, *names, seed=seed)
        pairs, named = [design.pairs[row] for row in rows], {"features": design.features, "tasks": design.tasks}
        model = folds.make(module, pairs, prediction.parameters(predictor), len(design.methods), drawn, case, **named)
        return model.fit(X[rows], design.Y[rows]), X

    left_out, held = np.empty_like(design.Y), {0: []}
    for fold in pair_groups(design.pairs, design.tasks):
        model, X = fitted(fold.train, 0, "pairs", fold.name)
        left_out[fold.validation] = model.predict(X[fold.validation])
        _, whole = design.whole(fold.validation)
        values = (whole @ array[fold.validation] for array in (design.Y, left_out))
        held[0].append(Held(*values, design.Y[fold.train].mean(axis=0)))
    made = [fold for fold in made if fold["target"] == target and fold["predictor"] == predictor]
    held |= {case: _held([fold for fold in made if fold["split"] == split], design.methods) for case, split in SPLIT_OF.items()}
    models = [fitted(np.arange(len(design.pairs)), case, "forecaster") for case in CASES]
    X = models[0][1]
    used = np.flatnonzero(np.any([model.coef_ != 0 for model, _ in models], axis=(0, 1)))
    tasks = sorted({task for pair in design.pairs for task in pair})
    widths, refused = _widths(held, levels, len(tasks), len(design.methods))
    return Forecaster(
        {
            "predictor": predictor,
            "target": target,
            "features": [design.features[place] for place in used],
            "methods": list(design.methods),
            "tasks": tasks,
            "rows": [list(pair) for pair in design.pairs],
            "levels": list(levels),
            "scores": {CASES[case]: _scores(each) for case, each in held.items() if each},
            "refused": refused,
        },
        {
            "coef": np.array([model.coef_[:, used] for model, _ in models]),
            "intercept": np.array([model.intercept_ for model, _ in models]),
            **{name: values[used] for name, values in models[0][0].scaling(X.shape[1]).items()},
            "typical": X[:, used].mean(axis=0),
            "level": design.Y.mean(axis=0),
            "half_width": widths,
            "X": X[:, used],
            "Y": design.Y,
            "left_out": left_out,
        },
    )


def _held(made: Sequence[Mapping], methods: Sequence[str]) -> list[Held]:
    """Folds of one split with all their methods side by side."""
    by_method = [[fold for fold in made if fold["method"] == method] for method in methods]
    held = []
    for each in zip(*by_method, strict=True):
        measured, predicted = (
            np.array([[row[name] for row in fold["predictions"]] for fold in each]).T for name in ("measured", "predicted")
        )
        held.append(Held(measured, predicted, np.array([fold["train_mean"] for fold in each])))
    return held


def _widths(held: Mapping[int, Sequence[Held]], levels: Sequence[float], n_tasks: int, n_methods: int):
    """Half widths (3, L, M), NaN where refused, and the reasons by case and level."""
    widths, reasons = np.full((len(CASES), len(levels), n_methods), np.nan), {}
    for case, each in held.items():
        missed = np.concatenate([fold.measured - fold.predicted for fold in each]) if each else np.empty((0, n_methods))
        for place, level in enumerate(levels):
            reason = intervals.refused(level, n_tasks, len(missed)) if each else "no pair was forecast this way"
            if reason:
                reasons.setdefault(CASES[case], {})[str(level)] = reason
            else:
                widths[case, place] = intervals.half_width(missed, level)
    return widths, reasons


def _scores(held: Sequence[Held]) -> dict:
    """The mean over methods of each score, beside what guessing the mean of the training pairs misses."""
    by_score = scores.of_forecasts(held)
    means = {name: float(by_score[name].mean()) for name in SCORES}
    return {name: None if np.isnan(value) else value for name, value in means.items()} | {
        "mae_of_mean": float(np.concatenate([np.abs(fold.measured - fold.level) for fold in held]).mean()),
        "n_forecasts": sum(len(fold.measured) for fold in held),
    }
