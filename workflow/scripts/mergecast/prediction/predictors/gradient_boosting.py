"""Gradient-boosted trees on all metrics: many shallow trees, each correcting those before it."""

import sklearn
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.multioutput import MultiOutputRegressor

from .._checks import between, whole

INPUTS = "metrics"
COSTLY = True


class GradientBoosting(MultiOutputRegressor):
    """`MultiOutputRegressor` without scikit-learn's checks of every tree's input, half the time of trees this small."""

    def fit(self, X, Y):
        with sklearn.config_context(assume_finite=True, skip_parameter_validation=True):
            return super().fit(X, Y)


def make(*, trees=20, depth=2, rate=0.2, seed):
    """scikit-learn's `GradientBoostingRegressor`, one for each column, all from the same `seed`.

    Each of `trees` trees has at most `depth` levels and sees, at each split, √F of the F metrics; `rate` shrinks its
    contribution. Nothing is chosen inside the fold: the parameters are fixed. Trees need no scaling.
    Raises MergecastError for a parameter that cannot be.
    """
    one = GradientBoostingRegressor(
        n_estimators=whole(trees, "trees"),
        max_depth=whole(depth, "depth"),
        learning_rate=between(rate, "rate", 1e-6, 1),
        max_features="sqrt",
        random_state=seed % 2**32,  # what scikit-learn takes
    )
    return GradientBoosting(one)


def explain(model):
    """No coefficients; nothing is chosen."""
    return None, [{} for _ in model.estimators_]
