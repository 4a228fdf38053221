"""A safetensors file as a mapping from name to tensor, each mapped for as long as it is used; the types of tensors.

A *state* is any mapping from tensor name to tensor. What `State` knows of a tensor without reading it, `dtype`, `shape` and
`part`, the functions below ask of any state.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from ..errors import MergecastError
from ..files import SEAL, check_seal, digest
from ..pretenders import no_weights

# What a file calls a type, and what torch calls it. Weights are merged and measured; buffers are the base's, whatever a model
# has there. Every other type (float8 and smaller, complex) is refused.
WEIGHTS = {"F64": torch.float64, "F32": torch.float32, "BF16": torch.bfloat16, "F16": torch.float16}
BUFFERS = {
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U64": torch.uint64,
    "U32": torch.uint32,
    "U16": torch.uint16,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
TYPES = WEIGHTS | BUFFERS


class State(Mapping):
    """A safetensors file as a mapping from name to tensor, each read from the file when asked for.

    A tensor is a map of its own, so that memory holds only what is in use, however large the file.

    Attributes: `path`, `metadata` (strings of the file's header but for that hash, {} if it has none).
    Raises MergecastError when the file is missing, truncated or no safetensors file, when its tensors do not have the hash
    that its header states (`checkpoints.save` puts it there), or when it is another file by the time a tensor is read.
    """

    def __init__(self, path):
        self.path = Path(path)
        if not self.path.is_file():
            raise MergecastError(f"{path}: {no_weights(path, 'safetensors') or 'no such file; check the path'}")
        try:
            self._stamp = _stamp(self.path)
            with safe_open(self.path, framework="pt") as file:
                self.metadata = dict(file.metadata() or {})
                slices = {name: file.get_slice(name) for name in sorted(file.keys())}
                self._known = {name: (part.get_dtype(), tuple(part.get_shape())) for name, part in slices.items()}
        except (SafetensorError, OSError) as error:
            found = no_weights(path, "safetensors") or f"is not a whole safetensors file ({error}); copy or make it again"
            raise MergecastError(f"{path}: {found}") from error
        if stated := self.metadata.pop(SEAL, None):
            check_seal(path, stated, self.sha256)

    @cached_property
    def sha256(self) -> str:
        """`checkpoints.content_hash` of the file, taken once."""
        return hash_of(self)

    def __getitem__(self, name: str) -> torch.Tensor:
        if name not in self._known:
            raise KeyError(name)
        try:
            if _stamp(self.path) != self._stamp:
                raise MergecastError(f"{self.path}: was changed while it was read; run again")
            with safe_open(self.path, framework="pt") as file:
                return file.get_tensor(name)
        except (SafetensorError, OSError) as error:
            raise MergecastError(f"{self.path}: tensor {name!r} cannot be read ({error}); run again") from error

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    def dtype(self, name: str) -> torch.dtype | str:
        """Type of one tensor, without reading it.

        Parameters
        ----------
        name : str

        Returns
        -------
        torch.dtype or str
            The file's own word for a type that is neither one of weights nor of buffers, such as "F8_E4M3".
        """
        kind = self._known[name][0]
        return TYPES.get(kind, kind)

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of one tensor, without reading it.

        Parameters
        ----------
        name : str

        Returns
        -------
        tuple of int
        """
        return self._known[name][1]

    def part(self, name: str, start: int, stop: int) -> torch.Tensor:
        """Entries of one tensor, in a map of their own: no others are in memory.

        Parameters
        ----------
        name : str
        start, stop : int
            Places in the tensor laid flat, row by row.

        Returns
        -------
        (stop − start,) tensor
        """
        return self[name].view(-1)[start:stop]


class View(Mapping):
    """A state made of another, `origin`, whose names it has, and whose types and shapes unless it says otherwise.

    What it holds is made when it is asked for; types and shapes are told without that.
    """

    def __init__(self, origin: Mapping[str, torch.Tensor]):
        self.origin = origin

    def __iter__(self) -> Iterator[str]:
        return iter(self.origin)

    def __len__(self) -> int:
        return len(self.origin)

    def dtype(self, name: str) -> torch.dtype | str:
        """Type of one tensor; see `State.dtype`.

        Parameters
        ----------
        name : str

        Returns
        -------
        torch.dtype or str
        """
        return dtype_of(self.origin, name)

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of one tensor.

        Parameters
        ----------
        name : str

        Returns
        -------
        tuple of int
        """
        return shape_of(self.origin, name)


def dtype_of(state: Mapping[str, torch.Tensor], name: str) -> torch.dtype | str:
    """Type of one tensor of any state; see `State.dtype`.

    Parameters
    ----------
    state : mapping from tensor name to tensor
    name : str

    Returns
    -------
    torch.dtype or str
    """
    known = getattr(state, "dtype", None)
    return known(name) if known else state[name].dtype


def shape_of(state: Mapping[str, torch.Tensor], name: str) -> tuple[int, ...]:
    """Shape of one tensor of any state.

    Parameters
    ----------
    state : mapping from tensor name to tensor
    name : str

    Returns
    -------
    tuple of int
    """
    known = getattr(state, "shape", None)
    return tuple(known(name) if known else state[name].shape)


def is_weight(state: Mapping[str, torch.Tensor], name: str) -> bool:
    """Whether a tensor is merged and measured: of a type of weights, and not empty.

    Parameters
    ----------
    state : mapping from tensor name to tensor
    name : str

    Returns
    -------
    bool
    """
    return dtype_of(state, name) in WEIGHTS.values() and 0 not in shape_of(state, name)


def parts(states: list[Mapping[str, torch.Tensor]], name: str, size: int) -> Iterator[list[torch.Tensor]]:
    """One tensor of several states, laid flat and cut into pieces: the same piece of every state at a time.

    Parameters
    ----------
    states : list of mappings from tensor name to tensor
        In each of them the tensor has as many entries.
    name : str
    size : int
        Entries of a piece; the last has what is left.

    Yields
    ------
    list of (n,) tensors
        One of each state.
    """
    readers = [_reader(state, name) for state in states]
    count = torch.Size(shape_of(states[0], name)).numel()
    for start in range(0, count, size):
        yield [reader(start, min(start + size, count)) for reader in readers]


def hash_of(state: Mapping[str, torch.Tensor]) -> str:
    """`checkpoints.content_hash`, always computed.

    Parameters
    ----------
    state : mapping from tensor name to tensor

    Returns
    -------
    str
        In hexadecimal.
    """
    tensors = ((name, state[name].detach().cpu().contiguous()) for name in sorted(state))
    return digest((name, tensor.dtype, tensor.shape, raw(tensor)) for name, tensor in tensors)


def raw(tensor: torch.Tensor):
    """The bytes of a tensor, without a copy.

    Parameters
    ----------
    tensor : tensor
        Contiguous, on the CPU.

    Returns
    -------
    array of uint8, or bytes where it is empty
    """
    return tensor.view(-1).view(torch.uint8).numpy() if tensor.numel() else b""


def _reader(state: Mapping[str, torch.Tensor], name: str):
    """What gives entries start … stop of a tensor; one that is in memory anyway is asked for once."""
    if hasattr(state, "part"):
        return lambda start, stop: state.part(name, start, stop)
    flat = state[name].reshape(-1)
    return lambda start, stop: flat[start:stop]


def _stamp(path: Path) -> tuple[int, int, int]:
    """What changes when a file is written over."""
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns
