"""A checkpoint of any layout opened to be measured or merged: its tensors as they are, each read when asked for."""

from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
from pathlib import Path

import torch

from ...errors import MergecastError
from ..checkpoints import check
from ..state import State, dtype_of, hash_of, shape_of
from . import naming
from .checkpoint import renamed
from .reading import File, read


class Opened(Mapping):
    """Tensors of a checkpoint under the names that they are merged by.

    Attributes: `path`, as it was given; `metadata`, strings of the file's header; `clip`, whether these are the image tower
    of a CLIP; `layout`, in words; `notes`, what was left out or taken from the base, a line each; `embeddings`, what embeddings
    are called, or None for `checkpoints.EMBEDDINGS`.
    """

    def __init__(self, path, tensors: Mapping[str, torch.Tensor], metadata: Mapping[str, str], *, layout: str = "", notes=()):
        self.path, self.metadata, self.notes = Path(path), dict(metadata), list(notes)
        self.clip, self.layout = bool(layout), layout or "state dict of a model that is no CLIP"
        self.embeddings: Collection[str] | None = None
        self._tensors = tensors
        if hasattr(tensors, "part"):
            self.part = tensors.part

    @cached_property
    def sha256(self) -> str:
        """`content_hash` of the tensors, taken once."""
        return self._tensors.sha256 if isinstance(self._tensors, State) else hash_of(self._tensors)

    def __getitem__(self, name: str) -> torch.Tensor:
        return self._tensors[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of one tensor.

        Parameters
        ----------
        name : str

        Returns
        -------
        tuple of int
        """
        return shape_of(self._tensors, name)

    def dtype(self, name: str) -> torch.dtype | str:
        """Type of one tensor, as `State.dtype`.

        Parameters
        ----------
        name : str

        Returns
        -------
        torch.dtype or str
        """
        return dtype_of(self._tensors, name)


def open_any(path, base: Opened | None = None, *, embeddings: Collection[str] | None = None) -> Opened:
    """Open a checkpoint of any layout and, if a base is given, check it against that base.

    A file in which no CLIP is found, or one that is outweighed by the rest, is of another kind of model: its tensors keep
    their names, without the wrappers of torch.

    Parameters
    ----------
    path : Path or str
        Whatever `reading.read` reads.
    base : Opened or None
        An adapter needs it.
    embeddings : collection of str, optional
        What embeddings are called, which are no matrices; `checkpoints.EMBEDDINGS` unless given.

    Returns
    -------
    Opened
        In the types of the file.

    Raises
    ------
    MergecastError
        As `reading.read`, `checkpoint.renamed` and `checkpoints.check` do.
    """
    opened = of_file(read(path), path, base)
    opened.embeddings = embeddings
    check(opened, path, base, opened.metadata.get("base_sha256"), clip=opened.clip)
    return opened


def of_file(file: File, path, base: "Opened | State | None" = None) -> Opened:
    """The same for a file that was read, unchecked.

    Parameters
    ----------
    file : File
    path : Path or str
        As it was given.
    base : Opened, State or None
        A `State` is one of ours, the image tower of a CLIP.

    Returns
    -------
    Opened

    Raises
    ------
    MergecastError
        As `checkpoint.renamed` does.
    """
    if file.config is not None or (getattr(base, "clip", True) if base is not None else _is_clip(file)):
        found = renamed(file, base)
        return Opened(path, found.state, found.header, layout=found.layout, notes=found.notes(text=False))
    return Opened(path, _plain(file), file.metadata)


def _is_clip(file: File) -> bool:
    """Whether a file is a CLIP, be there a head beside it, and not a larger model that holds one."""
    names = naming.unwrapped(file.tensors)
    found = naming.clips(names.values())
    if not found:
        return False
    shares = {True: 0, False: 0}
    for name, plain in names.items():
        shares[plain.startswith(tuple(clip.prefix for clip in found))] += _entries(file.tensors, name)
    return shares[True] >= shares[False]


def _entries(tensors: Mapping[str, torch.Tensor], name: str) -> int:
    return torch.Size(shape_of(tensors, name)).numel()


def _plain(file: File) -> Mapping[str, torch.Tensor]:
    """The tensors under their own names, without wrappers."""
    names = naming.unwrapped(file.tensors)
    if shared := naming.one(names):
        twice = next(iter(shared.values()))
        raise MergecastError(f"{file.path}: tensors {' and '.join(map(repr, twice))} are one name without wrappers; save one")
    return (
        file.tensors if all(name == plain for name, plain in names.items()) else {p: file.tensors[n] for n, p in names.items()}
    )
