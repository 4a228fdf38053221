"""Ridge regression on the zero-shot ratio alone: how good the base already was, relative to the checkpoint, on test images."""

from sklearn.pipeline import make_pipeline

from .. import _ridge
from .._standard import Standard, coefficients

INPUTS = "zero-shot"
COEFFICIENTS = True


def make(*, strengths=(0.1, 1.0, 10.0, 100.0), cv):
    """The mean of acc(θ0) / acc(θ) of both tasks, or that of the task that is kept, with ridge strength out of `strengths`.

    Inside one set of tasks it looks good where the base is good at some of them; it need not travel to other sets.
    """
    return make_pipeline(Standard(), _ridge.Ridge(strengths, cv))


def explain(model):
    """The coefficient on the standardised ratio, in units of the target, and the strength chosen."""
    return coefficients(model), _ridge.chosen(model[-1])
