"""θ0 + Δ, one tensor at a time: the frame that every merge method fills with its own Δ.

All arithmetic is done in float64 on the device the tensors are on, with the tasks in alphabetical order, so that a
merge is the same bits whatever order its models are given in. Beyond the inputs only the merged state and one tensor
of every model are in memory.
"""

from collections.abc import Callable, Mapping

import torch

from ..errors import MergecastError
from ..models.checkpoints import is_finite

Vectors = dict[str, torch.Tensor]


def task_vectors(original: torch.Tensor, models: Mapping[str, Mapping], name: str) -> Vectors:
    """τ_t = θ_t − θ0 of one tensor, `original` in the base, for every task: float64, tasks in alphabetical order.

    Raises MergecastError naming task and tensor when shapes differ or an entry is not finite.
    """
    vectors = {}
    for task in sorted(models):
        tensor = models[task][name]
        if tensor.shape != original.shape:
            raise MergecastError(
                f"task {task!r}: tensor {name!r} has shape {tuple(tensor.shape)}, in the base it has "
                f"{tuple(original.shape)}; merge models fine-tuned from that base"
            )
        vectors[task] = tensor.double() - original  # in float64
        if not is_finite(vectors[task]):
            raise MergecastError(f"task {task!r}: tensor {name!r} or its base is not finite; make the checkpoint again")
    return vectors


def streamed(base: Mapping, models: Mapping[str, Mapping], update: Callable[[str, Vectors], torch.Tensor]) -> Vectors:
    """The merged state: each tensor of the base plus `update(name, task vectors)`, in the type of the base.

    Raises MergecastError naming the tensor when a merged entry does not fit the type of the base.
    """
    merged = {}
    for name in base:
        original = base[name]
        merged[name] = (original + update(name, task_vectors(original, models, name))).to(original.dtype)  # added in float64
        if not is_finite(merged[name]):
            raise MergecastError(f"merged tensor {name!r} overflows {original.dtype}; merge with a smaller scale")
    return merged


def mean(vectors: Vectors) -> torch.Tensor:
    """Mean of the task vectors of one tensor."""
    return sum(vectors.values()) / len(vectors)
