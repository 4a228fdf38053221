"""Singular values and vectors of a checkpoint's task vector, once per checkpoint."""

from collections.abc import Mapping

import numpy as np
import torch
from tqdm import tqdm

from ..files import SEALS
from ..models import checkpoints
from ..models.checkpoints import digits_suffice, is_matrix, oriented, task_vector
from ._ends import ends, gram
from .types import Spectrum

K = 10  # vectors kept of each end of a spectrum


def spectra(base: Mapping, model: Mapping, *, progress: bool = True) -> dict[str, Spectrum]:
    """Spectrum of every matrix of τ = θ_t - θ0 in the visual tower, by name.

    Matrices are the 2-D tensors that act as linear maps, oriented (out, in): no embeddings, `visual.proj` transposed.
    k = min(10, rank dimension). Everything is float64.
    """
    found = {}
    for name in tqdm(sorted(base), "spectra", unit="tensor", disable=not progress):
        if name.startswith("visual.") and is_matrix(name, base[name]):
            found[name] = spectrum(oriented(name, task_vector(base, model, name, torch.float64)))
    return found


def spectrum(matrix: torch.Tensor, k: int = K) -> Spectrum:
    """Spectrum of one matrix (m, n), float64, with k = min(k, m, n) vectors of each end."""
    rows, columns = matrix.shape
    k = min(k, rows, columns)
    if not any(torch.aminmax(matrix)):
        return Spectrum(np.zeros(min(rows, columns)), *(np.zeros((n, k)) for n in (rows, columns, columns)))
    tall = matrix.numpy() if rows >= columns else matrix.T.numpy()
    values, short, long = _by_gram(tall, k) or _by_svd(tall, k)
    left, right = (long, short) if rows >= columns else (short, long)
    return Spectrum(values, *(np.ascontiguousarray(part) for part in (left[:, :k], right[:, :k], right[:, k:])))


def _by_gram(tall: np.ndarray, k: int) -> tuple | None:
    """Singular values, descending, and the first and last k vectors of the shorter and the longer side, from the Gram
    matrix: in a fraction of the time of an SVD. None where that would lose too many digits, saves nothing or fails."""
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


def save(path, found: Mapping[str, Spectrum], *, task: str, checkpoint_sha256: str, base_sha256: str) -> None:
    """Write spectra as safetensors, `{matrix}/values`, `/left`, `/right_top`, `/right_bottom`, whole or not at all.

    The header holds the hash of each tensor, since a metric reads one part of each spectrum and tests no more than that.
    """
    tensors = {f"{name}/{field}": torch.tensor(array) for name, parts in found.items() for field, array in vars(parts).items()}
    origin = {"task": task, "checkpoint_sha256": checkpoint_sha256, "base_sha256": base_sha256}
    checkpoints.save(path, tensors, origin | {"k": K, SEALS: checkpoints.tensor_hashes(tensors)})
