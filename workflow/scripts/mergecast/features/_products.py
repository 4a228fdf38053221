"""Inner products of every two checkpoints, tensor by tensor, in one streamed pass.

Differences and sums are in float64: over 1e8 entries float32 is wrong by per cents. One tensor of each state is in
memory at a time, of a large one a piece. Each number is made of fixed chunks, one dot product a pair and chunk, added
exactly; so the bits of a pair's products do not depend on which other states are there, on their order, on the number of
threads, or on the size of a piece.
"""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from tqdm import tqdm

from ..errors import MergecastError
from ._types import Products, ProductTable

CHUNK = 8192  # entries: N of them fit a core's cache, and BLAS does not split so few over threads
PIECE = 128 * CHUNK  # entries of every state that are in memory at once
CANCELS = 1e-3  # |a - b|² below this part of |a|² + |b|² is summed directly


def products(states: Mapping[str, Mapping], base: Mapping | None = None, *, progress: bool = True) -> ProductTable:
    """Inner products and squared distances of every two states, by tensor.

    states: task name -> state (tensor name -> tensor, read when asked for). With a base, the vectors are task vectors,
    θ_t - θ0, of the base's weights; without one, the states' own tensors (gradients, say).
    Costs N (N + 1) / 2 multiplications an entry. Raises MergecastError naming task and tensor if a state lacks one, has
    it in another size, or holds NaN or infinity.
    """
    from ..models.checkpoints import weights

    tensors = tuple(sorted(next(iter(states.values()))) if base is None else weights(base))
    for task, state in states.items():
        if lacking := sorted(set(tensors) - set(state)):
            raise MergecastError(f"task {task!r}: has no tensor {lacking[0]!r}, which the others have; make it again")
    shape = (len(tensors), len(states), len(states))
    table = ProductTable(tuple(states), tensors, np.empty(shape), np.empty(shape))
    for index, name in enumerate(tqdm(tensors, "inner products", unit="tensor", disable=not progress)):
        read = _reading(states, base, name)
        table.products[index] = _symmetric(read, range(len(states)), _dot)
        table.distances[index] = _distances(read, table.products[index])
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


def _reading(states: Mapping[str, Mapping], base: Mapping | None, name: str) -> Callable:
    """One tensor as what yields, for the states in some places, their vectors and the base's if there is one, by pieces.

    Up to `PIECE` entries it is read once and kept; a larger one is read again at every call.
    """
    from ..models.state import parts, shape_of

    first = 0 if base is None else 1  # place of the first state; the base comes before it
    owners = [*["the base"][:first], *(f"task {task!r}" for task in states)]
    sources = [*[base][:first], *states.values()]

    def flat(places, tensors):
        return [_flat(owners[place], name, tensor) for place, tensor in zip(places, tensors, strict=True)]

    def read(chosen):
        places = [*range(first), *(first + place for place in chosen)]
        for piece in parts([sources[place] for place in places], name, PIECE):
            vectors = flat(places, piece)
            yield vectors[first:], *vectors[:first]

    if math.prod(shape_of(sources[0], name)) > PIECE:
        _check_sizes(owners, name, [math.prod(shape_of(source, name)) for source in sources])
        return read
    kept = flat(range(len(sources)), [source[name] for source in sources])
    _check_sizes(owners, name, [vector.size for vector in kept])
    return lambda chosen: [([kept[first + place] for place in chosen], *kept[:first])]


def _check_sizes(owners: list[str], name: str, sizes: list[int]) -> None:
    for owner, size in zip(owners, sizes, strict=True):
        if size != sizes[0]:
            raise MergecastError(f"{owner}: tensor {name!r} has another size than elsewhere; make it again")


def _flat(owner: str, name: str, tensor) -> np.ndarray:
    """One tensor as a vector, float64 or, if it is no wider, float32 (half the memory, the same numbers)."""
    import torch

    wide = tensor.dtype == torch.float64
    vector = tensor.detach().cpu().reshape(-1).to(torch.float64 if wide else torch.float32).numpy()
    if not np.isfinite(vector).all():
        raise MergecastError(f"{owner}: tensor {name!r} holds NaN or infinity; make it again")
    return vector


def _symmetric(read: Callable, places: Sequence[int], function) -> np.ndarray:
    """A function of two float64 chunks, added over the chunks, for every two vectors less the origin: (N, N)."""
    count = len(places)
    parts = {(i, j): [] for j in range(count) for i in range(j + 1)}
    for vectors, *origin in read(places):
        for start in range(0, vectors[0].size, CHUNK):
            part = slice(start, start + CHUNK)
            zero = origin[0][part] if origin else 0.0
            chunks = [np.subtract(vector[part], zero, dtype=np.float64) for vector in vectors]
            for (i, j), values in parts.items():
                values.append(function(chunks[i], chunks[j]))
    result = np.empty((count, count))
    for (i, j), values in parts.items():
        result[i, j] = result[j, i] = math.fsum(values)
    return result


def _distances(read: Callable, products: np.ndarray) -> np.ndarray:
    """|a - b|² for every two vectors, (N, N): aa + bb - 2ab, or directly where that would lose more than 3 digits."""
    squares = products.diagonal()
    sums = squares[:, None] + squares[None, :]
    distances = sums - 2 * products
    for i, j in np.argwhere(np.triu(distances < CANCELS * sums, 1)):
        distances[i, j] = distances[j, i] = _symmetric(_without_origin(read), (i, j), _gap)[0, 1]
    np.fill_diagonal(distances, 0.0)
    return distances


def _without_origin(read: Callable) -> Callable:
    return lambda places: ((vectors,) for vectors, *_ in read(places))


def _dot(x: np.ndarray, y: np.ndarray) -> float:
    return float(np.dot(x, y))


def _gap(x: np.ndarray, y: np.ndarray) -> float:
    """|x - y|²; the origin of task vectors drops out of it."""
    difference = x - y
    return float(np.dot(difference, difference))
