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
    module, options = prediction.find(predictor), folds.check(predictor, parameters or {})

    def make(fold: str, pairs: Sequence[tuple[str, str]]):
        return folds.make(module, pairs, options, n_methods, seed_for(setting, predictor, split, fold, seed=seed))

    return make


def forecasts(design: Design, make: Callable, *, split: str = "loto") -> list[Held]:
    """The out-of-fold forecasts of every fold of a split, for all methods at once."""
    predictions = []
    for fold in splits.find(split)(design.pairs, design.tasks):
        model = make(fold.name, [design.pairs[row] for row in fold.train])
        model.fit(design.X[fold.train], design.Y[fold.train])
        predictions.append(Held(fold.validation, predict(model, design.X[fold.validation])))
    return predictions


def predict(model, X: np.ndarray) -> np.ndarray:
    """What a fitted model predicts, (k, M) float64."""
    return np.asarray(model.predict(X), dtype=float).reshape(len(X), -1)


def score_rows(Y: np.ndarray, predictions: Sequence[Held]) -> list[dict]:
    """One dict of `SCORES` per method, from measured targets Y (P, M), by the rule of `scores.of_forecasts`.

    A pair that several folds hold out counts once, with the mean of its out-of-fold predictions. NaN where undefined.
    """
    total, count = np.zeros(Y.shape), np.zeros(len(Y))
    for held in predictions:
        total[held.rows] += held.predicted
        count[held.rows] += 1
    seen = count > 0
    inside = np.array([scores.pearsons(Y[held.rows], held.predicted) for held in predictions]).reshape(
        len(predictions), Y.shape[1]
    )
    return scores.of_forecasts(inside, Y[seen], total[seen] / count[seen, None])
