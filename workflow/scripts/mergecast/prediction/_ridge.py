"""Ridge regression whose strength is chosen by given splits, all strengths from one SVD a split."""

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin

from ..errors import MergecastError


class Ridge(RegressorMixin, BaseEstimator):
    """argmin ‖y − β₀ − Xβ‖² + α‖β‖², α out of `strengths` by the least mean squared error over the splits `cv`.

    The error of a strength is the mean over splits of each split's mean squared error; of equal ones the first is
    taken. This is scikit-learn's `GridSearchCV` over its `Ridge`, from one singular value decomposition a split
    instead of one solution a split and strength. After `fit`: `alpha_`, `coef_` (F,), `intercept_`.
    `cv`: list of (train rows, validation rows); not used with one strength alone.
    Raises MergecastError unless `strengths` holds positive finite numbers.
    """

    def __init__(self, strengths=(1.0,), cv=()):
        self.strengths = strengths
        self.cv = cv

    def fit(self, X, y):
        alphas = _positive(self.strengths)
        if len(alphas) > 1:
            errors = [_errors(X[train], y[train], X[held], y[held], alphas) for train, held in self.cv]
            self.alpha_ = float(alphas[np.argmin(np.mean(errors, axis=0))])
        else:
            self.alpha_ = float(alphas[0])
        coefficients, intercepts = _path(X, y, np.array([self.alpha_]))
        self.coef_, self.intercept_ = coefficients[0], float(intercepts[0])
        return self

    def predict(self, X):
        return X @ self.coef_ + self.intercept_


def _path(X, y, alphas):
    """Coefficients (S, F) and intercepts (S,) of every strength."""
    middle, level = X.mean(axis=0), y.mean()
    U, s, Vt = np.linalg.svd(X - middle, full_matrices=False)
    coefficients = (s / (s**2 + alphas[:, None]) * (U.T @ (y - level))) @ Vt
    return coefficients, level - coefficients @ middle


def _errors(X, y, X_held, y_held, alphas):
    """Mean squared error of every strength (S,) on held rows."""
    coefficients, intercepts = _path(X, y, alphas)
    return ((coefficients @ X_held.T + intercepts[:, None] - y_held) ** 2).mean(axis=1)


def _positive(strengths):
    try:
        alphas = np.atleast_1d(np.asarray(strengths, dtype=float))
    except (TypeError, ValueError):
        alphas = np.array([])
    if alphas.ndim != 1 or not alphas.size or not (np.isfinite(alphas) & (alphas > 0)).all():
        raise MergecastError(f"key 'strengths': {strengths!r} is no list of positive numbers; give [1, 10, 100], say")
    return alphas
