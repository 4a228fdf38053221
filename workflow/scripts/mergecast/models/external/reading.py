"""Files of weights, read as plain tensors and nothing else: a pickle that wants to run something is refused, not run."""

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from ...errors import MergecastError
from ...pretenders import no_weights
from ..state import State, dtype_of, shape_of
from . import ADAPTER_CONFIG, INDEX, PICKLES, files, shards


@dataclass(frozen=True)
class File:
    """Tensors of a checkpoint by name, as they are there.

    `format`: "safetensors" or "pickle". `metadata`: strings of its header (of the first shard). `sources`: every file.
    `config`: of an adapter, its configuration.
    """

    path: Path
    format: str
    tensors: Mapping[str, torch.Tensor]
    metadata: Mapping[str, str]
    sources: tuple[str, ...] = ()
    config: str | None = None


def read(path) -> File:
    """Open a checkpoint: safetensors by memory map, pickles with `weights_only`, shards as one.

    Parameters
    ----------
    path : Path or str
        A `.safetensors`, `.pt`, `.pth`, `.bin` or `.ckpt`; an index of shards; a folder that holds one of these; a repository
        of the hub.

    Returns
    -------
    File

    Raises
    ------
    MergecastError
        If a file is missing, of another kind, damaged, empty, holds more than tensors, or holds several state dicts; if
        shards and index disagree; or as `files` does. The message names the file.
    """
    sources = files(path)
    first = Path(sources[0])
    if first.name.endswith(INDEX):
        tensors, metadata = _of_shards(first, [Path(source) for source in sources[1:]])
        kind = "pickle" if Path(sources[1]).suffix in PICKLES else "safetensors"
    else:
        tensors, metadata, kind = _opened(first)
    if not tensors:
        raise MergecastError(f"{first}: holds no tensor; save a state dict")
    config = sources[1] if Path(sources[-1]).name == ADAPTER_CONFIG else None
    return File(first, kind, tensors, metadata, tuple(sources), config)


def _opened(path: Path) -> tuple[Mapping[str, torch.Tensor], Mapping[str, str], str]:
    """Tensors, header and format of one file."""
    if path.suffix == ".safetensors":
        state = State(path)
        return state, state.metadata, "safetensors"
    if path.suffix in PICKLES:
        return _state_dict(path, _unpickled(path)), {}, "pickle"
    raise MergecastError(f"{path}: is of no known kind; give a file that ends in .safetensors or {', '.join(PICKLES)}")


class Shards(Mapping):
    """The tensors of several files as one mapping, each read when it is asked for."""

    def __init__(self, places: Mapping[str, Mapping[str, torch.Tensor]]):
        self._places = dict(sorted(places.items()))

    def __getitem__(self, name: str) -> torch.Tensor:
        return self._places[name][name]

    def __iter__(self):
        return iter(self._places)

    def __len__(self):
        return len(self._places)

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of one tensor.

        Parameters
        ----------
        name : str

        Returns
        -------
        tuple of int
        """
        return shape_of(self._places[name], name)

    def dtype(self, name: str) -> torch.dtype | str:
        """Type of one tensor, as `State.dtype`.

        Parameters
        ----------
        name : str

        Returns
        -------
        torch.dtype or str
        """
        return dtype_of(self._places[name], name)

    def part(self, name: str, start: int, stop: int) -> torch.Tensor:
        """Entries of one tensor laid flat, as `State.part`.

        Parameters
        ----------
        name : str
        start, stop : int

        Returns
        -------
        (stop − start,) tensor
        """
        return self._places[name][name].reshape(-1)[start:stop]


def _of_shards(index: Path, paths: list[Path]) -> tuple[Shards, Mapping[str, str]]:
    """The tensors of all shards, checked against their index."""
    named, places, header = shards(index), {}, {}
    owners: dict[str, Path] = {}
    for path in paths:
        if not path.is_file():
            raise MergecastError(f"{path}: no such file, but {index} names it as a shard; copy it too")
        tensors, metadata, _ = _opened(path)
        header = header or metadata
        for name in tensors:
            if name in owners:
                raise MergecastError(f"{path}: tensor {name!r} is also in {owners[name]}; save the shards again")
            owners[name], places[name] = path, tensors
    for name, file in named.items():
        if owners.get(name) != index.with_name(file):
            raise MergecastError(f"{index.with_name(file)}: lacks tensor {name!r}, which {index} says it holds; copy it again")
    return Shards(places), header


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
