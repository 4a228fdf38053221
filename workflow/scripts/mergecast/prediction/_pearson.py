"""Weights that maximise the training correlation under an L1 penalty, by Adam, for many targets at once."""

import numpy as np
from sklearn.base import BaseEstimator

from . import _adam
from ._checks import between, whole
from .columns import constant

RATE = 0.01  # of Adam, as published
LEAST_GAIN, PATIENCE = 1e-5, 100  # the training loss must fall by this much within so many iterations
EPSILON = 1e-8  # in the denominator of the correlation
ZERO = 1e-3  # weights below count as zero
WIDTH = 64  # columns a block: one width for every product, so that a column has the bits it has alone


class L1Pearson(BaseEstimator):
    """Minimises −ρ(X̃w, y) + λ‖w‖₁ by Adam for each column y; X̃ is X min-max scaled to [−1, 1] on the rows given to `fit`.

    Start w₀ = 0.1·N(0, I) from `seed`, the same for every column, at most `max_iter` iterations, stop when the loss has
    not improved by 1e-5 for 100 of them, keep the last iterate, set |w| < 1e-3 to zero. The correlation does not depend
    on the scale of w, so λ acts as early stopping rather than as selection. λ = 0 is plain `pearson`.
    A constant column of X becomes −1 and gets weight 0 in the end: the descent never learns anything about it, and
    held-out rows would otherwise be moved by what is left of its random start.

    Such predictions have no unit; slope and intercept are therefore fitted by least squares on the same training
    rows. The slope has the sign of the training correlation, positive in practice, so that the correlations are
    those of X̃w. After `fit` on X (n, F) and Y (n, K): `weights_` (K, F) the published w; `slope_` (K,); `coef_` =
    slope·w (K, F) and `intercept_` (K,), in units of the target, on X̃; `iterations_` (K,).
    Source: the linear predictor of "Demystifying Mergeability" (leave-one-task-out, λ = 1), in float64.
    Raises MergecastError for a negative penalty and for `max_iter` below 1.
    """

    def __init__(self, penalty=1.0, max_iter=2000, seed=0):
        self.penalty = penalty
        self.max_iter = max_iter
        self.seed = seed

    def fit(self, X, Y):
        between(self.penalty, "penalty", 0, 1e6)
        whole(self.max_iter, "max_iter")
        self.low_ = X.min(axis=0)
        width = X.max(axis=0) - self.low_
        self.width_ = np.where(width == 0, 1.0, width)
        scaled = self._scaled(X)
        middle = scaled.mean(axis=0)
        centred = scaled - middle
        blocks = to_blocks(Y)
        level = blocks.mean(axis=1, keepdims=True)
        residual = blocks - level
        gram, product = centred.T @ centred, np.matmul(np.ascontiguousarray(centred.T), residual)
        start = 0.1 * np.random.default_rng(self.seed).standard_normal(X.shape[1])
        outcome = descend(gram, product, (residual**2).sum(axis=1), start, self.penalty, self.max_iter, Y.shape[1])
        self.weights_, self.iterations_ = outcome
        self.weights_[np.abs(self.weights_) < ZERO] = 0.0
        self.weights_[:, constant(X)] = 0.0
        square = ((self.weights_ @ gram) * self.weights_).sum(axis=1)
        covariance = (from_blocks(product, Y.shape[1]).T * self.weights_).sum(axis=1)
        self.slope_ = np.divide(covariance, square, out=np.zeros_like(square), where=square > 0)
        self.coef_ = self.slope_[:, None] * self.weights_
        self.intercept_ = from_blocks(level, Y.shape[1])[0] - self.coef_ @ middle
        return self

    def predict(self, X):
        return self._scaled(X) @ self.coef_.T + self.intercept_

    def _scaled(self, X):
        return 2 * (X - self.low_) / self.width_ - 1


