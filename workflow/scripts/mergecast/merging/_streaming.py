"""θ0 + Δ, one tensor at a time, when it is asked for: the frame that every merge method fills with its own Δ.

All arithmetic is done in float64 on the device the tensors are on, with the tasks in alphabetical order, so that a
merge is the same bits whatever order its models are given in. Beyond the inputs only one tensor of every model is in
memory, and of a large one, where the method allows it, only a piece as float64.
"""

from collections.abc import Callable, Iterator, Mapping

import torch

from ..errors import MergecastError
from ..models.checkpoints import is_finite
from ..models.state import View, is_weight, parts, shape_of

Vectors = dict[str, torch.Tensor]
Update = Callable[[str, Vectors], torch.Tensor]
Read = Callable[[], Iterator[Vectors]]
PIECE = 1 << 20  # entries


class Merged(View):
    """A merged state whose tensors are computed when asked for, each time anew; names, types and shapes are the base's."""

    def __init__(self, base: Mapping, compute: Callable[[str], torch.Tensor]):
        super().__init__(base)
        self._compute = compute

    def __getitem__(self, name: str) -> torch.Tensor:
        if name not in self.origin:
            raise KeyError(name)
        return self._compute(name)


def task_vectors(original: torch.Tensor, models: Mapping[str, Mapping], name: str) -> Vectors:
    """τ_t = θ_t − θ0 of one tensor, `original` in the base, for every task: float64, tasks in alphabetical order.

    Raises MergecastError naming task and tensor when shapes differ or an entry is not finite.
    """
    vectors = {}
    for task in sorted(models):
        tensor = models[task][name]
        _check_shape(tuple(tensor.shape), tuple(original.shape), task, name)
        vectors[task] = _task_vector(original, tensor, task, name)
    return vectors


def pieces(base: Mapping, models: Mapping[str, Mapping], name: str) -> Iterator[Vectors]:
    """The `task_vectors` of one tensor, laid flat, `PIECE` entries at a time."""
    tasks = sorted(models)
    for task in tasks:
        _check_shape(shape_of(models[task], name), shape_of(base, name), task, name)
    for original, *tensors in parts([base, *(models[task] for task in tasks)], name, PIECE):
        yield {task: _task_vector(original, tensor, task, name) for task, tensor in zip(tasks, tensors, strict=True)}


def streamed(
    base: Mapping,
    models: Mapping[str, Mapping],
    update: Update,
    *,
    by_pieces: Callable[[str, Read], Iterator[torch.Tensor] | None] = lambda name, read: None,
) -> Merged:
    """The merged state: each tensor of the base plus `update(name, task vectors)`, in the type of the base.

    `by_pieces(name, read)` may give the Δ of a tensor of more than `PIECE` entries piece by piece, from those that `read()`
    yields, as often as it is called; None where the whole tensor is needed. Buffers and empty tensors are the base's.
    Raises MergecastError naming the tensor when a merged entry does not fit the type of the base.
    """

    def compute(name: str) -> torch.Tensor:
        if not is_weight(base, name):
            return base[name].clone()
        shape = shape_of(base, name)
        deltas = by_pieces(name, lambda: pieces(base, models, name)) if torch.Size(shape).numel() > PIECE else None
        if deltas is None:
            original = base[name]
            return _added(name, original, update(name, task_vectors(original, models, name)))
        originals = (original for (original,) in parts([base], name, PIECE))
        added = None
        for place, (original, delta) in enumerate(zip(originals, deltas, strict=True)):
            if added is None:
                added = original.new_empty(torch.Size(shape).numel())
            added[place * PIECE : place * PIECE + len(original)] = _added(name, original, delta)
        return added.view(shape)

    return Merged(base, compute)


def elementwise(update: Update) -> Callable[[str, Read], Iterator[torch.Tensor]]:
    """`by_pieces` of an update in which no entry depends on another."""
    return lambda name, read: (update(name, vectors) for vectors in read())


def mean(vectors: Vectors) -> torch.Tensor:
    """Mean of the task vectors of one tensor."""
    return sum(vectors.values()) / len(vectors)


def _check_shape(shape: tuple[int, ...], expected: tuple[int, ...], task: str, name: str) -> None:
    if shape != expected:
        raise MergecastError(
            f"task {task!r}: tensor {name!r} has shape {shape}, in the base it has {expected}; "
            "merge models fine-tuned from that base"
        )


def _task_vector(original: torch.Tensor, tensor: torch.Tensor, task: str, name: str) -> torch.Tensor:
    vector = tensor.double() - original  # in float64
    if not is_finite(vector):
        raise MergecastError(f"task {task!r}: tensor {name!r} or its base is not finite; make the checkpoint again")
    return vector


def _added(name: str, original: torch.Tensor, delta: torch.Tensor) -> torch.Tensor:
    merged = (original + delta).to(original.dtype)  # added in float64
    if not is_finite(merged):
        raise MergecastError(f"merged tensor {name!r} overflows {original.dtype}; merge with a smaller scale")
    return merged
