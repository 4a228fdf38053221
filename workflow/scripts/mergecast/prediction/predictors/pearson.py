"""The published linear predictor without its penalty: weights that maximise the training correlation."""

from .._pearson import L1Pearson, explain

__all__ = ["COEFFICIENTS", "COSTLY", "INPUTS", "explain", "make"]
INPUTS = "metrics"
COEFFICIENTS = True
COSTLY = True


def make(*, max_iter=2000, seed):
    """An unfitted `L1Pearson` with λ = 0."""
    return L1Pearson(0.0, max_iter, seed)
