"""Split-conformal prediction intervals: how far off were forecasts for tasks that the model had not seen either?

Source: Papadopoulos et al. 2002; Lei et al. 2018, "Distribution-free predictive inference for regression". Pairs that
share a task are not exchangeable, so the promise holds only approximately: coverage is measured, not assumed.
"""

from collections.abc import Sequence

import numpy as np

FEWEST = 3  # pairs that a model can be fitted on


def calibration_split(pairs: Sequence[tuple[str, str]], unseen: int, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows to fit on and rows to calibrate on, of a fold's training pairs.

    Some tasks are put aside; the model is fitted on the pairs without them. It is calibrated on pairs that are to it what
    the fold's validation pairs are: with one task put aside (a third of the tasks) if `unseen` is 1, with both (half of
    them) if it is 2.

    Parameters
    ----------
    pairs : sequence of (str, str)
    unseen : 1 or 2
        As in `Fold`.
    seed : int

    Returns
    -------
    (array of int, array of int)
    """
    tasks = sorted({task for pair in pairs for task in pair})
    n_aside = len(tasks) // (3 if unseen == 1 else 2)
    aside = {tasks[i] for i in np.random.default_rng(seed).permutation(len(tasks))[:n_aside]}
    count = np.array([(a in aside) + (b in aside) for a, b in pairs])
    return np.flatnonzero(count == 0), np.flatnonzero(count == unseen)


def half_width(residuals: np.ndarray, level: float) -> np.ndarray:
    """The ⌈(n + 1)·level⌉-th smallest of n absolute residuals.

    Parameters
    ----------
    residuals : (n, M) array
    level : float
        In (0, 1).

    Returns
    -------
    (M,) array
        In units of the residuals. Infinite where n is too small for that level (below level / (1 − level)): the interval is
        unbounded.
    """
    rank = int(np.ceil((len(residuals) + 1) * level - 1e-9))
    if rank > len(residuals):
        return np.full(residuals.shape[1], np.inf)
    return np.sort(np.abs(residuals), axis=0)[rank - 1]
