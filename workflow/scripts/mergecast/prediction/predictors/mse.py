"""Least squares with intercept on all metrics, standardised: nothing holds the weights back."""

from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline

from .._standard import Standard, coefficients

INPUTS = "metrics"
COEFFICIENTS = True


def make():
    """Metrics to mean 0 and s.d. 1 on the training fold, then scikit-learn's `LinearRegression`.

    With more metrics than pairs, or exact collinearity, the solution of least norm. The published "MSE" variant has
    no intercept and weights that sum to one, so what it is compared with there is not least squares; this is.
    """
    return make_pipeline(Standard(), LinearRegression())


def explain(model):
    """Coefficients on the standardised metrics, in units of the target; nothing is chosen."""
    return coefficients(model), [{} for _ in model[-1].coef_]
