"""Forward and reverse greedy selection of metrics, in closed form.

The largest training correlation that weights and intercept on a set of metrics can reach is √R² of its least squares
fit. What one metric more or less does to R² follows from the correlation matrix of the metrics and their correlations with
the target alone, so that nothing is refitted and no random start blurs the comparison, as in the published procedure.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ...errors import MergecastError
from ...prediction import scores, splits
from ...prediction.design import Design, of_metrics
from .. import _refit

SCORES = [
    "direction", "method", *_refit.SCORES, "mean_n_metrics",
]  # fmt: skip
METRICS = ["direction", "method", "metric", "frequency", "mean_rank"]
LEAST = 1e-10  # share of a metric's variance that counts as its own: below, it is a combination of others
NO_LOSS = 1e-9  # a loss of correlation below is rounding


def make(tables: Mapping[str, pd.DataFrame], setting: Mapping) -> dict[str, pd.DataFrame]:
    """Under leave-one-task-out, with the published thresholds."""
    return dict(zip(("greedy", "greedy_metrics"), greedy(of_metrics(setting, tables)), strict=True))


def greedy(
    design: Design, *, split: str = "loto", least_gain: float = 1e-3, most_loss: float = 1e-3
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tables of scores and of metrics, from a selection inside every fold of a split, for every method.

    "forward" starts with no metric and adds the one that raises the training r most, while it gains at least
    `least_gain`; "reverse" starts with all and removes the one whose removal lowers it least, while that costs at most
    `most_loss`, and keeps one at least. Of equal metrics the first is taken. What is kept is fitted by least squares with
    intercept on the training pairs and scored on the held-out ones (`_refit.score_rows`; where nothing is kept, the training
    mean is forecast and r is undefined).
    Metrics that are exact combinations of others have no variance of their own: forward never adds one after them
    (pivoted Gram-Schmidt, 1e-10 of its variance), reverse removes them first (ridge of 1e-10 on the correlation matrix).

    Parameters
    ----------
    design : Design
        Of metrics.
    split : str, default "loto"
    least_gain, most_loss : float, default 0.001
        Thresholds in units of r, at least 0; 0.001 is the published one.

    Returns
    -------
    tuple of two DataFrames
        Scores: those of `_refit.score_rows`, and `mean_n_metrics`: metrics kept, mean over folds. Metrics: `frequency` in
        [0, 1]: share of folds that keep the metric; `mean_rank` ≥ 1: the mean step at which it was added (forward) or
        removed (reverse), NaN if it never was.

    Raises
    ------
    MergecastError
        For a negative threshold or an unknown split.

    Notes
    -----
    The greedy selections of "Demystifying Mergeability", without its random restarts.
    """
    for name, value in (("least_gain", least_gain), ("most_loss", most_loss)):
        if not value >= 0:
            raise MergecastError(f"key {name!r}: {value!r} is no number of at least 0; give 0.001, say")
    folds = list(splits.find(split)(design.pairs, design.tasks))
    scaled = [_refit.standardised(design.X[fold.train]) for fold in folds]
    gram = np.stack([x.T @ x / len(x) for x, _, _ in scaled])
    y = [_refit.standardised(design.Y[fold.train])[0] for fold in folds]
    product = np.stack([x.T @ target / len(x) for (x, _, _), target in zip(scaled, y, strict=True)])
    ranks = {"forward": forward(gram, product, least_gain), "reverse": reverse(gram, product, most_loss)}
    table, metrics = [], []
    for direction, steps in ranks.items():
        kept = (steps > 0) == (direction == "forward")
        predictions = [_validate(design, fold, *scaled[i], kept[i]) for i, fold in enumerate(folds)]
        for m, (method, row) in enumerate(zip(design.methods, _refit.score_rows(predictions), strict=True)):
            size = float(kept[:, m].sum(axis=1).mean())
            table.append({"direction": direction, "method": method, **row, "mean_n_metrics": size})
            for f, metric in enumerate(design.features):
                of_metric = steps[:, m, f]
                rank = float(of_metric[of_metric > 0].mean()) if (of_metric > 0).any() else np.nan
                metrics.append((direction, method, metric, float(kept[:, m, f].mean()), rank))
    return pd.DataFrame(table, columns=SCORES), pd.DataFrame(metrics, columns=METRICS)


