"""Elastic net on all metrics, standardised: like the lasso, but of collinear metrics it keeps several."""

from sklearn.pipeline import make_pipeline

from .. import _elastic_net
from .._standard import Standard, coefficients

INPUTS = "metrics"
COEFFICIENTS = True
COSTLY = True


def make(*, l1_ratio=0.5, n_strengths=10, reach=0.01, cv):
    """Metrics to mean 0 and s.d. 1 on the training fold, then the elastic net.

    `l1_ratio`: the share of the L1 penalty, the rest is half the squared L2 norm. The strength is chosen by `cv` inside
    the training fold, among `n_strengths` from the least one that leaves no metric down to `reach` times it.
    """
    return make_pipeline(Standard(), _elastic_net.ElasticNet(n_strengths, reach, l1_ratio, cv))


def explain(model):
    """Coefficients on the standardised metrics, in units of the target, and the strengths chosen."""
    return coefficients(model), _elastic_net.chosen(model[-1])
