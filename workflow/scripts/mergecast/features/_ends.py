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
    one, by inverse iteration, orthogonal also where eigenvalues meet; only the 2k asked for are turned back (Golub and Van
    Loan, 8.3 and 8.4). Raises LinAlgError where the iteration does not converge.
    """
    size = len(lower)
    reflections, diagonal, beside, factors, info = lapack.dsytrd(lower, lower=1, lwork=64 * size)
    _check("dsytrd", info)
    values = linalg.eigvalsh_tridiagonal(diagonal, beside, lapack_driver="sterf")
    wanted = np.concatenate([values[:k], values[size - k :]])
    vectors, info = lapack.dstein(diagonal, beside, wanted, np.ones(size, np.int32), np.full(size, size, np.int32))
    _check("dstein", info)
    turned, _, info = lapack.dormqr("L", "N", reflections[1:, :-1], factors, vectors[1:], lwork=64 * size)
    _check("dormqr", info)
    return values, np.concatenate([vectors[:1], turned])


def _check(routine: str, info: int) -> None:
    if info < 0:
        raise ValueError(f"{routine}: argument {-info} is wrong")
    if info > 0:
        raise linalg.LinAlgError(f"{routine}: {info} vectors do not converge")
