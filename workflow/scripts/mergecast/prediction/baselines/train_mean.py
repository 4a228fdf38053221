"""The mean of the training pairs, the same for every pair of a fold: what is known without looking at a pair."""

import numpy as np

INPUTS = "tasks"


class TrainMean:
    """Predicts the mean of `y` seen in `fit`.

    Its correlation inside a fold is undefined. Pooled over folds it is negative by construction: the fold that holds
    out a poor task has the higher training mean. Its absolute error is the one to beat.
    """

    def fit(self, X, y):
        self.mean_ = float(np.mean(y))
        return self

    def predict(self, X):
        return np.full(len(X), self.mean_)


def make():
    """An unfitted `TrainMean`."""
    return TrainMean()


def explain(model):
    """No coefficients; nothing is chosen."""
    return None, {}
