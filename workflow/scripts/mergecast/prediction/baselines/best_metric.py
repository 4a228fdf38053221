"""The one metric that goes best with the target in training, alone: what all the others have to add to."""

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.pipeline import make_pipeline

from .._standard import Standard
from ..columns import NOISE, constant

INPUTS = "metrics"
COEFFICIENTS = True


class BestMetric(BaseEstimator):
    """Least squares with intercept on the one column of largest |r| with each target; of equal ones the first.

    After `fit` on X (n, F), of mean 0 and s.d. 1 (constant columns 0), and Y (n, K): `column_` (K,), `correlation_`
    (K,), `coef_` (K, F), 0 but at that column, and `intercept_` (K,). A constant target has no coefficient.
    """

    def fit(self, X, Y):
        self.intercept_ = Y.mean(axis=0)
        flat, spread = constant(Y), Y.std(axis=0)
        slopes = np.where(flat[:, None], 0.0, (Y - self.intercept_).T @ X / len(X))
        strength = np.abs(slopes)
        self.column_ = (strength >= strength.max(axis=1, keepdims=True) * (1 - NOISE)).argmax(axis=1)
        self.coef_ = np.where(np.arange(X.shape[1]) == self.column_[:, None], slopes, 0.0)
        self.correlation_ = np.divide(self.coef_.sum(axis=1), spread, out=np.zeros(len(spread)), where=~flat)
        return self

    def predict(self, X):
        return X @ self.coef_.T + self.intercept_


def make():
    """Metrics to mean 0 and s.d. 1 on the training fold, then `BestMetric`."""
    return make_pipeline(Standard(), BestMetric())


def explain(model):
    """Slope at the chosen metric, standardised, in units of the target, 0 elsewhere; training correlations."""
    return model[-1].coef_, [{"correlation": float(r)} for r in model[-1].correlation_]
