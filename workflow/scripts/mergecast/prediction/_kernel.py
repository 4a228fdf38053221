"""The radial kernel of standardised metrics, decomposed once for all targets."""

import numpy as np
from sklearn.metrics.pairwise import euclidean_distances

from ._linalg import eigh


def squared_distances(X, other=None):
    """Squared Euclidean distances (n, m) between rows, exactly 0 between a row and itself."""
    return euclidean_distances(X, other, squared=True)


def decompose(distances, gamma):
    """Eigenvalues (n,) and eigenvectors (n, n) of the kernel exp(−γd²) from squared distances (n, n)."""
    return eigh(np.exp(-gamma * distances))


def predict(distances, gammas, dual):
    """Σᵢ dualᵢ exp(−γdᵢ²) at m points: squared distances (m, n), γ (K,) and dual (n, K) of each column; (m, K)."""
    values = np.empty((len(distances), dual.shape[1]))
    for gamma in np.unique(gammas):
        columns = gammas == gamma
        values[:, columns] = np.exp(-gamma * distances) @ dual[:, columns]
    return values
