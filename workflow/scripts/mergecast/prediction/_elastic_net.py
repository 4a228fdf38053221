"""Lasso and elastic net whose strength is chosen by given splits, all targets of a split at once."""

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.linear_model import enet_path

from ._checks import between, whole
from ._linalg import eigh
from .columns import constant

STEPS, RELAXATION = 20, 1.7  # of the search: steps a strength, over-relaxation
TOLERANCE, MAX_ITER = 1e-6, 100_000  # of the final coefficients


class ElasticNet(BaseEstimator):
    """argmin ‖y − β₀ − Xβ‖²/2n + α(l1_ratio‖β‖₁ + (1 − l1_ratio)‖β‖²/2) for each column y; `l1_ratio` 1 is the lasso.

    y is brought to s.d. 1 first, for α and `l1_ratio` to mean the same whatever the target's spread, and β back to its
    units afterwards. α is chosen among `n_strengths`, in equal ratios from the least one that leaves no coefficient
    down to `reach` times it, by the least mean squared error over the splits `cv` (mean over splits of each split's
    mean; of equal ones the first, that is, the fewest coefficients). The coefficients at that α are those of
    scikit-learn's coordinate descent. The search before could be that of its `LassoCV` and `ElasticNetCV`, but
    collinear columns cost coordinate descent hundreds of sweeps, one target after the other; here the errors come from
    20 steps a strength of the alternating direction method of multipliers (Boyd et al. 2011, §6.4), warm-started down
    the path, for all targets and splits at once.
    After `fit` on X (n, F), standardised, and Y (n, K): `alpha_` (K,), 0 for a constant target, `coef_` (K, F) and
    `intercept_` (K,).
    `cv`: list of (train rows, validation rows).
    Raises MergecastError unless there are 2 strengths or more, `reach` is from 1e-6 to 0.999, `l1_ratio` from 0.01 to 1.
    """

    def __init__(self, n_strengths=10, reach=0.01, l1_ratio=1.0, cv=()):
        self.n_strengths = n_strengths
        self.reach = reach
        self.l1_ratio = l1_ratio
        self.cv = cv

    def fit(self, X, Y):
        whole(self.n_strengths, "n_strengths", 2)
        between(self.reach, "reach", 1e-6, 0.999)
        between(self.l1_ratio, "l1_ratio", 0.01, 1)
        flat = constant(Y)
        spread = np.where(flat, 1.0, Y.std(axis=0))
        Y = Y / spread
        grid, half = np.geomspace(1.0, self.reach, self.n_strengths), _Half(X, Y)
        strongest = np.where(flat, 0.0, np.abs(half.product).max(axis=0) / self.l1_ratio)
        errors = np.zeros((len(grid), Y.shape[1]))
        inner = [_Half(X[train], Y[train]) for train, _ in self.cv]
        for number, solutions in enumerate(_search(inner, grid, strongest, self.l1_ratio)):
            for part, coefficients, (_, held) in zip(inner, solutions, self.cv, strict=True):
                errors[number] += ((part.predict(X[held], coefficients) - Y[held]) ** 2).mean(axis=0)
        best = np.where(strongest > 0, errors.argmin(axis=0), 0)
        self.alpha_, self.coef_ = grid[best] * strongest, np.zeros((Y.shape[1], X.shape[1]))
        for number, (coefficients,) in enumerate(_search([half], grid, strongest, self.l1_ratio)):
            for column in np.flatnonzero((best == number) & (number > 0)):
                self.coef_[column] = _descend(half, column, self.alpha_[column], self.l1_ratio, coefficients[:, column])
        self.coef_ *= spread[:, None]
        self.intercept_ = half.level * spread - self.coef_ @ half.middle
        return self

    def predict(self, X):
        return X @ self.coef_.T + self.intercept_


def chosen(model):
    """The strength chosen for each column, that for a target of s.d. 1."""
    return [{"strength": float(alpha)} for alpha in model.alpha_]


class _Half:
    """What is fitted on: centred columns and targets, their means, and the products of them, a row."""

    def __init__(self, X, Y):
        self.middle, self.level = X.mean(axis=0), Y.mean(axis=0)
        self.X, self.Y = np.asfortranarray(X - self.middle), np.asfortranarray(Y - self.level)
        self.gram, self.product = self.X.T @ self.X / len(X), self.X.T @ self.Y / len(X)

    def predict(self, X, coefficients):
        return (X - self.middle) @ coefficients + self.level


def _search(halves, grid, strongest, l1_ratio):
    """Approximate coefficients (S, F, K) of every column for S halves at once, strength after strength.

    The step size ρ of the method is the strength's share of the strongest, so that its thresholds stay as they are.
    """
    gram, product = (np.stack([getattr(half, name) for half in halves]) for name in ("gram", "product"))
    values, vectors = eigh(gram)
    sparse, dual, last = np.zeros_like(product), np.zeros_like(product), 1.0
    threshold, shrink = l1_ratio * strongest, 1 + (1 - l1_ratio) * strongest
    for rho in grid:
        dual *= last / rho
        last, inverse = rho, np.matmul(vectors / (values + rho)[:, None], np.swapaxes(vectors, 1, 2))
        known = np.matmul(inverse, product)
        inverse *= rho
        for _ in range(STEPS):
            step = np.matmul(inverse, sparse - dual)
            step += known
            dual += RELAXATION * step + (1 - RELAXATION) * sparse
            rest = np.clip(dual, -threshold, threshold)
            sparse = (dual - rest) / shrink
            dual -= sparse
        yield sparse


def _descend(half, column, alpha, l1_ratio, start):
    """Coefficients (F,) of one column by scikit-learn, from a good start."""
    rows = len(half.X)
    path = enet_path(
        half.X,
        np.ascontiguousarray(half.Y[:, column]),
        l1_ratio=l1_ratio,
        alphas=[alpha],
        precompute=np.ascontiguousarray(half.gram) * rows,
        Xy=half.product[:, column] * rows,
        coef_init=start.copy(),
        check_input=False,
        tol=TOLERANCE,
        max_iter=MAX_ITER,
    )
    return path[1][:, 0]
