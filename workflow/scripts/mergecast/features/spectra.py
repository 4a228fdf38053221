"""Singular values and vectors of a checkpoint's task vector, once per checkpoint."""

from collections.abc import Mapping

import numpy as np
import torch
from safetensors.numpy import save_file
from tqdm import tqdm

from ..checkpoints import is_matrix, oriented, task_vector
from ..files import atomic
from .types import Spectrum

K = 10  # vectors kept of each end of a spectrum
# Least ratio of squared singular values, smallest to largest, down to which eigenvectors of the Gram matrix are trusted:
# there they are off by about 1e-16 / 1e-10, and by more where neighbours lie close.
TRUSTED = 1e-10


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
    if not matrix.any():
        return Spectrum(np.zeros(min(rows, columns)), *(np.zeros((n, k)) for n in (rows, columns, columns)))
    # Vectors of the shorter side and squared values, from a Gram matrix: in less than half the time of an SVD.
    tall = matrix if rows >= columns else matrix.T
    squares, short = torch.linalg.eigh(tall.T @ tall)
    if squares[0] > TRUSTED * squares[-1]:
        values, short = squares.flip(0).sqrt(), short.flip(1)
        ends = torch.cat([torch.arange(k), torch.arange(len(values) - k, len(values))])
        short = short[:, ends]
        long = tall @ short / values[ends]
    else:
        long, values, transposed = torch.linalg.svd(tall, full_matrices=False)
        short = transposed.T
    left, right = (long, short) if rows >= columns else (short, long)
    parts = (values, left[:, :k], right[:, :k], right[:, right.shape[1] - k :])
    return Spectrum(*(np.ascontiguousarray(part.numpy()) for part in parts))


def save(path, found: Mapping[str, Spectrum], *, task: str, checkpoint_sha256: str, base_sha256: str) -> None:
    """Write spectra as safetensors, `{matrix}/values`, `/left`, `/right_top`, `/right_bottom`, whole or not at all."""
    tensors = {f"{name}/{field}": array for name, parts in found.items() for field, array in vars(parts).items()}
    header = {"task": task, "checkpoint_sha256": checkpoint_sha256, "base_sha256": base_sha256, "k": str(K)}
    with atomic(path) as temporary:
        save_file(tensors, temporary, header)
