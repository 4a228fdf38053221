"""One step of Adam (Kingma & Ba 2015) on arrays of any shape, in place."""

import numpy as np

DECAY, SQUARE_DECAY, EPSILON = 0.9, 0.999, 1e-8


def move(weights, gradient, mean, square, step, rate):
    """Move `weights` by step number `step` (from 1); `mean` and `square` keep the moments, `gradient` is used up."""
    mean *= DECAY
    mean += (1 - DECAY) * gradient
    square *= SQUARE_DECAY
    gradient *= gradient
    gradient *= 1 - SQUARE_DECAY
    square += gradient
    np.divide(square, 1 - SQUARE_DECAY**step, out=gradient)
    np.sqrt(gradient, out=gradient)
    gradient += EPSILON
    np.divide(mean, gradient, out=gradient)
    gradient *= rate / (1 - DECAY**step)
    weights -= gradient
