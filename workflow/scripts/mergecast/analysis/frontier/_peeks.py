"""Merges tested on a few images: what measuring a little says, and what it adds to a forecast."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ...files import unpack_bits
from ...seeding import seed_for
from ...tables.measured import FINE_TUNED


def rows_of(correct: pd.DataFrame) -> dict[str, tuple[np.ndarray, dict]]:
    """By task: which images the fine-tuned model had right (n,), and which each merge did, by (method, other task).

    Parameters
    ----------
    correct : DataFrame

    Returns
    -------
    mapping from task to ((n,) array of bool, mapping)
    """
    flags: dict = {}
    for method, a, b, task, count, text in correct[["method", "task_a", "task_b", "task", "n_images", "right"]].itertuples(
        index=False
    ):
        single, merged = flags.setdefault(task, ([], {}))
        bits = np.asarray(unpack_bits(text, int(count)), dtype=bool)
        if method == FINE_TUNED:
            single.append(bits)
        else:
            merged[method, b if task == a else a] = bits
    return {task: (single[0], merged) for task, (single, merged) in flags.items()}


def peeked(
    flags: Mapping, chance: Mapping[str, float], pairs, methods, images: int, *, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Each pair merged and tested on so many images of each task, and its measured value on other images.

    The test images of a task are cut into halves, once for all its pairs. Looked at are images of the one half, at most all
    of it; measured is on the other half, however many are looked at.

    Parameters
    ----------
    flags : mapping
        From `rows_of`.
    chance : mapping from task to float
        Accuracies of few images are shrunk towards it: (x + c) / (y + c).
    pairs : sequence of (str, str)
    methods : sequence of str
    images : int
    seed : int

    Returns
    -------
    two (P, M) arrays
        Normalised accuracy, mean of both tasks: on the images looked at, relative to the fine-tuned accuracy on all; and on
        the other half.
    """
    seen, left = np.zeros((2, len(pairs), len(methods)))
    for task, (single, merged) in flags.items():
        order = np.random.default_rng(seed_for("peek", task, seed=seed)).permutation(len(single))
        half, rest = np.array_split(order, 2)
        few = half[:images]
        for row, pair in enumerate(pairs):
            if task not in pair:
                continue
            other = pair[1 - list(pair).index(task)]
            for m, method in enumerate(methods):
                right = merged[method, other]
                seen[row, m] += (right[few].mean() + chance[task]) / (single.mean() + chance[task]) / 2
                left[row, m] += right[rest].mean() / max(single[rest].mean(), 0.5 / len(rest)) / 2
    return seen, left


def joined(forecast: np.ndarray, peek: np.ndarray, measured: np.ndarray, pairs) -> np.ndarray:
    """Forecast and peek of each pair, weighed by how far off both were for the pairs that share no task with it.

    Parameters
    ----------
    forecast, peek, measured : (P, M) array
        Forecasts with both tasks unseen.
    pairs : sequence of (str, str)

    Returns
    -------
    (P, M) array
        w·peek + (1 − w)·forecast, w = s² / (s² + t²), s² and t² the mean squares of what forecast and peek missed: the
        posterior mean of two independent observations.
    """
    table = np.array(pairs)
    made = np.empty_like(forecast)
    for row, pair in enumerate(table):
        apart = ~np.isin(table, pair).any(axis=1)
        s, t = (((part[apart] - measured[apart]) ** 2).mean(axis=0) for part in (forecast, peek))
        weight = np.divide(s, s + t, out=np.full(len(s), 0.5), where=s + t > 0)
        made[row] = weight * peek[row] + (1 - weight) * forecast[row]
    return made
