"""Totally randomised trees on all metrics: averages over neighbourhoods cut at random."""

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.ensemble import ExtraTreesRegressor

from .._checks import whole

INPUTS = "metrics"


class ExtraTrees(BaseEstimator):
    """scikit-learn's `ExtraTreesRegressor` with `max_features` 1, grown once for every column.

    Where a metric and its threshold are both drawn at random and nothing is compared, the trees do not depend on the
    target (Geurts, Ernst & Wehenkel 2006, "totally randomised trees"), and a prediction is a weighted mean of the
    training targets whose weights depend on X alone. That is why this member of the family stands here: one forest
    serves all columns of a permutation null, and each column has exactly the prediction it has alone.
    The forest is grown on the row numbers, of which no two are equal: a node of equal targets would not be split
    further, the one way in which a target could still matter.
    After `fit` on X (n, F) and Y (n, K): `forest_`, `leaves_` (n, trees), `targets_` (n, K).
    """

    def __init__(self, trees=100, leaf=3, seed=0):
        self.trees = trees
        self.leaf = leaf
        self.seed = seed

    def fit(self, X, Y):
        whole(self.trees, "trees")
        whole(self.leaf, "leaf")
        self.forest_ = ExtraTreesRegressor(
            self.trees, max_features=1, min_samples_leaf=self.leaf, random_state=self.seed % 2**32
        )  # fmt: skip
        self.leaves_ = self.forest_.fit(X, np.arange(len(X), dtype=float)).apply(X)
        self.targets_ = Y
        return self

    def predict(self, X):
        return self.weights(X) @ self.targets_

    def weights(self, X):
        """Weights of the n training rows.

        Parameters
        ----------
        X : (m, F) array

        Returns
        -------
        (m, n) array
            Each row with sum 1.
        """
        total = np.zeros((len(X), len(self.leaves_)))
        for known, new in zip(self.leaves_.T, self.forest_.apply(X).T, strict=True):
            same = new[:, None] == known
            total += same / same.sum(axis=1, keepdims=True)
        return total / self.trees


def make(*, trees=50, leaf=3, seed):
    """`trees` trees of which no leaf holds fewer than `leaf` training pairs, from `seed`; trees need no scaling."""
    return ExtraTrees(trees, leaf, seed)


def explain(model):
    """No coefficients; nothing is chosen."""
    return None, [{} for _ in model.targets_.T]
