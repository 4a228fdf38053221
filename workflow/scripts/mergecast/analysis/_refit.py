"""Out-of-fold forecasts of any model, and their scores: what ablation, greedy selection and transfer share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .. import prediction
from ..prediction import folds, scores, splits
from ..prediction.design import Design
from ..seeding import seed_for

SCORES = ["mean_r", "sd_r", "pooled_r", "mae", "n_folds", "n_undefined"]


@dataclass(frozen=True)
class Held:
    """What one fold forecasts: the rows (k,) of the design that it held out, and their forecasts (k, M)."""

    rows: np.ndarray
    predicted: np.ndarray


def maker(
    predictor: str, n_methods: int, *, split: str = "loto", setting: str = "", parameters: dict | None = None, seed: int = 0
) -> Callable:
    """A function of a fold's name and training pairs that makes the unfitted model of that fold, as `folds.run` makes it.

    Raises MergecastError for an unknown predictor or parameter.
    """
    module, given = prediction.find(predictor), folds.check(predictor, parameters or {})

    def make(fold: str, pairs: Sequence[tuple[str, str]]):
        return folds.make(module, pairs, given, n_methods, seed_for(setting, predictor, split, fold, seed=seed))

    return make


def forecasts(design: Design, make: Callable, *, split: str = "loto") -> list[Held]:
    """The out-of-fold forecasts of every fold of a split, for all methods at once."""
    found = []
    for fold in splits.find(split)(design.pairs, design.tasks):
        model = make(fold.name, [design.pairs[row] for row in fold.train])
        model.fit(design.X[fold.train], design.Y[fold.train])
        found.append(Held(fold.validation, predict(model, design.X[fold.validation])))
    return found


def predict(model, X: np.ndarray) -> np.ndarray:
    """What a fitted model predicts, (k, M) float64."""
    return np.asarray(model.predict(X), dtype=float).reshape(len(X), -1)


def score_rows(Y: np.ndarray, found: Sequence[Held]) -> list[dict]:
    """One dict of `SCORES` a method, from measured targets Y (P, M).

    `mean_r` and `sd_r` (population) are over the folds where Pearson's r is defined; `n_undefined` counts the others and
    `n_folds` all. `pooled_r` and `mae` (in units of the target) are over pairs, each once with the mean of its
    out-of-fold predictions. NaN where nothing is defined.
    """
    total, count = np.zeros(Y.shape), np.zeros(len(Y))
    for held in found:
        total[held.rows] += held.predicted
        count[held.rows] += 1
    seen = count > 0
    measured, once = Y[seen], total[seen] / count[seen, None]
    inside = np.array([scores.pearsons(Y[held.rows], held.predicted) for held in found]).reshape(len(found), Y.shape[1])
    pooled, rows = scores.pearsons(measured, once), []
    for m, column in enumerate(inside.T):
        defined = column[~np.isnan(column)]
        rows.append(
            {
                "mean_r": float(defined.mean()) if len(defined) else np.nan,
                "sd_r": float(defined.std()) if len(defined) else np.nan,
                "pooled_r": float(pooled[m]),
                "mae": scores.mean_absolute_error(measured[:, m], once[:, m]) if seen.any() else np.nan,
                "n_folds": len(found),
                "n_undefined": len(found) - len(defined),
            }
        )
    return rows
