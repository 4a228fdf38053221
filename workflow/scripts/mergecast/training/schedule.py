"""The learning rate: a linear warm-up, then half a cosine down to zero over the remaining steps."""

import math


def learning_rate(step: int, *, peak: float, warmup_steps: int, total_steps: int) -> float:
    """Rate at `step` (from 0): peak·(step+1)/warmup at first, then peak·½(1 + cos πp), p from 0 to 1 at the end."""
    if step < warmup_steps:
        return peak * (step + 1) / warmup_steps
    progress = (step - warmup_steps) / max(1, total_steps - warmup_steps)
    return peak * 0.5 * (1 + math.cos(math.pi * progress))
