"""Safetensors written tensor by tensor: the same tensors and header give the same bytes, and one tensor is in memory.

The library's own writer orders the strings of a header at random (safetensors/safetensors#584) and wants every tensor at
once. The order of tensors, the padding and the words for types are its own.
"""

import json
from collections.abc import Callable, Mapping

import torch

from ..errors import MergecastError
from ..files import SEAL, atomic, digest
from .state import TYPES, dtype_of, raw, shape_of

NAMES = {dtype: name for name, dtype in TYPES.items()}  # of torch's types, as files call them
ORDER = ("U64", "I64", "F64", "F32", "U32", "I32", "BF16", "F16", "U16", "I16", "I8", "U8", "BOOL")  # of data: aligned
ALIGNED = 8  # bytes

Layout = Mapping[str, tuple[torch.dtype, tuple[int, ...]]]


def layout_of(state: Mapping[str, torch.Tensor]) -> dict[str, tuple[torch.dtype, tuple[int, ...]]]:
    """Type and shape of every tensor of a state, none of which is read if the state knows both.

    Parameters
    ----------
    state : mapping from tensor name to tensor

    Returns
    -------
    dict from tensor name to (torch.dtype, tuple of int)
    """
    return {name: (dtype_of(state, name), shape_of(state, name)) for name in state}


def write(path, layout: Layout, tensor: Callable[[str], torch.Tensor], metadata: Mapping[str, str] = {}) -> str:
    """Write a safetensors file, whole or not at all. Its header also holds the hash of its tensors.

    Parameters
    ----------
    path : Path or str
    layout : mapping from tensor name to (torch.dtype, tuple of int)
        Type and shape of every tensor.
    tensor : callable
        Makes the tensor of that name. Called once for each name, in alphabetical order; the tensor is let go when it is
        written.
    metadata : mapping from str to str
        Written in alphabetical order.

    Returns
    -------
    str
        The hash: `checkpoints.content_hash` of the tensors.

    Raises
    ------
    MergecastError
        If a type cannot be written, the file cannot be written, and whatever `tensor` raises.
    ValueError
        If a tensor is of another type or shape than `layout` says.
    """
    for name, (dtype, _) in layout.items():
        if dtype not in NAMES:
            raise MergecastError(f"{path}: tensor {name!r} has type {dtype}, which is not written; convert it to float32")
    places = _places(layout)
    start = len(_header(places, metadata, ""))
    with atomic(path) as temporary, open(temporary, "wb") as file:

        def written():
            for name in sorted(places):
                made = tensor(name).detach().cpu().contiguous()
                if (made.dtype, tuple(made.shape)) != (layout[name][0], tuple(layout[name][1])):
                    raise ValueError(f"tensor {name!r} is {made.dtype} {tuple(made.shape)}, announced was {layout[name]}")
                file.seek(start + places[name]["data_offsets"][0])
                file.write(raw(made))
                yield name, made.dtype, made.shape, raw(made)
                del made

        sha256 = digest(written())
        file.seek(0)
        file.write(_header(places, metadata, sha256))
        file.truncate(start + max((place["data_offsets"][1] for place in places.values()), default=0))
    return sha256


def _places(layout: Layout) -> dict[str, dict]:
    """The header's entry of every tensor, in the order of the data: wide types first, which aligns them, then by name."""
    places, end = {}, 0
    for name in sorted(layout, key=lambda name: (ORDER.index(NAMES[layout[name][0]]), name)):
        dtype, shape = layout[name]
        begin, end = end, end + dtype.itemsize * torch.Size(shape).numel()
        places[name] = {"dtype": NAMES[dtype], "shape": list(shape), "data_offsets": [begin, end]}
    return places


def _header(places: Mapping[str, dict], metadata: Mapping[str, str], sha256: str) -> bytes:
    """The length of the header in 8 bytes, then the header, padded so that the data behind it are aligned."""
    told = dict(sorted((dict(metadata) | {SEAL: sha256 or "0" * 64}).items()))
    text = json.dumps({"__metadata__": told, **places}, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % ALIGNED)
    return len(text).to_bytes(8, "little") + text
