"""Lasso on all metrics, standardised: the few metrics that carry the forecast, the others exactly zero."""

from sklearn.pipeline import make_pipeline

from .. import _elastic_net
from .._standard import Standard, coefficients

INPUTS = "metrics"
COEFFICIENTS = True
COSTLY = True


def make(*, n_strengths=10, reach=0.01, cv):
    """Metrics to mean 0 and s.d. 1 on the training fold, then the lasso.

    The strength is chosen by `cv` inside the training fold, among `n_strengths` from the least one that leaves no
    metric down to `reach` times it; further down collinear metrics cost much time and change next to nothing. Where
    no metric helps, none is kept: the predictions are constant.
    """
    return make_pipeline(Standard(), _elastic_net.ElasticNet(n_strengths, reach, 1.0, cv))


def explain(model):
    """Coefficients on the standardised metrics, in units of the target, and the strengths chosen."""
    return coefficients(model), _elastic_net.chosen(model[-1])
