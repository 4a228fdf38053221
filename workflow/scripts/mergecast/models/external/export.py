"""A state given back in the layout of a model, as a file or as a folder that loads.

Query, key and value come apart again and projections turn back, so that what was read from a layout and is written to it is
the same bit for bit.
"""

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import torch

from ...errors import MergecastError
from ...files import atomic_folder, write_json, write_text
from ..checkpoints import is_finite
from ..state import WEIGHTS, View
from ..writing import layout_of, write
from . import INDEX, naming, shards
from .checkpoint import PROJECTION
from .layouts import Place, find_clip, listed, table
from .reading import File, read

SHARD_SIZE = 5 * 10**9  # bytes of a file of weights in a folder, at most; transformers' own
# What lies beside weights and belongs to the model, as transformers and OpenCLIP call it.
COMPANION = re.compile(
    r"(generation_|preprocessor_|processor_|tokenizer_|video_preprocessor_|image_processor_|open_clip_)?config\.json"
    r"|tokenizer\.(json|model)|tekken\.json|special_tokens_map\.json|added_tokens\.json|vocab\.(json|txt)|merges\.txt"
    r"|(spiece|sentencepiece(\.bpe)?)\.model|chat_template\.(jinja|json)"
)


class Returned(View):
    """The tensors of a state under the names of `like`, in its types or all in one, and what else it holds as it is there."""

    def __init__(self, like: File, state: Mapping[str, torch.Tensor], dtype: torch.dtype | None = None):
        super().__init__(like.tensors)
        self._path, self._state, self._dtype = like.path, state, dtype
        names = naming.unwrapped(like.tensors)
        clip = any(name.startswith("visual.") for name in state)
        look_up = table(find_clip(like.path, names)) if clip else Place
        places = {name: look_up(plain) for name, plain in names.items()}
        self._places = {name: place for name, place in places.items() if place is not None and place.name in state}
        taken = {place.name for place in self._places.values()}
        if lost := [name for name in state if name not in taken and name != PROJECTION]:
            raise MergecastError(f"{like.path}: has no place for {listed(lost)}; give a model of the same architecture")

    def __getitem__(self, name: str) -> torch.Tensor:
        own = self.origin[name]
        place = self._places.get(name)
        tensor = own if place is None else place.seen(self._state[place.name])
        if tensor.shape != own.shape:
            raise MergecastError(
                f"{self._path}: tensor {name!r} has shape {tuple(own.shape)}, what is written {tuple(tensor.shape)}; "
                "give a model of the same architecture"
            )
        if own.dtype not in WEIGHTS.values():
            return own
        made = tensor.to(self._dtype or own.dtype).contiguous()
        if not is_finite(made):
            raise MergecastError(f"{self._path}: tensor {name!r} does not fit {made.dtype}; write bfloat16 or float32")
        return made

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
        return self._dtype if self._dtype is not None and own in WEIGHTS.values() else own


def export(
    output,
    state: Mapping[str, torch.Tensor],
    like,
    *,
    dtype: str | None = None,
    shard_size: int | None = None,
    header: Mapping[str, str] = {},
    card: str = "",
) -> Path:
    """Write a state in the layout of a model: a file, or a folder with that model's configuration and tokeniser.

    Parameters
    ----------
    output : Path or str
        A file where it ends in .safetensors, a folder otherwise, which must not be there.
    state : mapping from tensor name to tensor
        An image tower under OpenCLIP's names, or tensors under the names of `like`.
    like : Path or str
        A model of any layout that can be read: the rest of it, such as the text tower, is written as it is.
    dtype : {"float32", "bfloat16", "float16"}, optional
        Of all weights; those of `like` unless given.
    shard_size : int, optional
        Bytes above which weights in a folder are written as several files with an index. Unless given they are divided as
        those of `like`, or, where that is one file or no safetensors, above 5e9 bytes.
    header : mapping from str to str, optional
        Beside `format: pt`, which loaders ask for.
    card : str, optional
        The README.md of a folder.

    Returns
    -------
    Path

    Raises
    ------
    MergecastError
        If `like` cannot be read or is of another architecture, an entry does not fit the type, or the output is there or
        cannot be written.
    """
    output, found = Path(output), read(like)
    returned = Returned(found, state, None if dtype is None else getattr(torch, dtype))
    metadata = {"format": "pt", **header}
    if output.suffix == ".safetensors":
        write(output, layout_of(returned), returned.__getitem__, metadata)
        return output
    with atomic_folder(output) as folder:
        _write_weights(folder, returned, found, metadata, shard_size)
        for path in _companions(found):
            shutil.copyfile(path, folder / path.name)
        if card:
            write_text(folder / "README.md", card)
    return output


def _write_weights(folder: Path, state: Returned, like: File, metadata: Mapping[str, str], shard_size: int | None) -> None:
    """One file, or shards and the index that names them."""
    layout, stem = layout_of(state), _stem(like)
    sizes = {name: kind.itemsize * torch.Size(shape).numel() for name, (kind, shape) in layout.items()}
    files = _as_in(like) if shard_size is None else {}
    files = files or _divided(sizes, stem, SHARD_SIZE if shard_size is None else shard_size)
    for file, names in files.items():
        write(folder / file, {name: layout[name] for name in names}, state.__getitem__, metadata)
    if f"{stem}.safetensors" not in files:
        weight_map = {name: file for file, names in files.items() for name in names}
        index = {"metadata": {"total_size": sum(sizes.values())}, "weight_map": weight_map}
        write_json(folder / f"{stem}.safetensors{INDEX}", index)


def _as_in(like: File) -> dict[str, list[str]]:
    """Which tensors each shard of a model has; nothing where it is one file, or no safetensors."""
    if like.format != "safetensors" or not like.path.name.endswith(INDEX):
        return {}
    files: dict[str, list[str]] = {}
    for name, file in sorted(shards(like.path).items(), key=lambda item: item[::-1]):
        files.setdefault(file, []).append(name)
    return files


def _divided(sizes: Mapping[str, int], stem: str, shard_size: int) -> dict[str, list[str]]:
    """The tensors in the order of their names, in files of no more bytes than that, but for one larger tensor."""
    parts: list[list[str]] = [[]]
    taken = 0
    for name in sorted(sizes):
        if parts[-1] and taken + sizes[name] > shard_size:
            parts.append([])
            taken = 0
        parts[-1].append(name)
        taken += sizes[name]
    if len(parts) == 1:
        return {f"{stem}.safetensors": parts[0]}
    return {f"{stem}-{number:05}-of-{len(parts):05}.safetensors": names for number, names in enumerate(parts, 1)}


def _stem(like: File) -> str:
    """How the weights of a folder are called where the model is loaded from: OpenCLIP's name for its own."""
    return "open_clip_model" if like.path.name.startswith("open_clip") else "model"


def _companions(like: File) -> list[Path]:
    """Configuration, tokeniser and the like beside the weights; nothing else that may lie in the folder."""
    return sorted(path for path in like.path.parent.iterdir() if path.is_file() and COMPANION.fullmatch(path.name))
