"""Columns to mean 0 and standard deviation 1, with columns that are constant taken out of play."""

import numpy as np
from sklearn.preprocessing import StandardScaler

from .columns import constant


class Standard(StandardScaler):
    """scikit-learn's `StandardScaler`, except that a column constant in `fit` becomes 0 in every row.

    `StandardScaler` leaves such a column in its own units, so that held-out rows, where it need not be constant, could
    come out arbitrarily far from everything that was learnt.
    """

    def fit(self, X, y=None, sample_weight=None):
        super().fit(X, y, sample_weight)
        self.constant_ = constant(X)
        return self

    def transform(self, X, copy=None):
        scaled = super().transform(X, copy)
        scaled[:, self.constant_] = 0.0
        return scaled


def coefficients(model):
    """Coefficients (K, F) of a pipeline of `Standard` and a linear model: exactly 0 for a constant column, no rounding."""
    return np.where(model[0].constant_, 0.0, model[-1].coef_)
