"""Both ends of the eigenvectors of symmetric matrices, among them those that are hard on inverse iteration."""

import numpy as np
import pytest

from mergecast.features._ends import ends


def wilkinson(size):
    """Tridiagonal, with pairs of eigenvalues that agree in almost every digit."""
    return np.diag(np.abs(np.arange(size) - size // 2).astype(float)) + np.eye(size, k=1) + np.eye(size, k=-1)


SYMMETRIC = {
    "random": lambda draw: (lambda a: a @ a.T)(draw.normal(size=(30, 30))),
    "the identity": lambda draw: np.eye(30),
    "a diagonal": lambda draw: np.diag(np.arange(30.0)),
    "a diagonal with each entry three times": lambda draw: np.diag(np.repeat(np.arange(10.0), 3)),
    "two blocks of the same": lambda draw: np.kron(np.eye(2), (lambda a: a @ a.T)(draw.normal(size=(15, 15)))),
    "of rank 3": lambda draw: (lambda a: a @ a.T)(draw.normal(size=(30, 3))),
    "Wilkinson's": lambda draw: wilkinson(31),
    "large and small": lambda draw: np.diag(np.logspace(-12, 6, 30)) + 1e-14,
}


@pytest.mark.parametrize("k", [1, 5, 15])
@pytest.mark.parametrize("kind", SYMMETRIC)
def test_ends_are_eigenvectors_at_right_angles_even_where_eigenvalues_meet(kind, k):
    matrix = SYMMETRIC[kind](np.random.default_rng(3))
    values, vectors = ends(np.asfortranarray(np.tril(matrix)), k)
    size = np.linalg.norm(matrix)
    assert values == pytest.approx(np.linalg.eigvalsh(matrix), abs=1e-14 * size)
    of_vectors = np.concatenate([values[:k], values[-k:]])
    assert vectors.T @ vectors == pytest.approx(np.eye(2 * k), abs=1e-12)
    assert np.abs(matrix @ vectors - vectors * of_vectors).max() <= 1e-13 * size