def forward(gram: np.ndarray, product: np.ndarray, least_gain: float) -> np.ndarray:
    """The step at which each metric is added.

    Parameters
    ----------
    gram : (B, F, F) array
        Correlations of the F metrics in B folds.
    product : (B, F, M) array
        Their correlations with M targets.
    least_gain : float
        In units of r.

    Returns
    -------
    (B, M, F) array of int
        1 is the first step; 0 where the metric is not added.
    """
    n_folds, n_metrics, n_methods = product.shape
    rest = np.repeat(gram, n_methods, axis=0)  # what the metrics added so far leave of the others
    left = np.moveaxis(product, 2, 1).reshape(-1, n_metrics).copy()
    steps, reached, active = np.zeros(left.shape, dtype=int), np.zeros(len(left)), np.ones(len(left), dtype=bool)
    everyone = np.arange(len(left))
    for step in range(1, n_metrics + 1):
        variance = np.diagonal(rest, axis1=1, axis2=2)
        free = (variance > LEAST) & (steps == 0)
        gains = np.divide(left**2, variance, out=np.zeros_like(left), where=free)
        best = np.argmax(gains, axis=1)
        gain = gains[everyone, best]
        total = np.minimum(reached + gain, 1.0)
        active &= (gain > 0) & (np.sqrt(total) - np.sqrt(reached) >= least_gain)
        if not active.any():
            break
        now, add = everyone[active], best[active]
        steps[now, add], reached[now] = step, total[now]
        column, pivot = rest[now, :, add], rest[now, add, add]
        left[now] -= column * (left[now, add] / pivot)[:, None]
        rest[now] -= column[:, :, None] * column[:, None, :] / pivot[:, None, None]
    return steps.reshape(n_folds, n_methods, n_metrics)


def reverse(gram: np.ndarray, product: np.ndarray, most_loss: float) -> np.ndarray:
    """The step at which each metric is removed.

    Parameters
    ----------
    gram, product : array
        As for `forward`.
    most_loss : float
        In units of r.

    Returns
    -------
    (B, M, F) array of int
        1 is the first step; 0 where the metric is kept.
    """
    n_folds, n_metrics, n_methods = product.shape
    gram = np.repeat(gram + LEAST * np.eye(n_metrics), n_methods, axis=0)
    target = np.moveaxis(product, 2, 1).reshape(-1, n_metrics)
    steps, now = np.zeros(target.shape, dtype=int), np.arange(len(target))
    kept = np.tile(np.arange(n_metrics), (len(target), 1))
    for step in range(1, n_metrics):
        inverse = np.linalg.inv(gram[now[:, None, None], kept[:, :, None], kept[:, None, :]])
        correlations = target[now[:, None], kept]
        weights = np.matmul(inverse, correlations[:, :, None])[:, :, 0]
        reached = np.clip((weights * correlations).sum(axis=1), 0.0, 1.0)[:, None]
        after = np.maximum(reached - weights**2 / np.diagonal(inverse, axis1=1, axis2=2), 0.0)
        losses = np.sqrt(reached) - np.sqrt(after)
        losses[losses < NO_LOSS] = 0.0
        worst = np.argmin(losses, axis=1)
        removes = losses[np.arange(len(now)), worst] <= most_loss
        if not removes.any():
            break
        now, kept, worst = now[removes], kept[removes], worst[removes]
        steps[now, kept[np.arange(len(now)), worst]] = step
        kept = kept[np.arange(kept.shape[1]) != worst[:, None]].reshape(len(now), -1)
    return steps.reshape(n_folds, n_methods, n_metrics)


def _validate(design: Design, fold, x, middle, spread, kept) -> scores.Held:
    """Least squares on the metrics kept (M, F) of each method, forecasting the held-out pairs."""
    held, Y = (design.X[fold.validation] - middle) / spread, design.Y[fold.train]
    level = Y.mean(axis=0)
    predicted = np.tile(level, (len(held), 1))
    for m, mask in enumerate(kept):
        weights, *_ = np.linalg.lstsq(x[:, mask], Y[:, m] - level[m], rcond=None)
        predicted[:, m] += held[:, mask] @ weights
    return scores.Held(design.Y[fold.validation], predicted, level)
