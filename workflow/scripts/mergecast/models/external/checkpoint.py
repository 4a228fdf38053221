"""A checkpoint made elsewhere, as one of ours: any layout and format that can be read, checked against the base."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from ...errors import MergecastError
from ...files import file_hash, versions
from ..checkpoints import State, check, content_hash
from . import ADAPTER_CONFIG, files, lora
from .layouts import listed, to_openclip
from .reading import File, read

TYPES = (torch.float32, torch.bfloat16, torch.float16)


@dataclass(frozen=True)
class ExternalCheckpoint:
    """A visual tower under OpenCLIP's names, float32 or bfloat16, and where it comes from.

    `sources`: the files. `layout`: in words. `left_out`: tensors of the text tower (of an adapter its modules), which
    heads take from the base.
    `upcast`: tensors that were float16. `header`: what the file says of itself.
    """

    state: dict[str, torch.Tensor]
    sources: list[str]
    format: str
    layout: str
    left_out: int
    upcast: int
    header: dict[str, str]

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
            "source_header": json.dumps(self.header, sort_keys=True),
            "text_tensors_left_out": self.left_out,
            "tensors_upcast_from_float16": self.upcast,
            "versions": versions(),
        }


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

    Raises
    ------
    MergecastError
        For whatever `reading.read`, `layouts.to_openclip`, `lora.merge` and `checkpoints.check` refuse, and for a type other
        than float32, bfloat16 and float16.
    """
    sources = files(path)
    checkpoint = renamed(read(sources[0]), sources, base)
    check(checkpoint.state, path, base, checkpoint.header.get("base_sha256"))
    # A pickle's tensors may be views of one storage, or one tensor under two names, which no safetensors file can hold.
    return replace(checkpoint, state={name: tensor.clone() for name, tensor in checkpoint.state.items()})


def renamed(file: File, sources: list[str], base: State | None = None) -> ExternalCheckpoint:
    """The tensors of a file that was read, and of its configuration if there is one, under our names and types.

    Shapes and values are not looked at, but for what an adapter is added to.

    Parameters
    ----------
    file : File
    sources : list of str
        Paths of the file and, for an adapter, of its configuration.
    base : State or None
        An adapter needs its base.

    Returns
    -------
    ExternalCheckpoint

    Raises
    ------
    MergecastError
        If an adapter lacks its base or its configuration, a type is none of float32, bfloat16 and float16, or as
        `layouts.to_openclip` and `lora.merge` do.
    """
    if len(sources) == 1:
        _refuse_adapter(file)
        mapped = to_openclip(file)
    elif base is None:
        raise MergecastError(f"{file.path}: is an adapter; give the base that it was trained on")
    else:
        mapped = lora.merge(file, sources[1], base)
    others = [name for name, tensor in mapped.state.items() if tensor.dtype not in TYPES]
    if others:
        kind = mapped.state[others[0]].dtype
        raise MergecastError(f"{file.path}: {listed(others)} has type {kind}; save float32, bfloat16 or float16")
    halves = [name for name, tensor in mapped.state.items() if tensor.dtype is torch.float16]
    state = mapped.state | {name: mapped.state[name].float() for name in halves}
    return ExternalCheckpoint(state, sources, file.format, mapped.layout, mapped.left_out, len(halves), dict(file.metadata))


def _refuse_adapter(file: File) -> None:
    """An adapter under another name is found by its tensors."""
    if any(lora.KEY.fullmatch(name) for name in file.tensors):
        raise MergecastError(
            f"{file.path}: is an adapter; give the folder that holds it as adapter_model.safetensors, beside {ADAPTER_CONFIG}"
        )
