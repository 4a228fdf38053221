"""Both ends of the eigenvectors of a symmetric matrix, and all its eigenvalues, for less than all eigenvectors cost."""

import numpy as np
from scipy import linalg
from scipy.linalg import blas, lapack


def gram(tall: np.ndarray) -> np.ndarray:
    """The lower triangle of AᵀA, (n, n), of a matrix A (m, n), float64; the upper one is not filled.

    A may lie in memory by rows or by columns: neither is copied.
    """
    by_rows = tall.flags.c_contiguous
    return blas.dsyrk(1.0, tall.T if by_rows else tall, trans=not by_rows, lower=1)


def ends(lower: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues (n,), ascending, of the symmetric matrix with that lower triangle, and 2k eigenvectors (n, 2k): those
    of the k smallest, then of the k largest, each ascending; 2k ≤ n.

    Householder reflections make the matrix tridiagonal, whose eigenvalues are cheap and whose eigenvectors are had one by
    one (relatively robust representations); only the 2k asked for are turned back (Golub and Van Loan, 8.3 and 8.4).
    """
    size = len(lower)
    reflections, diagonal, beside, factors, info = lapack.dsytrd(lower, lower=1, lwork=64 * size)
    if info:
        raise linalg.LinAlgError(f"dsytrd: argument {-info} is wrong")
    values = linalg.eigvalsh_tridiagonal(diagonal, beside, lapack_driver="sterf")
    found = [
        linalg.eigh_tridiagonal(diagonal, beside, select="i", select_range=span, lapack_driver="stemr")[1]
        for span in ((0, k - 1), (size - k, size - 1))
    ]
    vectors = np.asfortranarray(np.concatenate(found, axis=1))
    turned, _, info = lapack.dormqr("L", "N", reflections[1:, :-1], factors, vectors[1:], lwork=64 * size)
    if info:
        raise linalg.LinAlgError(f"dormqr: argument {-info} is wrong")
    return values, np.concatenate([vectors[:1], turned])
