"""Which columns are constant, by one rule for scores, predictors and analyses."""

import numpy as np

NOISE = 1e-12  # a spread this small beside the values themselves is rounding


def constant(values: np.ndarray) -> np.ndarray:
    """Whether each column of an array varies by no more than rounding.

    Parameters
    ----------
    values : (n, …) array
        n ≥ 1.

    Returns
    -------
    (…) array of bool
    """
    return np.ptp(values, axis=0) <= NOISE * np.abs(values).max(axis=0)
