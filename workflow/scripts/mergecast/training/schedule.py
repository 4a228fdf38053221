"""The learning rate: a linear warm-up, then half a cosine down to zero over the remaining steps."""

import math


def learning_rate(step: int, *, peak: float, warmup_steps: int, total_steps: int) -> float:
    """Rate at one step: peak·(step+1)/warmup_steps at first, then peak·½(1 + cos πp).

    p = (step − warmup_steps) / (total_steps − warmup_steps): from 0, and 1 at `total_steps`, one past the last step.

    Parameters
    ----------
    step : int
        From 0.
    peak : float
        Highest rate.
    warmup_steps, total_steps : int

    Returns
    -------
    float
        In [0, peak].
    """
    if step < warmup_steps:
        return peak * (step + 1) / warmup_steps
    progress = (step - warmup_steps) / max(1, total_steps - warmup_steps)
    return peak * 0.5 * (1 + math.cos(math.pi * progress))
