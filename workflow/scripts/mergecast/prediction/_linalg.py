"""Matrix decompositions that do not give up: a slower driver takes over where the fast one does not converge."""

import numpy as np
from scipy import linalg


def svd(matrix):
    """Thin U (n, r), s (r,) and Vᵀ (r, F) of a matrix (n, F), r = min(n, F)."""
    try:
        return np.linalg.svd(matrix, full_matrices=False)
    except np.linalg.LinAlgError:
        return linalg.svd(matrix, full_matrices=False, lapack_driver="gesvd")


def solve(matrix, right):
    """Solution x (…, n, k) of a positive definite matrix (…, n, n) and right sides (…, n, k); that of least length where
    rounding has made the matrix singular."""
    try:
        return np.linalg.solve(matrix, right)
    except np.linalg.LinAlgError:
        return np.linalg.pinv(matrix, hermitian=True) @ right


def eigh(matrix):
    """Eigenvalues (n,), ascending, those below 0 by rounding set to 0, and eigenvectors (n, n) of a positive
    semi-definite matrix (n, n), or of each of a stack (S, n, n)."""
    try:
        values, vectors = np.linalg.eigh(matrix)
    except np.linalg.LinAlgError:
        if matrix.ndim > 2:
            values, vectors = (np.stack(parts) for parts in zip(*map(eigh, matrix), strict=True))
        else:
            values, vectors = linalg.eigh(matrix, driver="ev")
    return np.maximum(values, 0.0), vectors
