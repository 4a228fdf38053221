"""The published joint network: one small hidden layer on all metrics, one output a merge method."""

import numpy as np
from sklearn.base import BaseEstimator

from ...errors import MergecastError
from .. import _network
from .._checks import between, whole
from ..columns import constant

INPUTS = "metrics"
COSTLY = True


class JointNetwork(BaseEstimator):
    """F → `hidden` → `outputs`, leaky ReLU and dropout between, trained on all outputs together (see `_network`).

    X and Y are min-max scaled to [−1, 1] on the rows given to `fit`; published is a scaling on all pairs, and the epoch
    that is best on the validation pairs. Here the last epoch counts. A constant metric becomes 0 in every row, a
    constant target is predicted as it is. The K columns of Y are K / `outputs` groups of consecutive columns, one network
    a group; all start from the same weights and drop the same units, by `seed`.
    Raises MergecastError unless K is a multiple of `outputs`, and for a parameter that cannot be.
    Source: `learnable_mergeability` of "Demystifying Mergeability", with its leakage removed.
    """

    def __init__(self, hidden=8, dropout=0.4, rate=1e-3, weight_decay=1e-3, epochs=300, seed=0, outputs=1):
        self.hidden = hidden
        self.dropout = dropout
        self.rate = rate
        self.weight_decay = weight_decay
        self.epochs = epochs
        self.seed = seed
        self.outputs = outputs

    def fit(self, X, Y):
        if Y.shape[1] % self.outputs:
            raise MergecastError(
                f"predictor 'mlp': {Y.shape[1]} target columns are no multiple of its {self.outputs} outputs; "
                "give every method of a group a column"
            )
        for key in ("hidden", "epochs"):
            whole(getattr(self, key), key)
        for key, high in (("dropout", 0.99), ("rate", 10), ("weight_decay", 10)):
            between(getattr(self, key), key, 0, high)
        self.metrics_, self.targets_ = _MinMax(X), _MinMax(Y)
        groups = self.targets_.scale(Y).T.reshape(-1, self.outputs, len(Y))
        self.networks_ = _network.train(
            self.metrics_.scale(X),
            groups,
            hidden=self.hidden,
            dropout=self.dropout,
            rate=self.rate,
            weight_decay=self.weight_decay,
            epochs=self.epochs,
            seed=self.seed,
        )
        return self

    def predict(self, X):
        outputs = _network.predict(self.networks_, self.metrics_.scale(X))
        return self.targets_.restore(outputs.reshape(-1, len(X)).T)


class _MinMax:
    """Columns to [−1, 1] on the rows given; a constant column to 0, and back to its value."""

    def __init__(self, values):
        low, high = values.min(axis=0), values.max(axis=0)
        self.middle, self.reach = (low + high) / 2, np.where(constant(values), 0.0, (high - low) / 2)

    def scale(self, values):
        return np.divide(values - self.middle, self.reach, out=np.zeros_like(values), where=self.reach > 0)

    def restore(self, values):
        return values * self.reach + self.middle


def make(*, hidden=8, dropout=0.4, rate=1e-3, weight_decay=1e-3, epochs=300, seed, outputs):
    """An unfitted `JointNetwork` with the published width, dropout, Adam rate, weight decay and full-batch epochs."""
    return JointNetwork(hidden, dropout, rate, weight_decay, epochs, seed, outputs)


def explain(model):
    """No coefficients; nothing is chosen."""
    return None, [{} for _ in range(len(model.networks_["out_bias"].ravel()))]
