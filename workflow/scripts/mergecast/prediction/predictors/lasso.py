"""Lasso on all metrics, standardised: the few metrics that carry the forecast, the others exactly zero."""

from sklearn.linear_model import LassoCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

INPUTS = "metrics"


def make(*, n_strengths=30, reach=0.01, max_iter=100_000, cv):
    """Metrics to mean 0 and s.d. 1 on the training fold, then the lasso.

    The strength is chosen by `cv` inside the training fold, among `n_strengths` from the least one that leaves no
    metric down to `reach` times it; further down collinear metrics cost much time and change next to nothing. Where
    no metric helps, none is kept: the predictions are constant.
    """
    return make_pipeline(StandardScaler(), LassoCV(alphas=n_strengths, eps=reach, max_iter=max_iter, cv=cv))


def explain(model):
    """Coefficients on the standardised metrics, in units of the target, and the strength chosen."""
    return model[-1].coef_, {"strength": float(model[-1].alpha_)}
