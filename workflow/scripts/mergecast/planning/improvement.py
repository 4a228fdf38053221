"""What a merge of uncertain quality is expected to add to the best there is, and the order that this makes."""

import numpy as np
from scipy.special import ndtr

LEAST = 1e-12  # a standard deviation below it is none


def expected_improvement(mean, sd, best) -> np.ndarray:
    """E max(0, y − best) where y is normal.

    Parameters
    ----------
    mean : (n,) array
        Forecasts.
    sd : (n,) array
        Their standard deviations, 0 or more. With 0 it is max(0, mean − best).
    best : float
        The value to beat.

    Returns
    -------
    (n,) array
        0 or more, in units of `mean`.

    Examples
    --------
    >>> expected_improvement([0.5, 0.7], [0.0, 0.0], 0.6).round(3).tolist()
    [0.0, 0.1]
    """
    mean, sd = np.asarray(mean, dtype=float), np.asarray(sd, dtype=float)
    gap, spread = mean - best, sd > LEAST
    z = np.divide(gap, sd, out=np.zeros_like(gap), where=spread)
    smooth = gap * ndtr(z) + sd * np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)
    return np.where(spread, np.maximum(smooth, 0), np.maximum(gap, 0))


def greedy(mean, sd, budget: int, *, best: float | None = None, outcomes=None) -> tuple[list[int], list[float]]:
    """The merges in the order worth trying: each time the one that is expected to better the best most.

    Parameters
    ----------
    mean, sd : (n,) array
        Forecasts and their standard deviations.
    budget : int
        How many to order, at most n.
    best : float, optional
        The best that is measured. Without it the first merge is that of the highest forecast.
    outcomes : (n,) array, optional
        What each merge measures once it is made. Then the best is the measured one; without it, the expected one: each planned
        merge adds its gain.

    Returns
    -------
    (list of int, list of float)
        Places in order, and the expected gain of each; NaN for a first merge without a best to beat. Of equal gains the higher
        forecast comes first, then the earlier place.
    """
    mean, sd = np.asarray(mean, dtype=float), np.asarray(sd, dtype=float)
    left, order, gains = np.ones(len(mean), dtype=bool), [], []
    for _ in range(min(budget, len(mean))):
        gain = np.where(left, mean if best is None else expected_improvement(mean, sd, best), -np.inf)
        ties = np.flatnonzero(gain == gain.max())
        pick = int(ties[np.argmax(mean[ties])])
        gains.append(np.nan if best is None else float(gain[pick]))
        reached = mean[pick] if best is None else best + gain[pick]
        if outcomes is not None:
            reached = outcomes[pick] if best is None else max(best, outcomes[pick])
        best, left[pick] = float(reached), False
        order.append(pick)
    return order, gains
