"""Ridge regression on all metrics, standardised: every metric keeps a weight, correlated ones share it."""

from sklearn.pipeline import make_pipeline

from .. import _ridge
from .._standard import Standard, coefficients

INPUTS = "metrics"
COEFFICIENTS = True


def make(*, strengths=(0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0, 10000.0), cv):
    """Metrics to mean 0 and s.d. 1 on the training fold, then ridge (penalty α‖β‖² beside the sum of squares).

    `strengths`: the α to choose from by `cv` inside the training fold; one alone is taken as it is.
    """
    return make_pipeline(Standard(), _ridge.Ridge(strengths, cv))


def explain(model):
    """Coefficients on the standardised metrics, in units of the target, and the strengths chosen."""
    return coefficients(model), _ridge.chosen(model[-1])
