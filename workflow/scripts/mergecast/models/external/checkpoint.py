"""A checkpoint made elsewhere, as one of ours: any layout and format that can be read, checked against the base."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from ...errors import MergecastError
from ...files import file_hash, versions
from ..checkpoints import State, check, content_hash
from ..state import View, dtype_of
from . import ADAPTER_CONFIG, lora
from .layouts import listed, to_openclip
from .reading import File, read

PROJECTION, OF_VIT = "visual.proj", "visual.class_embedding"


@dataclass(frozen=True)
class ExternalCheckpoint:
    """A visual tower under OpenCLIP's names, and where it comes from.

    `sources`: the files. `layout`: in words. `left_out`: tensors of the text tower (of an adapter its modules), which
    heads take from the base. `outside`: names of tensors that are no part of a CLIP, such as a head. `of_base`: names of
    tensors that the file lacks and the base has given. `upcast`: tensors that were float16. `header`: what the file says of
    itself.
    """

    state: Mapping[str, torch.Tensor]
    sources: tuple[str, ...]
    format: str
    layout: str
    left_out: int
    outside: tuple[str, ...]
    of_base: tuple[str, ...]
    upcast: int
    header: Mapping[str, str]

    def provenance(self, base: State | None = None) -> dict[str, object]:
        """What the header of the file that is written shall say.

        Parameters
        ----------
        base : State or None
            If it is known.

        Returns
        -------
        dict from str to object
        """
        known = {"base_sha256": content_hash(base)} if base is not None else {}
        if base is not None and "model" in base.metadata:
            known["model"] = base.metadata["model"]
        return known | {
            "sources": {Path(path).name: file_hash(path) for path in self.sources},
            "source_format": self.format,
            "source_layout": self.layout,
            "source_header": json.dumps(dict(self.header), sort_keys=True),
            "text_tensors_left_out": self.left_out,
            "other_tensors_left_out": len(self.outside),
            "tensors_of_the_base": list(self.of_base),
            "tensors_upcast_from_float16": self.upcast,
            "versions": versions(),
        }

    def notes(self, *, text: bool = True) -> list[str]:
        """What was left out, taken from the base or changed, in words.

        Parameters
        ----------
        text : bool, default True
            Whether of the text tower, too, which is always left out.

        Returns
        -------
        list of str
            One line each; empty where the file is as it was.
        """
        said = {
            f"left out: {self.left_out} tensors of the text tower": text and self.left_out,
            f"left out: {len(self.outside)} outside the CLIP, such as a head: {listed([*self.outside])}": self.outside,
            f"of the base: {listed([*self.of_base])}": self.of_base,
            f"raised: {self.upcast} tensors from float16 to float32": self.upcast,
        }
        return [line for line, there in said.items() if there]


def read_checkpoint(path, base: State | None = None) -> ExternalCheckpoint:
    """Read a checkpoint and check it: by itself and, if a base is given, against that base.

    Parameters
    ----------
    path : Path or str
    base : State or None
        An adapter needs its base.

    Returns
    -------
    ExternalCheckpoint
        In float32, bfloat16 or float64: float16 is raised to float32.

    Raises
    ------
    MergecastError
        For whatever `reading.read`, `layouts.to_openclip`, `lora.merge` and `checkpoints.check` refuse, and for a type that
        weights do not have.
    """
    checkpoint = renamed(read(path), base)
    check(checkpoint.state, path, base, checkpoint.header.get("base_sha256"))
    # A pickle's tensors may be views of one storage, or one tensor under two names, which no safetensors file can hold.
    own = {name: tensor.clone() for name, tensor in Raised(checkpoint.state).items()}
    halves = [name for name in own if dtype_of(checkpoint.state, name) is torch.float16]
    return replace(checkpoint, state=own, upcast=len(halves))


class Raised(View):
    """A state with float16 raised to float32, as a study holds its checkpoints."""

    def __getitem__(self, name: str) -> torch.Tensor:
        return self.origin[name].to(self.dtype(name))

    def dtype(self, name: str) -> torch.dtype | str:
        """Type of one tensor; see `View.dtype`.

        Parameters
        ----------
        name : str

        Returns
        -------
        torch.dtype or str
        """
        own = super().dtype(name)
        return torch.float32 if own is torch.float16 else own


def renamed(file: File, base: State | None = None) -> ExternalCheckpoint:
    """The tensors of a file that was read, and of its configuration if there is one, under our names.

    Shapes and values are not looked at, but for what an adapter is added to.

    Parameters
    ----------
    file : File
    base : State or None
        An adapter needs its base, and so does a file without the projection, which then is the base's.

    Returns
    -------
    ExternalCheckpoint
        Types as they are in the file.

    Raises
    ------
    MergecastError
        If an adapter lacks its base or its configuration, the projection is missing and there is no base, or as
        `layouts.to_openclip` and `lora.merge` do.
    """
    if file.config is None:
        refuse_adapter(file)
        mapped = to_openclip(file)
    elif base is None:
        raise MergecastError(f"{file.path}: is an adapter; give the base that it was trained on")
    else:
        mapped = lora.merge(file, base)
    state, of_base = mapped.state, ()
    if OF_VIT in state and PROJECTION not in state:
        if base is None or PROJECTION not in base:
            raise MergecastError(
                f"{file.path}: lacks the projection behind the tower ({PROJECTION!r}); give the base, whose projection it is"
            )
        state, of_base = dict(state) | {PROJECTION: base[PROJECTION]}, (PROJECTION,)
    return ExternalCheckpoint(
        state, file.sources, file.format, mapped.layout, mapped.left_out, mapped.outside, of_base, 0, dict(file.metadata)
    )


def refuse_adapter(file: File) -> None:
    """Refuse an adapter without its configuration, which is found by its tensors.

    Parameters
    ----------
    file : File

    Raises
    ------
    MergecastError
        If it is one.
    """
    if any(lora.KEY.fullmatch(name) for name in file.tensors):
        raise MergecastError(
            f"{file.path}: is an adapter; give the folder that holds it as adapter_model.safetensors, beside {ADAPTER_CONFIG}"
        )