def explain(model):
    """Coefficients (K, F) on the metrics scaled to [−1, 1], in units of the target, and how each descent ended."""
    return model.coef_, [
        {"penalty": float(model.penalty), "iterations": int(iterations), "slope": float(slope)}
        for iterations, slope in zip(model.iterations_, model.slope_, strict=True)
    ]


def descend(gram, product, square, start, penalty, max_iter, n_columns):
    """Adam on −ρ + λ‖w‖₁ for `n_columns` problems with one X̃: each stops by itself and has the bits it would have alone.

    `gram` (F, F) = X̃ᵀX̃, `product` (B, F, 64) = X̃ᵀY and `square` (B, 64) = the diagonal of YᵀY, of centred columns and
    targets in blocks (`to_blocks`); `start` (F,). Columns that have stopped leave; the others close ranks.
    Returns the last iterates (K, F) and the numbers of iterations (K,).
    """
    final, iterations = np.empty((n_columns, len(gram))), np.zeros(n_columns, dtype=int)
    owner = np.arange(n_columns)
    weights = np.tile(start[:, None], (len(product), 1, WIDTH))
    mean, variance = np.zeros_like(weights), np.zeros_like(weights)
    best, waited = np.full(square.shape, np.inf), np.zeros(square.shape, dtype=int)
    running = np.ones(n_columns, dtype=bool)
    for step in range(1, max_iter + 1):
        loss, gradient = _loss(gram, product, square, weights, penalty)
        _adam.move(weights, gradient, mean, variance, step, RATE)
        improved = loss < best - LEAST_GAIN
        best, waited = np.where(improved, loss, best), np.where(improved, 0, waited + 1)
        stopped = running & ((waited.ravel()[: len(owner)] >= PATIENCE) | (step == max_iter))
        if stopped.any():
            final[owner[stopped]] = weights.transpose(0, 2, 1).reshape(-1, len(gram))[: len(owner)][stopped]
            iterations[owner[stopped]] = step
            running &= ~stopped
            if not running.any():
                break
            if -(-running.sum() // WIDTH) < len(weights):
                kept = np.flatnonzero(running)
                owner, running = owner[kept], np.ones(len(kept), dtype=bool)
                arrays = (weights, mean, variance, product, square[:, None], best[:, None], waited[:, None])
                flat = (np.swapaxes(array, 1, 2).reshape(-1, array.shape[1])[kept].T for array in arrays)
                weights, mean, variance, product, square, best, waited = (to_blocks(array) for array in flat)
                square, best, waited = square[:, 0], best[:, 0], waited[:, 0]
    return final, iterations


def _loss(gram, product, square, weights, penalty):
    """Loss (B, 64) and gradient (B, F, 64). With q = X̃w: ρ = qᵀy / (‖q‖‖y‖ + ε)."""
    image = np.matmul(gram, weights)
    covariance = (product * weights).sum(axis=1)
    norm = np.sqrt(np.maximum((weights * image).sum(axis=1), 0) * square)
    below = norm + EPSILON
    shrink = np.divide(covariance * square, below**2 * norm, out=np.zeros_like(norm), where=norm > 0)
    loss, gradient = -covariance / below, image
    gradient *= shrink[:, None]
    gradient -= product / below[:, None]
    if penalty:
        loss += penalty * np.abs(weights).sum(axis=1)
        gradient += penalty * np.sign(weights)
    return loss, gradient


def to_blocks(columns):
    """(R, K) as (B, R, 64), B = ⌈K/64⌉, filled up with zeros."""
    rows, count = columns.shape
    padded = np.zeros((rows, -(-count // WIDTH) * WIDTH), dtype=columns.dtype)
    padded[:, :count] = columns
    return np.ascontiguousarray(padded.reshape(rows, -1, WIDTH).transpose(1, 0, 2))


def from_blocks(blocks, count):
    """(B, R, 64) as (R, K), the inverse of `to_blocks`."""
    return blocks.transpose(1, 0, 2).reshape(blocks.shape[1], -1)[:, :count]
