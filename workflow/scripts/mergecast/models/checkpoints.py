"""Checkpoints of a visual tower: opened by memory map, checked against their base, hashed, written whole.

A *state* is a mapping from tensor name (OpenCLIP's `visual.*`) to tensor. `State` reads each tensor from a
safetensors file when it is asked for, so that N checkpoints can be streamed with one tensor of each in memory.
"""

import json
import math
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from ..errors import MergecastError
from ..files import SEAL, atomic, check_seal, digest
from ..pretenders import no_weights

EMBEDDINGS = ("positional_embedding", "class_embedding", "token_embedding.weight")
TRUSTED = 1e-10  # least ratio of squared singular values, smallest to largest; see `digits_suffice`


class State(Mapping):
    """A safetensors file as a mapping from name to tensor, each read from the file when asked for.

    Attributes: `path`, `metadata` (strings of the file's header but for that hash, {} if it has none).
    Raises MergecastError when the file is missing, truncated or no safetensors file (saying what it is instead, if that is
    seen), or when its tensors do not have the hash that its header states (`save` puts it there).
    """

    def __init__(self, path):
        self.path = Path(path)
        if not self.path.is_file():
            raise MergecastError(f"{path}: {no_weights(path, 'safetensors') or 'no such file; check the path'}")
        try:
            self._file = safe_open(self.path, framework="pt")
            self.metadata = dict(self._file.metadata() or {})
            self._names = tuple(sorted(self._file.keys()))
        except (SafetensorError, OSError) as error:
            found = no_weights(path, "safetensors") or f"is not a whole safetensors file ({error}); copy or make it again"
            raise MergecastError(f"{path}: {found}") from error
        if stated := self.metadata.pop(SEAL, None):
            check_seal(path, stated, self.sha256)

    @cached_property
    def sha256(self) -> str:
        """`content_hash` of the file, taken once."""
        return _content_hash(self)

    def __getitem__(self, name: str) -> torch.Tensor:
        if name not in self._names:
            raise KeyError(name)
        return self._file.get_tensor(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def rows(self, name: str) -> "object":
        """A slice-able view of one tensor that reads only the rows asked for.

        Parameters
        ----------
        name : str

        Returns
        -------
        object
            A slice of safetensors, such as `view[2:5]` gives a tensor of.
        """
        return self._file.get_slice(name)

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of one tensor, without reading it.

        Parameters
        ----------
        name : str

        Returns
        -------
        tuple of int
        """
        return tuple(self._file.get_slice(name).get_shape())


def open_checkpoint(path, base: State | None = None) -> State:
    """Open a checkpoint and, if a base is given, check it against that base.

    Parameters
    ----------
    path : Path or str
    base : State or None

    Returns
    -------
    State

    Raises
    ------
    MergecastError
        If the file is missing or damaged; or, naming file and tensor: no `visual.*` tensors; keys missing or extra; another
        shape; no floating type; an entry that is not finite; made from another base (where the file says which).
    """
    state = State(path)
    check(state, path, base, state.metadata.get("base_sha256"))
    return state


def check(
    state: Mapping[str, torch.Tensor], path, base: State | None = None, recorded: str | None = None, *, clip: bool = True
) -> None:
    """Raise MergecastError, naming `path`, for the first of a state's `faults`.

    Parameters
    ----------
    state : mapping from tensor name to tensor
    path : Path or str
    base : State or None
    recorded : str or None
        Hash of the base that the state names.
    clip : bool, default True
        Whether it must be the image tower of a CLIP.

    Raises
    ------
    MergecastError
        If the state has a fault.
    """
    for fault in faults(state, base, recorded, clip=clip):
        raise MergecastError(f"{path}: {fault}")


def faults(
    state: Mapping[str, torch.Tensor], base: State | None = None, recorded: str | None = None, *, clip: bool = True
) -> Iterator[str]:
    """What is wrong with a state, by itself and against a base.

    Parameters
    ----------
    state : mapping from tensor name to tensor
    base : State or None
    recorded : str or None
        Hash of the base that the state names.
    clip : bool, default True
        Whether it must be the image tower of a CLIP.

    Yields
    ------
    str
        One line per fault.
    """
    if clip and not any(name.startswith("visual.") for name in state):
        yield "has no tensor named 'visual.*'; give an OpenCLIP visual tower"
    if base is not None:
        missing, extra = sorted(base.keys() - state.keys()), sorted(state.keys() - base.keys())
        if missing:
            yield f"lacks tensor {missing[0]!r} ({len(missing)} in all) of the base {base.path}"
        if extra:
            yield f"has tensor {extra[0]!r} ({len(extra)} in all), which the base {base.path} has not"
        if recorded and recorded != content_hash(base):
            yield f"was fine-tuned from another base than {base.path}; give its own base"
    for name in sorted(state):
        tensor = state[name]
        if base is not None and name in base and tuple(tensor.shape) != base.shape(name):
            yield (
                f"tensor {name!r} has shape {tuple(tensor.shape)}, in the base {base.path} it has {base.shape(name)}; "
                "fine-tune from that base"
            )
        elif not tensor.is_floating_point():
            yield f"tensor {name!r} has type {tensor.dtype}; weights must be floating"
        elif not is_finite(tensor):
            yield f"tensor {name!r} holds NaN or infinity; the training diverged, make it again"


def save(path, state: Mapping[str, torch.Tensor], metadata: Mapping[str, object] = {}) -> None:
    """Write a state as safetensors, whole or not at all.

    The header also holds the `content_hash` of what is written.

    Parameters
    ----------
    path : Path or str
    state : mapping from tensor name to tensor
    metadata : mapping from str to object
        Values that are no strings are written as JSON.

    Raises
    ------
    MergecastError
        If the file cannot be written.
    """
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
    header = dict(metadata) | {SEAL: content_hash(tensors)}
    with atomic(path) as temporary:
        save_file(
            tensors,
            temporary,
            {key: value if isinstance(value, str) else json.dumps(value) for key, value in sorted(header.items())},
        )


def content_hash(state: Mapping[str, torch.Tensor]) -> str:
    """SHA-256 of names, types, shapes and bytes, whatever the file's header or order of tensors.

    Parameters
    ----------
    state : mapping from tensor name to tensor

    Returns
    -------
    str
        In hexadecimal.
    """
    return state.sha256 if hasattr(state, "sha256") else _content_hash(state)


def tensor_hashes(state: Mapping[str, torch.Tensor]) -> dict[str, str]:
    """`content_hash` of each tensor by itself.

    Parameters
    ----------
    state : mapping from tensor name to tensor

    Returns
    -------
    dict from tensor name to str
    """
    return {name: _content_hash({name: state[name]}) for name in sorted(state)}


def _content_hash(state: Mapping[str, torch.Tensor]) -> str:
    tensors = ((name, state[name].detach().cpu().contiguous()) for name in sorted(state))
    return digest((name, tensor.dtype, tensor.shape, _bytes(tensor)) for name, tensor in tensors)


def _bytes(tensor: torch.Tensor):
    return tensor.view(-1).view(torch.uint8).numpy() if tensor.numel() else b""


def task_vector(base: Mapping, model: Mapping, name: str, dtype=torch.float32) -> torch.Tensor:
    """τ = θ_t − θ0 of one tensor.

    Parameters
    ----------
    base, model : mapping from tensor name to tensor
    name : str
    dtype : torch.dtype, default torch.float32
        The difference is taken in this precision, or in that of a wider base.

    Returns
    -------
    tensor
        Of type `dtype`, in the shape of the base's.
    """
    return (model[name].to(dtype) - base[name]).to(dtype)


def is_finite(tensor: torch.Tensor) -> bool:
    """Whether no entry is NaN or infinite: both ends are finite, which is found faster than entry by entry.

    Parameters
    ----------
    tensor : tensor

    Returns
    -------
    bool
    """
    return tensor.numel() == 0 or all(bool(torch.isfinite(end)) for end in torch.aminmax(tensor))


def is_embedding(name: str) -> bool:
    """Whether a tensor is an embedding: a table of vectors, not a linear map.

    Parameters
    ----------
    name : str

    Returns
    -------
    bool
    """
    return name.endswith(EMBEDDINGS)


def is_matrix(name: str, tensor: torch.Tensor) -> bool:
    """Whether a tensor acts as a linear map: two dimensions and no embedding.

    Parameters
    ----------
    name : str
    tensor : tensor

    Returns
    -------
    bool
    """
    return tensor.ndim == 2 and not is_embedding(name)


def oriented(name: str, tensor: torch.Tensor) -> torch.Tensor:
    """A matrix as (out, in).

    OpenCLIP multiplies `visual.proj` from the right, so it is stored transposed.

    Parameters
    ----------
    name : str
    tensor : tensor of two dimensions
        As OpenCLIP stores it.

    Returns
    -------
    (out, in) tensor
    """
    return tensor.T if name.endswith("visual.proj") else tensor


def digits_suffice(squares) -> bool:
    """Whether eigenvectors of a Gram matrix AᵀA may stand for singular vectors of A.

    Eigenvalues are squares of singular values: rounding, 1e-16 of the largest, must be 1e-6 of the smallest or less.

    Parameters
    ----------
    squares : array or tensor
        The eigenvalues in question, ascending up to the largest of all.

    Returns
    -------
    bool
        False where there is no eigenvalue.
    """
    return len(squares) > 0 and bool(squares[0] > TRUSTED * squares[-1])


def norm(state: Mapping[str, torch.Tensor]) -> float:
    """Euclidean norm ‖θ‖ over every entry, accumulated in float64.

    Parameters
    ----------
    state : mapping from tensor name to tensor

    Returns
    -------
    float
        At least 0.
    """
    return math.sqrt(math.fsum(float(state[name].double().square().sum()) for name in state))


def task_vector_norm(base: Mapping[str, torch.Tensor], model: Mapping[str, torch.Tensor]) -> float:
    """‖θ_t − θ0‖ over every entry, differences and sum in float64.

    Parameters
    ----------
    base, model : mapping from tensor name to tensor

    Returns
    -------
    float
        At least 0.
    """
    vectors = (task_vector(base, model, name, torch.float64) for name in base)
    return math.sqrt(math.fsum(float(vector.square().sum()) for vector in vectors))
