"""Ridge regression on which tasks are in the pair, no metric: how much a pair owes to its tasks, not to their fit."""

from .. import _ridge

INPUTS = "tasks"
COEFFICIENTS = True


def make(*, strengths=(1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0), cv):
    """y ≈ β₀ + β_a + β_b with ridge strength out of `strengths`, chosen by `cv` inside the training fold.

    A held-out task is in no training pair, so its own effect is 0, and pairs with it are ranked by the effect of the
    partner. What it reaches is therefore what the marginal level of each task explains.
    The indicators are left as they are (0 or 1): they share one scale.
    """
    return _ridge.Ridge(strengths, cv)


def explain(model):
    """The effect of each task, in units of the target, and the strength chosen."""
    return model.coef_, _ridge.chosen(model)
