"""Out-of-fold forecasts of any model, and their scores: what ablation, greedy selection and transfer share."""

from collections.abc import Callable, Sequence

import numpy as np

from .. import prediction
from ..prediction import folds, scores, splits
from ..prediction.columns import constant
from ..prediction.design import Design
from ..seeding import seed_for

SCORES = ["q2", "centred_r", "mae", "mean_r", "sd_r", "n_folds", "n_undefined"]


def maker(
    predictor: str,
    n_methods: int,
    *,
    split: str = "loto",
    setting: str = "",
    parameters: dict | None = None,
    seed: int = 0,
    features: Sequence[str] = (),
    tasks: Sequence[str] = (),
) -> Callable:
    """A function that makes the unfitted model of a fold, as `folds.run` makes it: of the fold's name, its training pairs and
    how many tasks of a pair are unseen.

    Raises MergecastError for an unknown predictor or parameter.
    """
    module, options = prediction.find(predictor), folds.check(predictor, parameters or {})

    def make(fold: str, pairs: Sequence[tuple[str, str]], unseen: int = 1):
        seed_of_fold = seed_for(setting, predictor, split, fold, seed=seed)
        return folds.make(module, pairs, options, n_methods, seed_of_fold, unseen, features=features, tasks=tasks)

    return make


def forecasts(design: Design, make: Callable, *, split: str = "loto") -> list[scores.Held]:
    """What every fold of a split forecasts, for all methods at once."""
    made = []
    for fold in splits.find(split)(design.pairs, design.tasks):
        model = make(fold.name, [design.pairs[row] for row in fold.train], fold.unseen)
        model.fit(design.X[fold.train], design.Y[fold.train])
        predicted = predict(model, design.X[fold.validation])
        made.append(scores.Held(design.Y[fold.validation], predicted, design.Y[fold.train].mean(axis=0)))
    return made


def predict(model, X: np.ndarray) -> np.ndarray:
    """What a fitted model predicts, (k, M) float64."""
    return np.asarray(model.predict(X), dtype=float).reshape(len(X), -1)


def standardised(X: np.ndarray):
    """X (n, F) with columns of mean 0 and s.d. 1, the means, and the s.d.s; a constant column becomes 0, its s.d. infinite."""
    middle = X.mean(axis=0)
    spread = np.where(constant(X), np.inf, X.std(axis=0))
    return (X - middle) / spread, middle, spread


def score_rows(held: Sequence[scores.Held]) -> list[dict]:
    """One dict of `SCORES` per method, by the rule of `scores.of_forecasts`. NaN where undefined."""
    by_score = scores.of_forecasts(held)
    return [{name: by_score[name][m].item() for name in SCORES} for m in range(len(by_score["q2"]))]
