"""How each metric alone goes with the target over all pairs, and how often relabelled tasks do as well."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from ...prediction import permutations, scores
from ...prediction.columns import constant
from ...prediction.design import Design, of_metrics
from ...seeding import seed_for

COLUMNS = ["method", "metric", "pearson", "spearman", "p", "n_pairs"]


def make(tables: Mapping[str, pd.DataFrame], setting: Mapping) -> dict[str, pd.DataFrame]:
    """With as many relabellings as leave-one-task-out draws."""
    seed = seed_for(setting["name"], "relabelling", seed=setting["seed"])
    return {"correlations": correlations(of_metrics(setting, tables), count=setting["permutations"], seed=seed)}


def correlations(design: Design, *, count: int = 200, seed: int = 0, relabelled: Callable | None = None) -> pd.DataFrame:
    """One row per method and metric of a design of metrics, in its order; nothing is fitted or held out.

    The relabellings are those of `prediction.permutations`, the same for all metrics and methods.

    Parameters
    ----------
    design : Design
        P pairs, M methods.
    count : int, default 200
        Relabellings; 0 for none.
    seed : int, default 0
    relabelled : callable, optional
        A function of design, count and seed that returns targets (P, count, M); it takes the place of the relabellings.

    Returns
    -------
    DataFrame
        `pearson` and `spearman` in [−1, 1], NaN where undefined; `p` in (0, 1]: two-sided, (1 + relabellings of the tasks
        whose |r| reaches that measured) / (1 + `count`), NaN without relabellings or correlation.
    """
    drawn = (relabelled or permutations.relabelled)(design, count, seed=seed) if count else None
    x = _standardised(design.X)
    rows = []
    for m, method in enumerate(design.methods):
        y = design.Y[:, m]
        null = None if drawn is None else np.abs(x.T @ _standardised(drawn[:, :, m]))
        for f, metric in enumerate(design.features):
            r, rho = scores.pearson(y, design.X[:, f]), scores.spearman(y, design.X[:, f])
            p = None if null is None or r is None else (1 + np.sum(null[f] >= abs(r) - scores.CLOSE)) / (1 + count)
            rows.append((method, metric, r, rho, p, len(y)))
    return pd.DataFrame(rows, columns=COLUMNS).astype(dict.fromkeys(["pearson", "spearman", "p"], float))


def _standardised(columns: np.ndarray) -> np.ndarray:
    """Columns (P, K) of mean 0 and length 1, so that their products are correlations; constant ones become 0."""
    centred = columns - columns.mean(axis=0)
    scale = np.abs(centred).max(axis=0)
    flat = constant(columns)
    centred = np.where(flat, 0.0, centred / np.where(flat, 1.0, scale))
    length = np.linalg.norm(centred, axis=0)
    return centred / np.where(length > 0, length, 1.0)
