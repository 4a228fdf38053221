"""Inner products of every two checkpoints, tensor by tensor, in one streamed pass.

Differences and sums are in float64: over 1e8 entries float32 is wrong by per cents. One tensor of each state is in
memory at a time. Each number is made of fixed chunks, one dot product a pair and chunk, added exactly; so the bits of a
pair's products do not depend on which other states are there, on their order, or on the number of threads.
"""

import math
from collections.abc import Mapping

import numpy as np
from tqdm import tqdm

from ..errors import MergecastError
from ._types import Products, ProductTable

CHUNK = 8192  # entries: N of them fit a core's cache, and BLAS does not split so few over threads
CANCELS = 1e-3  # |a - b|² below this part of |a|² + |b|² is summed directly


def products(states: Mapping[str, Mapping], base: Mapping | None = None, *, progress: bool = True) -> ProductTable:
    """Inner products and squared distances of every two states, by tensor.

    states: task name -> state (tensor name -> tensor, read when asked for). With a base, the vectors are task vectors,
    θ_t - θ0, of the visual tower; without one, the states' own tensors (gradients, say).
    Costs N (N + 1) / 2 multiplications an entry. Raises MergecastError naming task and tensor if a state lacks one, has
    it in another size, or holds NaN or infinity.
    """
    reference = next(iter(states.values())) if base is None else base
    tensors = tuple(name for name in sorted(reference) if base is None or name.startswith("visual."))
    for task, state in states.items():
        if lacking := sorted(set(tensors) - set(state)):
            raise MergecastError(f"task {task!r}: has no tensor {lacking[0]!r}, which the others have; make it again")
    shape = (len(tensors), len(states), len(states))
    table = ProductTable(tuple(states), tensors, np.empty(shape), np.empty(shape))
    for index, name in enumerate(tqdm(tensors, "inner products", unit="tensor", disable=not progress)):
        origin = None if base is None else _flat("the base", name, base[name])
        vectors = [_flat(f"task {task!r}", name, state[name]) for task, state in states.items()]
        for task, vector in zip(states, vectors, strict=True):
            if vector.size != (vectors[0] if origin is None else origin).size:
                raise MergecastError(f"task {task!r}: tensor {name!r} has another size than elsewhere; make it again")
        table.products[index] = _symmetric(vectors, origin, _dot)
        table.distances[index] = _distances(vectors, table.products[index])
    return table


def arrays(table: ProductTable) -> dict[str, np.ndarray]:
    """The arrays of a file of products."""
    return {"tensors": np.array(table.tensors), "products": table.products, "distances": table.distances}


def read(file: Mapping[str, np.ndarray]) -> ProductTable:
    """The table in such a file."""
    tasks, tensors = (tuple(map(str, file[key])) for key in ("tasks", "tensors"))
    return ProductTable(tasks, tensors, file["products"], file["distances"])


def pair(a: str, b: str, table: ProductTable) -> Products:
    """The products of two tasks."""
    return table.pair(a, b)


def _flat(owner: str, name: str, tensor) -> np.ndarray:
    """One tensor as a vector, float64 or, if it is no wider, float32 (half the memory, the same numbers)."""
    import torch

    wide = tensor.dtype == torch.float64
    vector = tensor.detach().cpu().reshape(-1).to(torch.float64 if wide else torch.float32).numpy()
    if not np.isfinite(vector).all():
        raise MergecastError(f"{owner}: tensor {name!r} holds NaN or infinity; make it again")
    return vector


def _symmetric(vectors: list[np.ndarray], origin: np.ndarray | None, function) -> np.ndarray:
    """A function of two float64 chunks, added over the chunks, for every two vectors less the origin: (N, N)."""
    count = len(vectors)
    parts = {(i, j): [] for j in range(count) for i in range(j + 1)}
    for start in range(0, vectors[0].size, CHUNK):
        part = slice(start, start + CHUNK)
        zero = 0.0 if origin is None else origin[part]
        chunks = [np.subtract(vector[part], zero, dtype=np.float64) for vector in vectors]
        for (i, j), values in parts.items():
            values.append(function(chunks[i], chunks[j]))
    result = np.empty((count, count))
    for (i, j), values in parts.items():
        result[i, j] = result[j, i] = math.fsum(values)
    return result


def _distances(vectors: list[np.ndarray], products: np.ndarray) -> np.ndarray:
    """|a - b|² for every two vectors, (N, N): aa + bb - 2ab, or directly where that would lose more than 3 digits."""
    squares = products.diagonal()
    sums = squares[:, None] + squares[None, :]
    distances = sums - 2 * products
    for i, j in np.argwhere(np.triu(distances < CANCELS * sums, 1)):
        distances[i, j] = distances[j, i] = _symmetric([vectors[i], vectors[j]], None, _gap)[0, 1]
    np.fill_diagonal(distances, 0.0)
    return distances


def _dot(x: np.ndarray, y: np.ndarray) -> float:
    return float(np.dot(x, y))


def _gap(x: np.ndarray, y: np.ndarray) -> float:
    """|x - y|²; the origin of task vectors drops out of it."""
    difference = x - y
    return float(np.dot(difference, difference))
