"""Singular values and leading and trailing singular vectors of a checkpoint's task vector, matrix by matrix."""

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from ._types import Spectrum

if TYPE_CHECKING:
    import torch

SCOPE = "checkpoint"
FILE = "spectra/{task}.safetensors"
RESOURCES = {"device": "cpu", "minutes": 60, "memory": 2000, "copies": 4}
SEAL_EACH = True

PARTS = tuple(field.name for field in fields(Spectrum))
K = 10  # vectors kept of each end of a spectrum


def compute(checkpoint) -> dict:
    """`{matrix}/values`, `/left`, `/right_top`, `/right_bottom` of the `spectra`.

    Parameters
    ----------
    checkpoint : Checkpoint

    Returns
    -------
    mapping from name to array
    """
    return arrays(spectra(checkpoint.base, checkpoint.model, progress=checkpoint.progress))


def arrays(by_matrix: Mapping[str, Spectrum]) -> dict[str, np.ndarray]:
    """The arrays of a file of spectra.

    Parameters
    ----------
    by_matrix : mapping from matrix to Spectrum

    Returns
    -------
    mapping from name to array
    """
    return {f"{name}/{part}": array for name, parts in by_matrix.items() for part, array in vars(parts).items()}


def read(file: Mapping[str, np.ndarray]) -> dict[str, Spectrum]:
    """The spectrum of every matrix by name; no array is read before it is asked for.

    Parameters
    ----------
    file : mapping from name to array

    Returns
    -------
    mapping from matrix to Spectrum

    Raises
    ------
    MergecastError
        If a feature file lacks a part of a spectrum (of any other mapping, what it raises itself).
    """
    names = sorted({name.removesuffix("/values") for name in file if name.endswith("/values")})
    for lacking in sorted({f"{name}/{part}" for name in names for part in PARTS} - set(file)):
        file[lacking]  # which says that it is not there
    return {name: StoredSpectrum(file, name) for name in names}


def pair(a: str, b: str, first: dict[str, Spectrum], second: dict[str, Spectrum]) -> dict[str, tuple[Spectrum, Spectrum]]:
    """The two spectra of every matrix by name.

    Parameters
    ----------
    a, b : str
    first, second : mapping from matrix to Spectrum
        What is seen of either checkpoint.

    Returns
    -------
    mapping from matrix to (Spectrum, Spectrum)

    Raises
    ------
    ValueError
        If one checkpoint lacks a matrix of the other.
    """
    for name in sorted(first.keys() ^ second.keys()):
        raise ValueError(f"only one has a spectrum of {name!r}")
    return {name: (first[name], second[name]) for name in first}


def spectra(base: Mapping, model: Mapping, *, progress: bool = True) -> dict[str, Spectrum]:
    """Spectrum of every matrix of τ = θ_t - θ0, by name.

    Matrices are the 2-D tensors that act as linear maps, oriented (out, in): no embeddings (`checkpoints.matrices`), what is
    multiplied from the right, such as `visual.proj`, transposed (`checkpoints.oriented`).

    Parameters
    ----------
    base, model : mapping from tensor name to tensor
        θ0 and θ_t.
    progress : bool, default True
        Whether to show a bar.

    Returns
    -------
    mapping from matrix to Spectrum
        Float64, with k = min(10, m, n) vectors of each end.
    """
    import torch

    from ..models.checkpoints import matrices, oriented, task_vector

    by_matrix = {}
    for name in tqdm(matrices(base), "spectra", unit="matrix", disable=not progress):
        by_matrix[name] = spectrum(oriented(name, task_vector(base, model, name, torch.float64), base))
    return by_matrix


def spectrum(matrix: "torch.Tensor", k: int = K) -> Spectrum:
    """Spectrum of one matrix, with k = min(k, m, n) vectors of each end.

    Parameters
    ----------
    matrix : (m, n) tensor
        Float64, on the CPU.
    k : int, default 10

    Returns
    -------
    Spectrum
        Float64.
    """
    rows, columns = matrix.shape
    k = min(k, rows, columns)
    if not any(matrix.aminmax()):
        return Spectrum(np.zeros(min(rows, columns)), *(np.zeros((n, k)) for n in (rows, columns, columns)))
    tall = matrix.numpy() if rows >= columns else matrix.T.numpy()
    values, short, long = _by_gram(tall, k) or _by_svd(tall, k)
    left, right = (long, short) if rows >= columns else (short, long)
    return Spectrum(values, *(np.ascontiguousarray(part) for part in (left[:, :k], right[:, :k], right[:, k:])))


def _by_gram(tall: np.ndarray, k: int) -> tuple | None:
    """Singular values, descending, and the first and last k vectors of the shorter and the longer side, from the Gram
    matrix: in a fraction of the time of an SVD. None where that would lose too many digits, saves nothing or fails."""
    from ..models.checkpoints import digits_suffice
    from ._ends import ends, gram

    if tall.shape[1] < 2 * k:
        return None
    try:
        squares, vectors = ends(gram(tall), k)
    except np.linalg.LinAlgError:
        return None
    if not digits_suffice(squares):
        return None
    values = np.sqrt(squares[::-1])
    short = np.concatenate([vectors[:, : k - 1 : -1], vectors[:, k - 1 :: -1]], axis=1)
    long = (short.T @ tall.T).T  # the faster of the two ways to write it
    return values, short, long / np.concatenate([values[:k], values[-k:]])


def _by_svd(tall: np.ndarray, k: int) -> tuple:
    """The same by a singular value decomposition."""
    long, values, short = np.linalg.svd(tall, full_matrices=False)
    return values, *(np.concatenate([side[:, :k], side[:, len(values) - k :]], axis=1) for side in (short.T, long))


class StoredSpectrum(Spectrum):
    """A spectrum in a file, each part of which is read when it is first asked for."""

    def __init__(self, file: Mapping[str, np.ndarray], name: str):
        vars(self).update(_file=file, _name=name)

    def __getattr__(self, part: str) -> np.ndarray:
        if part not in PARTS:
            raise AttributeError(part)
        vars(self)[part] = self._file[f"{self._name}/{part}"]
        return vars(self)[part]
