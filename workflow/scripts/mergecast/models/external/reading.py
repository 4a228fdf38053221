"""Files of weights, read as plain tensors and nothing else: a pickle that wants to run something is refused, not run."""

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from ...errors import MergecastError
from ...pretenders import no_weights
from ..checkpoints import State

PICKLES = (".pt", ".pth", ".bin", ".ckpt")


@dataclass(frozen=True)
class File:
    """Tensors of a file by name, as they are there. `format`: "safetensors" or "pickle"; `metadata`: strings of its header."""

    path: Path
    format: str
    tensors: Mapping[str, torch.Tensor]
    metadata: Mapping[str, str]


def read(path) -> File:
    """Open `.safetensors` by memory map, or load `.pt`, `.pth`, `.bin` or `.ckpt` with `weights_only`.

    Parameters
    ----------
    path : Path or str

    Returns
    -------
    File

    Raises
    ------
    MergecastError
        If the file is missing, of another kind, damaged, empty, holds more than tensors, or holds several state dicts. The
        message names the file.
    """
    path = Path(path)
    if path.suffix == ".safetensors":
        state = State(path)
        file = File(path, "safetensors", state, state.metadata)
    elif path.suffix in PICKLES:
        file = File(path, "pickle", _state_dict(path, _unpickled(path)), {})
    else:
        raise MergecastError(f"{path}: is of no known kind; give a file that ends in .safetensors or {', '.join(PICKLES)}")
    if not file.tensors:
        raise MergecastError(f"{path}: holds no tensor; save a state dict")
    return file


def _unpickled(path: Path) -> object:
    if not path.is_file():
        raise MergecastError(f"{path}: {no_weights(path, 'pickle') or 'no such file; check the path'}")
    try:
        with warnings.catch_warnings(action="ignore"):  # torch's advice on files of other kinds
            return torch.load(path, map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    except Exception as error:  # a damaged pickle can end in almost any error
        found = no_weights(path, "pickle") or f"cannot be read as plain tensors ({_reason(error)}); save a state dict"
        raise MergecastError(f"{path}: {found}") from error


def _reason(error: Exception) -> str:
    """What torch found, without its advice to load the file all the same."""
    text = str(error)
    if asked := re.search(r"GLOBAL (\S+)", text):
        return f"it asks to run {asked[1]}, which was not done"
    if "TorchScript" in text:
        return "it is a TorchScript program, as OpenAI's own files are; a base of kind openclip takes those by their tag"
    if text.startswith("Weights only load failed"):
        return "its pickle holds more than tensors, or is damaged"
    return text.partition("\n")[0].partition(". ")[0] or type(error).__name__


def _state_dict(path: Path, loaded: object) -> dict[str, torch.Tensor]:
    """The one mapping of names to tensors: what was loaded, or the only one among its entries (`state_dict`, `model`, …)."""
    if not _of_tensors(loaded):
        nested = {key: value for key, value in loaded.items() if _of_tensors(value)} if isinstance(loaded, Mapping) else {}
        if not nested:
            raise MergecastError(f"{path}: holds something else than named tensors; save a state dict")
        if len(nested) > 1:
            raise MergecastError(f"{path}: holds several state dicts ({', '.join(map(repr, nested))}); save the one you mean")
        (loaded,) = nested.values()
    for name, tensor in loaded.items():
        if tensor.layout is not torch.strided or tensor.is_quantized or tensor.is_meta:
            raise MergecastError(f"{path}: tensor {name!r} is sparse, quantised or without data; save plain dense weights")
    return {name: tensor.detach() for name, tensor in loaded.items()}


def _of_tensors(value: object) -> bool:
    """Whether something is a mapping from names to tensors, and holds some."""
    return (
        isinstance(value, Mapping)
        and bool(value)
        and all(isinstance(name, str) and isinstance(tensor, torch.Tensor) for name, tensor in value.items())
    )
