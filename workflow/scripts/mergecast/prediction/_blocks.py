"""Ridge regression of all methods together: a strength for each block of columns, coefficients shrunk to those of the mean."""

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
from sklearn.base import BaseEstimator

from ..errors import MergecastError
from ._checks import positives
from ._linalg import solve
from .columns import constant


class BlockRidge(BaseEstimator):
    """argmin ‖y − β₀ − Zβ‖² + Σ_k α_k‖β_k‖², Z the columns of the blocks k, all M methods of a group of columns of Y together.

    The mean over methods and each method's deviation from it are fitted apart, each with its own strengths: a method whose
    deviations follow no column has the coefficients of the mean. The strengths of a column are those of the least mean
    squared error over `cv` among all combinations; of equal ones the first is taken.
    It is the best linear unbiased prediction of a mixed model in which β_k is random with the variance σ²/α_k.

    `blocks`: columns of X by name of the block. Those of `scaled` blocks become mean 0 and s.d. 1, and values outside the
    training range count as its end: what lies beyond it was never measured. The others are taken as they are.
    `strengths`: the α to choose from by name of the block. `outputs`: M. `cv`: list of (train rows, validation rows).
    After `fit` on X (n, F) and Y (n, G·M): `coef_` (G·M, F), on the columns as scaled, `intercept_` (G·M,), and `chosen_`
    (G·(M + 1), blocks), the strengths of each group's mean and deviations.
    """

    def __init__(self, blocks: Mapping[str, Sequence[int]], strengths: Mapping[str, Sequence[float]], scaled, outputs, cv=()):
        self.blocks = blocks
        self.strengths = strengths
        self.scaled = scaled
        self.outputs = outputs
        self.cv = cv

    def fit(self, X, Y):
        sizes = [len(columns) for columns in self.blocks.values()]
        options = list(product(*(positives(self.strengths[name], f"strengths of {name}") for name in self.blocks)))
        penalties = np.array([np.repeat(option, sizes) for option in options])
        self._learn_scale(X)
        Z, targets = self._scaled(X), _apart(Y, self.outputs)
        best = np.zeros(targets.shape[1], dtype=int)
        if len(options) > 1:
            errors = (_errors(Z[train], targets[train], Z[held], targets[held], penalties) for train, held in self.cv)
            best = sum(errors).argmin(axis=0)
        self.chosen_ = np.array(options)[best]
        middle, level = Z.mean(axis=0), targets.mean(axis=0)
        Z, targets = Z - middle, targets - level
        weights = np.empty((Z.shape[1], targets.shape[1]))
        for option in np.unique(best):
            columns = best == option
            weights[:, columns] = solve(Z.T @ Z + np.diag(penalties[option]), Z.T @ targets[:, columns])
        self._weights = _together(weights, self.outputs)
        self.intercept_ = _together(level[None], self.outputs)[0] - middle @ self._weights
        self.coef_ = np.zeros((Y.shape[1], X.shape[1]))
        self.coef_[:, self._columns] = self._weights.T
        return self

    def predict(self, X):
        return self._scaled(X) @ self._weights + self.intercept_

    def scaling(self, width: int) -> dict[str, np.ndarray]:
        """`mean`, `scale`, `low` and `high` (F,) by column of X, of `width` F: what `predict` does to it before `coef_`."""
        rest = {"mean": 0.0, "scale": 1.0, "low": -np.inf, "high": np.inf}
        whole = {name: np.full(width, value) for name, value in rest.items()}
        for name, values in whole.items():
            values[self._columns] = getattr(self, f"{name}_")
        return whole

    def _learn_scale(self, X):
        self._columns = [column for columns in self.blocks.values() for column in columns]
        ours = np.concatenate([np.full(len(columns), name in self.scaled) for name, columns in self.blocks.items()])
        Z = X[:, self._columns]
        self.constant_ = constant(Z)
        self.low_, self.high_ = np.where(ours, Z.min(axis=0), -np.inf), np.where(ours, Z.max(axis=0), np.inf)
        self.mean_ = np.where(ours, Z.mean(axis=0), 0.0)
        self.scale_ = np.where(ours & ~self.constant_, Z.std(axis=0), 1.0)

    def _scaled(self, X):
        Z = (np.clip(X[:, self._columns], self.low_, self.high_) - self.mean_) / self.scale_
        Z[:, self.constant_] = 0.0
        return Z


def chosen(model: BlockRidge) -> list[dict]:
    """The strengths chosen for the mean over methods and for each method's deviation, by block."""
    groups = model.chosen_.reshape(-1, model.outputs + 1, len(model.blocks))
    return [
        {
            f"{name} of {part}": float(value)
            for part, values in (("mean", group[0]), ("deviation", deviation))
            for name, value in zip(model.blocks, values, strict=True)
        }
        for group in groups
        for deviation in group[1:]
    ]


def places(features: Sequence[str], names: Sequence[str]) -> list[int]:
    """The columns of these names. Raises MergecastError naming one that is not there."""
    lacking = [name for name in names if name not in features]
    if lacking:
        raise MergecastError(f"covariate {lacking[0]!r}: there is no such column; choose among those of the tables of traits")
    return [list(features).index(name) for name in names]


def mixed(named: Mapping[str, Sequence[str]], strengths: Mapping[str, Sequence[float]], features, outputs, cv) -> BlockRidge:
    """A mixed model: covariates, `named` by role, and an effect of each task, as kept and as other, drawn at random.

    `strengths`: the ratios of variances to choose from, of "covariates", "keeps" and "harms".
    """
    roles = {"keeps": "kept task ", "harms": "other task "}
    blocks = {"covariates": places(features, [f"{role} {name}" for role, names in named.items() for name in names])}
    blocks |= {block: [at for at, name in enumerate(features) if name.startswith(role)] for block, role in roles.items()}
    return BlockRidge(blocks, strengths, ("covariates",), outputs, cv)


def _apart(Y, outputs):
    """Each group's mean over methods, then the deviations from it: (n, G·M) -> (n, G·(M + 1))."""
    groups = Y.reshape(len(Y), -1, outputs)
    mean = groups.mean(axis=2, keepdims=True)
    return np.concatenate([mean, groups - mean], axis=2).reshape(len(Y), -1)


def _together(parts, outputs):
    """Mean + deviation of each method: (n, G·(M + 1)) -> (n, G·M)."""
    groups = parts.reshape(len(parts), -1, outputs + 1)
    return (groups[:, :, :1] + groups[:, :, 1:]).reshape(len(parts), -1)


def _errors(Z, Y, Z_held, Y_held, penalties):
    """Mean squared error on held rows of every combination of strengths and column (S, K)."""
    middle, level = Z.mean(axis=0), Y.mean(axis=0)
    Z, seen, missing = Z - middle, Z_held - middle, Y_held - level
    systems = Z.T @ Z + penalties[:, :, None] * np.eye(Z.shape[1])
    influence = solve(systems, np.broadcast_to(seen.T, (len(penalties), *seen.T.shape)))  # (S, F, h)
    moments = Z.T @ (Y - level)
    return np.array([((part.T @ moments - missing) ** 2).mean(axis=0) for part in influence])
