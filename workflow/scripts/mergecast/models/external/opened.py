"""A checkpoint of any layout opened to be measured or merged: its tensors as they are, each read when asked for."""

from collections.abc import Collection, Mapping
from functools import cached_property
from pathlib import Path

import torch

from ...errors import MergecastError
from ..checkpoints import check
from ..state import State, View, hash_of, shape_of
from . import lora, naming
from .checkpoint import refuse_adapter, renamed
from .layouts import listed, of_tower, table
from .reading import File, read


class Opened(View):
    """Tensors of a checkpoint under the names that they are merged by.

    Attributes: `path`, as it was given; `metadata`, strings of the file's header; `clip`, whether these are the image tower
    of a CLIP; `layout`, in words; `notes`, what was left out or taken from the base, a line each; `embeddings`, what embeddings
    are called, or None for `checkpoints.EMBEDDINGS`.
    """

    def __init__(
        self, path, tensors: Mapping[str, torch.Tensor], metadata: Mapping[str, str], *, clip: bool, layout: str, notes=()
    ):
        self.path, self.metadata, self.notes = Path(path), dict(metadata), list(notes)
        self.clip, self.layout = clip, layout
        self.embeddings: Collection[str] | None = None
        super().__init__(tensors)
        if hasattr(tensors, "part"):
            self.part = tensors.part

    @cached_property
    def sha256(self) -> str:
        """`content_hash` of the tensors, taken once."""
        return self.origin.sha256 if isinstance(self.origin, State) else hash_of(self.origin)

    def __getitem__(self, name: str) -> torch.Tensor:
        return self.origin[name]


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


def of_file(file: File, path, base: Opened | State | None = None) -> Opened:
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
    if getattr(base, "clip", True) if base is not None else file.config is not None or _is_clip(file):
        found = renamed(file, base)
        return Opened(path, found.state, found.header, clip=True, layout=found.layout, notes=found.notes(text=False))
    if file.config is not None:
        merged = lora.merge(file, base)
        notes = [f"left out: {listed([*merged.outside])}, which the base has not"] if merged.outside else []
        return Opened(path, merged.state, file.metadata, clip=False, layout=merged.layout, notes=notes)
    refuse_adapter(file)
    return Opened(path, _plain(file), file.metadata, clip=False, layout="state dict of a model that is no CLIP")


def _is_clip(file: File) -> bool:
    """Whether a file is a CLIP, be there a head beside it, and not a larger model that holds one."""
    names = naming.unwrapped(file.tensors)
    found = naming.clips(names.values())
    if not found:
        return False
    entries = {True: 0, False: 0}
    for name, plain in names.items():
        inside = any(table(clip)(plain) is not None or of_tower(clip, plain) for clip in found)
        entries[inside] += torch.Size(shape_of(file.tensors, name)).numel()
    return entries[True] >= entries[False]


def _plain(file: File) -> Mapping[str, torch.Tensor]:
    """The tensors under their own names, without wrappers."""
    names = naming.unwrapped(file.tensors)
    if shared := naming.one(names):
        twice = next(iter(shared.values()))
        raise MergecastError(f"{file.path}: tensors {' and '.join(map(repr, twice))} are one name without wrappers; save one")
    if all(name == plain for name, plain in names.items()):
        return file.tensors
    return {plain: file.tensors[name] for name, plain in names.items()}
