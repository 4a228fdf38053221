"""Many small networks with one hidden layer, trained side by side on the same rows: full-batch Adam on squared errors.

Weights of G networks F → H → M: `weight` (G, H, F), `bias` (G, H, 1), `out_weight` (G, M, H), `out_bias` (G, M, 1).
Rows are X (n, F), targets (G, M, n). In NumPy, because a thousand networks this small are a few products a step but
would be a thousand modules; float64.
"""

import numpy as np

from . import _adam

SLOPE = 0.01  # of the leaky ReLU below 0
TOGETHER = 32  # networks in one product, so that they stay in the processor's cache


def train(X, targets, *, hidden, dropout, rate, weight_decay, epochs, seed):
    """The weights after `epochs` steps of Adam (rate, L2 `weight_decay` on every weight and bias), one step an epoch.

    Every network starts from the same Kaiming-normal weights and zero biases and drops the same hidden units in the
    same rows, a new draw an epoch, all by `seed`: a network does not depend on those trained beside it.
    """
    random = np.random.default_rng(seed)
    first = start(random, X.shape[1], hidden, targets.shape[1])
    draws = np.random.default_rng(random.integers(2**63))
    masks = [mask(draws, dropout, hidden, len(X)) for _ in range(epochs)]
    rows, trained = np.ascontiguousarray(X.T), []
    for low in range(0, len(targets), TOGETHER):
        part = targets[low : low + TOGETHER]
        weights = {name: np.tile(value, (len(part), 1, 1)) for name, value in first.items()}
        state = {name: (np.zeros_like(value), np.zeros_like(value)) for name, value in weights.items()}
        for epoch, kept in enumerate(masks, 1):
            for name, gradient in gradients(weights, rows, part, kept).items():
                gradient += weight_decay * weights[name]
                _adam.move(weights[name], gradient, *state[name], epoch, rate)
        trained.append(weights)
    return {name: np.concatenate([weights[name] for weights in trained]) for name in first}


def start(random, features, hidden, outputs):
    """Kaiming-normal weights (variance 2 / inputs) and zero biases of one network."""
    return {
        "weight": random.standard_normal((1, hidden, features)) * np.sqrt(2 / features),
        "bias": np.zeros((1, hidden, 1)),
        "out_weight": random.standard_normal((1, outputs, hidden)) * np.sqrt(2 / hidden),
        "out_bias": np.zeros((1, outputs, 1)),
    }


def mask(random, dropout, hidden, rows):
    """What a hidden unit is multiplied by in a row (H, n): 0 with probability `dropout`, else 1 / (1 − dropout)."""
    return (random.random((hidden, rows)) >= dropout) / (1 - dropout)


def gradients(weights, rows, targets, kept):
    """Gradient of the mean squared error, over rows and outputs, of every network; rows (F, n), kept (H, n)."""
    groups, hidden, features = weights["weight"].shape
    linear = (weights["weight"].reshape(-1, features) @ rows).reshape(groups, hidden, -1) + weights["bias"]
    slope = np.where(linear > 0, kept, SLOPE * kept)
    linear *= slope
    error = weights["out_weight"] @ linear
    error += weights["out_bias"]
    error -= targets
    error *= 2 / (targets.shape[1] * targets.shape[2])
    back = weights["out_weight"].transpose(0, 2, 1) @ error
    back *= slope
    return {
        "weight": (back.reshape(groups * hidden, -1) @ rows.T).reshape(groups, hidden, features),
        "bias": back.sum(axis=2, keepdims=True),
        "out_weight": error @ linear.transpose(0, 2, 1),
        "out_bias": error.sum(axis=2, keepdims=True),
    }


def predict(weights, X):
    """Outputs (G, M, m) of every network at m rows X (m, F), nothing dropped."""
    linear = weights["weight"] @ X.T + weights["bias"]
    return weights["out_weight"] @ np.where(linear > 0, linear, SLOPE * linear) + weights["out_bias"]
