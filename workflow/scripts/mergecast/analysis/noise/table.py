"""The share of the spread over pairs that is chance of the test images, from the images themselves, to first order.

Images are drawn with replacement; those of a task are drawn once for all models that were tested on them, since these share
the hard ones. First-order formulas that take accuracies as independent overstate the noise.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ...files import unpack_bits
from ...prediction.design import PAIR
from ...seeding import seed_for
from ...tables.measured import FINE_TUNED

COLUMNS = ["method", "target", "sd", "noise_sd", "noise_share", "highest_r", "n_pairs", "least_images"]
DRAWS = 400  # of images


def make(tables: Mapping[str, pd.DataFrame], setting: Mapping) -> dict[str, pd.DataFrame]:
    """Of the headline target."""
    return {"noise": noise(tables["correct"], setting["target"], setting["methods"], seed=setting["seed"])}


def noise(correct: pd.DataFrame, target: str, methods, *, draws: int = DRAWS, seed: int = 0) -> pd.DataFrame:
    """One row per method: how far the values of pairs would move if other test images had been drawn.

    Parameters
    ----------
    correct : DataFrame
        The table "correct".
    target : str
        "accuracy" or "normalised_accuracy".
    methods : sequence of str
    draws : int, default 400
    seed : int, default 0

    Returns
    -------
    DataFrame
        `sd`: s.d. over pairs of what was measured; `noise_sd`: that of its error, mean over draws, less what moves all pairs
        alike; `noise_share` in [0, 1]: the square of their ratio; `highest_r`: √(1 − noise_share), the r of a forecast that
        knows every pair's true value. NaN where all pairs measured alike. `least_images`: of the task with fewest.
    """
    accuracy = _redrawn(correct, draws, seed)
    models = {task: accuracy[FINE_TUNED, None, None, task] for task in correct["task"].unique()}
    rows = []
    for method in methods:
        mine = correct[correct["method"] == method]
        value: dict = {}
        for a, b, task in mine[[*PAIR, "task"]].itertuples(index=False):
            merged = accuracy[method, a, b, task]
            value.setdefault((a, b), []).append(_ratio(merged, models[task]) if target == "normalised_accuracy" else merged)
        every = np.array([sum(both) / len(both) for both in value.values()])  # (pairs, 1 + draws), as measured first
        measured, error = every[:, 0], every[:, 1:] - every[:, :1]
        sd, noise_sd = measured.std(), np.sqrt(error.var(axis=0).mean())
        share = min((noise_sd / sd) ** 2, 1.0) if sd > 0 else np.nan
        rows.append((method, target, sd, noise_sd, share, np.sqrt(1 - share), len(every), int(mine["n_images"].min())))
    return pd.DataFrame(rows, columns=COLUMNS)


def _ratio(merged: np.ndarray, model: np.ndarray) -> np.ndarray:
    """merged / model as measured, first, and under each draw, to first order in what the draw moves.

    The ratio itself has no variance to speak of where a model is right on a handful of images: a draw may hold none of them.
    """
    ratio = merged[0] / model[0]
    return ratio + ((merged - merged[0]) - ratio * (model - model[0])) / model[0]


def _redrawn(correct: pd.DataFrame, draws: int, seed: int) -> dict:
    """Accuracies (1 + draws,) by (method, a, b, task): as measured, then under each draw of the task's images.

    A fine-tuned model that is right on no image of a draw is taken to be right on half of one.
    """
    found: dict = {}
    for task, rows in correct.groupby("task", sort=False):
        count = int(rows["n_images"].iloc[0])
        random = np.random.default_rng(seed_for("noise", task, seed=seed))
        weights = np.vstack([np.ones(count), random.multinomial(count, np.full(count, 1 / count), size=draws)])
        right = np.array([unpack_bits(text, count) for text in rows["right"]], dtype=float)
        shares = np.maximum(right @ weights.T, 0.5 * (rows["method"].to_numpy() == FINE_TUNED)[:, None]) / count
        pairs = rows[PAIR].astype(object).where(rows[PAIR].notna(), None)
        for method, (a, b), values in zip(rows["method"], pairs.to_numpy(), shares, strict=True):
            found[method, a, b, task] = values
    return found
