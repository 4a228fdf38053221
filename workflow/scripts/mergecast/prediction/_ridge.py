"""Ridge regression whose strength is chosen by given splits, all strengths and targets from one SVD a split."""

import numpy as np
from sklearn.base import BaseEstimator

from ._checks import positives
from ._linalg import svd


class Ridge(BaseEstimator):
    """argmin ‖y − β₀ − Xβ‖² + α‖β‖² for each column y, α out of `strengths` by the least mean squared error over `cv`.

    The error of a strength is the mean over splits of each split's mean squared error; of equal ones the first is
    taken. This is scikit-learn's `GridSearchCV` over its `Ridge`, column by column, from one singular value
    decomposition a split instead of one solution a split, strength and column. After `fit` on X (n, F) and Y (n, K):
    `alpha_` (K,), `coef_` (K, F), `intercept_` (K,).
    `cv`: list of (train rows, validation rows); not used with one strength alone.
    Raises MergecastError unless `strengths` holds positive finite numbers.
    """

    def __init__(self, strengths=(1.0,), cv=()):
        self.strengths = strengths
        self.cv = cv

    def fit(self, X, Y):
        alphas = positives(self.strengths, "strengths")
        best = np.zeros(Y.shape[1], dtype=int)
        if len(alphas) > 1:
            best = sum(_errors(X[train], Y[train], X[held], Y[held], alphas) for train, held in self.cv).argmin(axis=0)
        self.alpha_ = alphas[best]
        middle, level, s, Vt, rotated = _decompose(X, Y)
        self.coef_ = (_shrink(s[:, None], self.alpha_) * rotated).T @ Vt
        self.intercept_ = level - self.coef_ @ middle
        return self

    def predict(self, X):
        return X @ self.coef_.T + self.intercept_


def chosen(model):
    """The strength chosen for each column."""
    return [{"strength": float(alpha)} for alpha in model.alpha_]


def _decompose(X, Y):
    """Means (F,) and (K,), singular values (r,) and Vᵀ (r, F) of the centred X, and the centred Y in its basis (r, K)."""
    middle, level = X.mean(axis=0), Y.mean(axis=0)
    U, s, Vt = svd(X - middle)
    return middle, level, s, Vt, U.T @ (Y - level)


def _shrink(s, alpha):
    return s / (s**2 + alpha)


def _errors(X, Y, X_held, Y_held, alphas):
    """Mean squared error on held rows of every strength and column (S, K)."""
    middle, level, s, Vt, rotated = _decompose(X, Y)
    seen, missing = (X_held - middle) @ Vt.T, Y_held - level
    shrunken = seen * _shrink(s, np.asarray(alphas)[:, None])[:, None]
    return ((shrunken @ rotated - missing) ** 2).mean(axis=1)
