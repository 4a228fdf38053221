"""Kernel ridge regression on all metrics, standardised: pairs with similar metrics are given similar targets."""

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.pipeline import make_pipeline

from .. import _kernel
from .._checks import positives
from .._standard import Standard

INPUTS = "metrics"


class KernelRidge(BaseEstimator):
    """ȳ + Σᵢ aᵢ exp(−γ‖x − xᵢ‖²) with a = (R + αI)⁻¹(y − ȳ) for each column y; R is the kernel of the training rows.

    α out of `strengths` and γ = width / (number of columns), width out of `widths`, both by the least mean squared
    error over the splits `cv` (mean over splits of each split's mean; of equal ones the first; ȳ is that of the split's
    own training rows). This is scikit-learn's `GridSearchCV` over its `KernelRidge` of centred targets, column by
    column, from one eigendecomposition a γ: with G = (R + αI)⁻¹ the residuals of rows D left out together are
    (G_DD)⁻¹(Gy)_D, so that no split is decomposed by itself.
    After `fit` on X (n, F) and Y (n, K): `alpha_`, `gamma_`, `intercept_` (K,) and `dual_coef_` (n, K).
    `cv`: list of (train rows, validation rows), not used where there is nothing to choose.
    Raises MergecastError unless `strengths` and `widths` hold positive finite numbers.
    """

    def __init__(self, strengths=(1.0,), widths=(1.0,), cv=()):
        self.strengths = strengths
        self.widths = widths
        self.cv = cv

    def fit(self, X, Y):
        alphas = positives(self.strengths, "strengths")
        gammas = positives(self.widths, "widths") / X.shape[1]
        self.rows_, self.intercept_ = X, Y.mean(axis=0)
        distances, centred, count = _kernel.squared_distances(X), Y - self.intercept_, Y.shape[1]
        kernels = [_kernel.decompose(distances, gamma) for gamma in gammas]
        best = np.zeros(count, dtype=int)
        if len(alphas) * len(gammas) > 1:
            splits = [_Split(train, held, centred) for train, held in self.cv]
            best = np.argmin([_error(*kernel, alpha, splits, centred) for kernel in kernels for alpha in alphas], axis=0)
        which = best // len(alphas)
        self.gamma_, self.alpha_ = gammas[which], alphas[best % len(alphas)]
        self.dual_coef_ = np.empty_like(centred)
        for number, (values, vectors) in enumerate(kernels):
            columns = which == number
            rotated = vectors.T @ centred[:, columns]
            self.dual_coef_[:, columns] = vectors @ (rotated / (values[:, None] + self.alpha_[columns]))
        return self

    def predict(self, X):
        return _kernel.predict(_kernel.squared_distances(X, self.rows_), self.gamma_, self.dual_coef_) + self.intercept_


class _Split:
    """Rows left out, those of them that are scored (as positions among them), and the mean of the rows trained on."""

    def __init__(self, train, held, Y):
        self.out = np.setdiff1d(np.arange(len(Y)), train)
        self.scored = np.searchsorted(self.out, held)
        self.level = Y[train].mean(axis=0)


def _error(values, vectors, alpha, splits, Y):
    """Sum over splits of the mean squared error on the rows scored (K,)."""
    inverse = (vectors / (values + alpha)) @ vectors.T
    solved, ones = inverse @ Y, inverse.sum(axis=1)
    total = np.zeros(Y.shape[1])
    for split in splits:
        known = solved[split.out] - ones[split.out, None] * split.level
        missed = np.linalg.solve(inverse[np.ix_(split.out, split.out)], known)
        total += (missed[split.scored] ** 2).mean(axis=0)
    return total


def make(*, strengths=(0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0), widths=(1.0,), cv):
    """Metrics to mean 0 and s.d. 1 on the training fold, then `KernelRidge` around the training mean.

    `strengths` and `widths`: what to choose from by `cv` inside the training fold. Width 1 is scikit-learn's default
    γ = 1 / (number of metrics).
    """
    return make_pipeline(Standard(), KernelRidge(strengths, widths, cv))


def explain(model):
    """No coefficients; the strength and γ chosen for each column."""
    last = model[-1]
    return None, [{"strength": float(a), "gamma": float(g)} for a, g in zip(last.alpha_, last.gamma_, strict=True)]
