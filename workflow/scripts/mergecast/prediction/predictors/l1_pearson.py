"""The published linear predictor: weights that maximise the training correlation under an L1 penalty."""

from .._pearson import L1Pearson, explain

__all__ = ["COEFFICIENTS", "INPUTS", "explain", "make"]
INPUTS = "metrics"
COEFFICIENTS = True


def make(*, penalty=1.0, max_iter=2000, seed):
    """An unfitted `L1Pearson`; `penalty` is λ."""
    return L1Pearson(penalty, max_iter, seed)
