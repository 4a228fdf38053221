"""The mean of the two fine-tuned accuracies, nothing fitted: how good the two models were before merging."""

import numpy as np

INPUTS = "checkpoints"


class SingleTask:
    """Predicts the one column it is given, as it is, for every target.

    With target `accuracy` its absolute error is the mean loss by merging. A normalised accuracy is on another scale
    (relative to the very accuracies predicted here), so there only the correlations say something.
    """

    def fit(self, X, Y):
        self.count_ = Y.shape[1]
        return self

    def predict(self, X):
        return np.tile(X[:, :1], (1, self.count_))


def make():
    """An unfitted `SingleTask`."""
    return SingleTask()


def explain(model):
    """No coefficients; nothing is chosen."""
    return None, [{} for _ in range(model.count_)]
