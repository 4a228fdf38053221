"""The published linear predictor: weights that maximise the training correlation under an L1 penalty."""

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin

INPUTS = "metrics"

RATE, DECAY, SQUARE_DECAY, ADAM_EPSILON = 0.01, 0.9, 0.999, 1e-8  # Adam, as published
LEAST_GAIN, PATIENCE = 1e-5, 100  # the training loss must fall by this much within so many iterations
EPSILON = 1e-8  # in the denominator of the correlation
ZERO = 1e-3  # weights below count as zero


class L1Pearson(RegressorMixin, BaseEstimator):
    """Minimises −ρ(X̃w, y) + λ‖w‖₁ by Adam; X̃ is X min-max scaled to [−1, 1] on the rows given to `fit`.

    Start w₀ = 0.1·N(0, I) from `seed`, at most `max_iter` iterations, stop when the loss has not improved by 1e-5 for
    100 of them, keep the last iterate, set |w| < 1e-3 to zero. A constant column becomes −1. The correlation does not
    depend on the scale of w, so λ acts as early stopping rather than as selection. λ = 0 is plain `pearson`.

    Such predictions have no unit; slope and intercept are therefore fitted by least squares on the same training
    rows. The slope has the sign of the training correlation, positive in practice, so that the correlations are
    those of X̃w. After `fit`: `weights_` (F,) the published w; `slope_`; `coef_` = slope·w and `intercept_`, in
    units of the target, on X̃; `iterations_`.
    Source: the linear predictor of "Demystifying Mergeability" (leave-one-task-out, λ = 1), in float64.
    """

    def __init__(self, penalty=1.0, max_iter=2000, seed=0):
        self.penalty = penalty
        self.max_iter = max_iter
        self.seed = seed

    def fit(self, X, y):
        self.low_ = X.min(axis=0)
        width = X.max(axis=0) - self.low_
        self.width_ = np.where(width == 0, 1.0, width)
        scaled = self._scaled(X)
        middle, level = scaled.mean(axis=0), y.mean()
        centred, residual = scaled - middle, y - level
        start = 0.1 * np.random.default_rng(self.seed).standard_normal(X.shape[1])
        weights, iterations = descend(
            (centred.T @ centred)[None],
            (centred.T @ residual)[None],
            np.array([residual @ residual]),
            start[None],
            self.penalty,
            self.max_iter,
        )
        self.weights_ = np.where(np.abs(weights[0]) < ZERO, 0.0, weights[0])
        self.iterations_ = int(iterations[0])
        projected = centred @ self.weights_
        square = projected @ projected
        self.slope_ = float(projected @ residual / square) if square > 0 else 0.0
        self.coef_ = self.slope_ * self.weights_
        self.intercept_ = float(level - middle @ self.coef_)
        return self

    def predict(self, X):
        return self._scaled(X) @ self.coef_ + self.intercept_

    def _scaled(self, X):
        return 2 * (X - self.low_) / self.width_ - 1


def descend(gram, product, square, start, penalty, max_iter):
    """Adam on −ρ + λ‖w‖₁ for B problems at once: each stops by itself and has the bits it would have alone.

    `gram` (B, F, F) = X̃ᵀX̃ and `product` (B, F) = X̃ᵀy of centred columns and targets, `square` (B,) = yᵀy, `start`
    (B, F). Returns the last iterates (B, F) and the numbers of iterations (B,).
    """
    weights, mean, variance = start.copy(), np.zeros_like(start), np.zeros_like(start)
    best, waited = np.full(len(start), np.inf), np.zeros(len(start), dtype=int)
    iterations, active = np.zeros(len(start), dtype=int), np.ones(len(start), dtype=bool)
    for step in range(1, max_iter + 1):
        loss, gradient = _loss(gram, product, square, weights, penalty)
        mean = DECAY * mean + (1 - DECAY) * gradient
        variance = SQUARE_DECAY * variance + (1 - SQUARE_DECAY) * gradient**2
        change = (mean / (1 - DECAY**step)) / (np.sqrt(variance / (1 - SQUARE_DECAY**step)) + ADAM_EPSILON)
        weights = np.where(active[:, None], weights - RATE * change, weights)
        iterations[active] = step
        improved = loss < best - LEAST_GAIN
        best, waited = np.where(improved, loss, best), np.where(improved, 0, waited + 1)
        active &= waited < PATIENCE
        if not active.any():
            break
    return weights, iterations


def _loss(gram, product, square, weights, penalty):
    """Loss (B,) and gradient (B, F). With q = X̃w: ρ = qᵀy / (‖q‖‖y‖ + ε)."""
    image = np.matmul(gram, weights[..., None])[..., 0]
    covariance = (product * weights).sum(axis=1)
    norm = np.sqrt(np.maximum((weights * image).sum(axis=1), 0) * square)
    below = norm + EPSILON
    shrink = np.divide(covariance * square, below**2 * norm, out=np.zeros_like(norm), where=norm > 0)
    gradient = shrink[:, None] * image - product / below[:, None] + penalty * np.sign(weights)
    return penalty * np.abs(weights).sum(axis=1) - covariance / below, gradient


def make(*, penalty=1.0, max_iter=2000, seed):
    """An unfitted `L1Pearson`; `penalty` is λ."""
    return L1Pearson(penalty, max_iter, seed)


def explain(model):
    """Coefficients on the metrics scaled to [−1, 1], in units of the target, and how the descent ended."""
    return model.coef_, {"penalty": float(model.penalty), "iterations": model.iterations_, "slope": model.slope_}
