"""A Gaussian process on all metrics, standardised: a smooth surface, as rough and as noisy as the training pairs say."""

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.pipeline import make_pipeline

from .. import _kernel
from .._checks import positives
from .._standard import Standard

INPUTS = "metrics"


class GaussianProcess(BaseEstimator):
    """Posterior mean of y − ȳ ~ N(0, σ²(R + νI)) for each column y, R the radial kernel exp(−d² / 2ℓ²) of the rows.

    ℓ = √(number of columns) · reach with reach out of `reaches`, and the noise ratio ν out of `noises`, are those of the
    largest marginal likelihood, σ² being for each pair of them what maximises it (closed form); of equal ones the
    first is taken. No split is needed. scikit-learn's `GaussianProcessRegressor` climbs the same likelihood by gradient,
    one target after the other, from starts that decide where it ends; a permutation null refits a thousand targets
    on the same rows, and from one eigendecomposition a length scale that is a few products here. A target without
    any spread is predicted by its mean.
    After `fit` on X (n, F) and Y (n, K): `length_scale_`, `noise_ratio_`, `signal_variance_`, `log_likelihood_`,
    `intercept_` (K,) and `dual_coef_` (n, K).
    Raises MergecastError unless `reaches` and `noises` hold positive finite numbers.
    """

    def __init__(self, reaches=(1.0,), noises=(1.0,)):
        self.reaches = reaches
        self.noises = noises

    def fit(self, X, Y):
        scales = positives(self.reaches, "reaches") * np.sqrt(X.shape[1])
        noises = positives(self.noises, "noises")
        self.rows_, self.intercept_ = X, Y.mean(axis=0)
        distances, centred = _kernel.squared_distances(X), Y - self.intercept_
        kernels = [_kernel.decompose(distances, gamma) for gamma in _gamma(scales)]
        likelihoods = np.array([_likelihoods(*kernel, centred, noises) for kernel in kernels])
        best = likelihoods.reshape(-1, Y.shape[1]).argmax(axis=0)
        self.log_likelihood_ = likelihoods.reshape(-1, Y.shape[1])[best, np.arange(Y.shape[1])]
        which = best // len(noises)
        self.length_scale_, self.noise_ratio_ = scales[which], noises[best % len(noises)]
        self.dual_coef_, self.signal_variance_ = np.empty_like(centred), np.empty(Y.shape[1])
        for number, (values, vectors) in enumerate(kernels):
            columns = which == number
            rotated, spread = vectors.T @ centred[:, columns], values[:, None] + self.noise_ratio_[columns]
            self.dual_coef_[:, columns] = vectors @ (rotated / spread)
            self.signal_variance_[columns] = (rotated**2 / spread).mean(axis=0)
        return self

    def predict(self, X):
        distances = _kernel.squared_distances(X, self.rows_)
        return _kernel.predict(distances, _gamma(self.length_scale_), self.dual_coef_) + self.intercept_


def _gamma(scales):
    return 1 / (2 * scales**2)


def _likelihoods(values, vectors, Y, noises):
    """Log marginal likelihood of every noise ratio and column (N, K), at the best signal variance."""
    spread = values + noises[:, None]
    variance = np.maximum((1 / spread) @ (vectors.T @ Y) ** 2 / len(Y), np.finfo(float).tiny)
    return -0.5 * (len(Y) * (np.log(2 * np.pi * variance) + 1) + np.log(spread).sum(axis=1)[:, None])


def make(*, reaches=(0.3, 0.6, 1.0, 2.0, 4.0, 8.0), noises=(0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 100.0)):
    """Metrics to mean 0 and s.d. 1 on the training fold, then `GaussianProcess` around the training mean.

    `reaches`: length scales to choose from, in units of √(number of metrics); `noises`: noise variances, in units of
    the signal's.
    """
    return make_pipeline(Standard(), GaussianProcess(reaches, noises))


def explain(model):
    """No coefficients; for each column the length scale (in s.d.), noise ratio, signal variance and log likelihood."""
    last = model[-1]
    names = ("length_scale", "noise_ratio", "signal_variance", "log_likelihood")
    columns = zip(*(getattr(last, f"{name}_") for name in names), strict=True)
    return None, [dict(zip(names, map(float, column), strict=True)) for column in columns]
