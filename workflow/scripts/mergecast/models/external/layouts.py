"""Where the tensors of other layouts go among OpenCLIP's: two tables of names, and what puts tensors there.

OpenCLIP's own names may stand beside a text tower, or what is left of one. Hugging Face's `CLIPModel` keeps query, key
and value apart, where OpenCLIP stacks their rows in one `attn.in_proj`, and its projections are transposed. Where a CLIP
lies among the names of a file, `naming` finds.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

from ...errors import MergecastError
from ..state import dtype_of, shape_of
from . import naming
from .reading import File

TEXT = re.compile(
    r"transformer\.resblocks\.\d+\..+|text\..+|token_embedding\.weight|positional_embedding|ln_final\.(weight|bias)"
    r"|text_projection|logit_scale|logit_bias"
)
# The image towers that OpenCLIP has: a ViT's, a ResNet's, and those of timm.
VISUAL = re.compile(
    r"visual\.(class_embedding|positional_embedding|proj|conv[123]\.(weight|bias)|ln_(pre|post)\.(weight|bias)|mask_token"
    r"|transformer\.resblocks\.\d+\.(ln_(1|2|1_kv|attn)\.(weight|bias)|ls_[12]\.gamma|mlp\.(c_fc|c_proj|ln)\.(weight|bias)"
    r"|attn\.(in_proj_(weight|bias)|(out_proj|ln_q|ln_k|ln_inner)\.(weight|bias)|logit_scale|head_scale))"
    r"|attn_pool(_contrastive)?\.(query|(ln_q|ln_k)\.(weight|bias)|attn\.((in_proj_|out_proj\.|[qkv]_proj_)(weight|bias)))"
    r"|bn[123]\.\w+|layer\d\.\d+\.(conv[123]|bn[123]|downsample\.(0|1|-1))\.\w+"
    r"|attnpool\.(positional_embedding|[qkvc]_proj\.(weight|bias))"
    r"|(trunk|head)\.(?!.*parametrizations\.).+)"
)
NO_WEIGHTS = {"attn_mask", "input_resolution", "context_length", "vocab_size"}  # of OpenAI's own files

TOWERS = {"vision_model": "visual.", "text_model": ""}
OUTSIDE = {
    "embeddings.class_embedding": "class_embedding",
    "embeddings.patch_embedding.weight": "conv1.weight",
    "embeddings.position_embedding.weight": "positional_embedding",
    "embeddings.token_embedding.weight": "token_embedding.weight",
}
NORMS = {"pre_layrnorm": "ln_pre", "post_layernorm": "ln_post", "final_layer_norm": "ln_final"}
PROJECTIONS = {"visual_projection.weight": "visual.proj", "text_projection.weight": "text_projection"}
IN_BLOCK = {
    "layer_norm1": "ln_1",
    "layer_norm2": "ln_2",
    "mlp.fc1": "mlp.c_fc",
    "mlp.fc2": "mlp.c_proj",
    "self_attn.out_proj": "attn.out_proj",
}
FUSED = {"self_attn.q_proj": 0, "self_attn.k_proj": 1, "self_attn.v_proj": 2}
BLOCK = re.compile(r"encoder\.layers\.(\d+)\.(.+)\.(weight|bias)")

REMEDY = "give a CLIP as OpenCLIP or Hugging Face's transformers save it, or its visual tower"


@dataclass(frozen=True)
class Place:
    """Where a tensor goes: OpenCLIP's `name` ("" for one that is no weight), as its whole or as one third of its rows.

    `part`: 0 query, 1 key, 2 value; None: the whole. `turned`: it is transposed on the way.
    """

    name: str
    part: int | None = None
    turned: bool = False

    def seen(self, tensor: torch.Tensor) -> torch.Tensor:
        """What of one of OpenCLIP's tensors stands here, as a view of it.

        Parameters
        ----------
        tensor : tensor
            The one of that name.

        Returns
        -------
        tensor
        """
        if self.part is not None:
            tensor = tensor.view(3, -1, *tensor.shape[1:])[self.part]
        return tensor.T if self.turned else tensor


@dataclass(frozen=True)
class Mapped:
    """Tensors under OpenCLIP's names, the layout they came in, and what was left out.

    `left_out`: how many tensors of the text tower. `outside`: names of tensors that are no part of a CLIP, such as a head.
    """

    state: Mapping[str, torch.Tensor]
    layout: str
    left_out: int
    outside: tuple[str, ...] = ()


def openclip(name: str) -> Place | None:
    """The place of one of OpenCLIP's tensors.

    Parameters
    ----------
    name : str

    Returns
    -------
    Place or None
        None for a name that no CLIP has.
    """
    if name in NO_WEIGHTS:
        return Place("")
    return Place(name) if VISUAL.fullmatch(name) or TEXT.fullmatch(name) else None


def huggingface(name: str) -> Place | None:
    """The place of a tensor of `transformers`' CLIPModel or CLIPVisionModelWithProjection.

    Parameters
    ----------
    name : str

    Returns
    -------
    Place or None
        None for an unknown name.
    """
    if name in PROJECTIONS:
        return Place(PROJECTIONS[name], turned=True)
    if name == "logit_scale":
        return Place(name)
    model, _, rest = name.partition(".")
    if model not in TOWERS:
        return None
    tower = TOWERS[model]
    if rest == "embeddings.position_ids":
        return Place("")
    if rest in OUTSIDE:
        return Place(tower + OUTSIDE[rest])
    norm, _, kind = rest.rpartition(".")
    if norm in NORMS and kind in ("weight", "bias"):
        return Place(f"{tower}{NORMS[norm]}.{kind}")
    if match := BLOCK.fullmatch(rest):
        number, module, kind = match.groups()
        block = f"{tower}transformer.resblocks.{number}."
        if module in IN_BLOCK:
            return Place(f"{block}{IN_BLOCK[module]}.{kind}")
        if module in FUSED:
            return Place(f"{block}attn.in_proj_{kind}", part=FUSED[module])
    return None


# How each library's names are looked up: its table, and what stands before a tower's names when they stand alone.
TABLES = {
    "OpenCLIP": (openclip, ""),
    "OpenCLIP tower": (openclip, "visual."),
    "Hugging Face": (huggingface, ""),
    "Hugging Face tower": (huggingface, "vision_model."),
}
# What begins the names of a tower itself: a name that begins so and has no place is a fault, and any other is outside it.
OWN = {
    openclip: ("visual",),
    huggingface: ("vision_model", "visual_projection"),
}
TOP = {  # the same where a tower stands alone
    "OpenCLIP tower": ("class_embedding", "positional_embedding", "proj", "conv1", "ln_pre", "ln_post", "transformer"),
    "Hugging Face tower": ("embeddings", "pre_layrnorm", "encoder", "post_layernorm"),
}


def table(clip: naming.Clip) -> Callable[[str], Place | None]:
    """How the names of a CLIP are looked up.

    Parameters
    ----------
    clip : Clip

    Returns
    -------
    callable
        From a plain name to its Place, or None for a name of no place.
    """
    look_up, before = TABLES[clip.names]

    def place(name: str) -> Place | None:
        if not name.startswith(clip.prefix):
            return None
        rest = name.removeprefix(clip.prefix)
        return look_up(before + rest) or (look_up(rest) if before and rest in PROJECTIONS else None)

    return place


def of_tower(clip: naming.Clip, name: str) -> bool:
    """Whether a plain name is one of a CLIP's image tower, be it known or not.

    Parameters
    ----------
    clip : Clip
    name : str

    Returns
    -------
    bool
    """
    if not name.startswith(clip.prefix):
        return False
    look_up, _ = TABLES[clip.names]
    return name.removeprefix(clip.prefix).partition(".")[0] in TOP.get(clip.names, OWN[look_up])


def find_clip(path, names: Mapping[str, str]) -> naming.Clip:
    """Where the one CLIP of a file lies.

    Parameters
    ----------
    path : Path or str
        What the error names.
    names : mapping from name to plain name

    Returns
    -------
    Clip

    Raises
    ------
    MergecastError
        If there is none, or more than one.
    """
    found = naming.clips(names.values())
    if not found:
        raise MergecastError(f"{path}: holds no visual tower; {REMEDY}")
    if len(found) > 1:
        several = " and ".join(f"{clip.prefix!r}" for clip in found[:2])
        raise MergecastError(f"{path}: holds {len(found)} visual towers, behind {several}; save the one you mean")
    return found[0]


def to_openclip(file: File, *, text: bool = False) -> Mapped:
    """The visual tower of a file, or its whole CLIP, under OpenCLIP's names; types and values as they are.

    Parameters
    ----------
    file : File
    text : bool, default False
        Whether the text tower is taken too.

    Returns
    -------
    Mapped

    Raises
    ------
    MergecastError
        If there is no visual tower, or two; or, naming tensors, if they lie in the tower and have no place there, a
        projection is no matrix, or one third of query, key and value is missing or unlike.
    """
    names = naming.unwrapped(file.tensors)
    if shared := naming.one(names):
        raise MergecastError(f"{file.path}: {listed(next(iter(shared.values())))} are one name without its wrappers; save one")
    clip = find_clip(file.path, names)
    look_up = table(clip)
    places = {name: look_up(plain) for name, plain in names.items()}
    if unknown := [name for name, place in places.items() if place is None and of_tower(clip, names[name])]:
        raise MergecastError(f"{file.path}: {listed(unknown)} has no place in a CLIP's image or text tower; {REMEDY}")
    outside = tuple(name for name, place in places.items() if place is None)
    known = {name: place for name, place in places.items() if place is not None and place.name}
    wanted = {name: place for name, place in known.items() if text or place.name.startswith("visual.")}
    sources: dict[str, list] = {}
    for name, place in wanted.items():
        if place.turned and len(shape_of(file.tensors, name)) != 2:
            raise MergecastError(f"{file.path}: tensor {name!r} is no matrix; {REMEDY}")
        sources.setdefault(place.name, []).append((place, name))
    for name, parts in sources.items():
        _check_parts(file, name, parts)
    layout = _layout(clip, names)
    return Mapped(Renamed(file.tensors, sources), layout, len(known) - len(wanted), outside)


class Renamed(Mapping):
    """Tensors of a file under OpenCLIP's names, each made when it is asked for."""

    def __init__(self, tensors: Mapping[str, torch.Tensor], sources: Mapping[str, list[tuple[Place, str]]]):
        self._tensors = tensors
        self._sources = {name: sorted(parts, key=lambda part: part[0].part or 0) for name, parts in sorted(sources.items())}

    def __getitem__(self, name: str) -> torch.Tensor:
        parts = [self._tensors[own] for _, own in self._sources[name]]
        tensor = torch.cat(parts) if len(parts) > 1 else parts[0]
        return tensor.T.contiguous() if self._sources[name][0][0].turned else tensor

    def __iter__(self):
        return iter(self._sources)

    def __len__(self):
        return len(self._sources)

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of one tensor.

        Parameters
        ----------
        name : str

        Returns
        -------
        tuple of int
        """
        place, own = self._sources[name][0]
        shape = shape_of(self._tensors, own)
        if place.turned:
            return shape[::-1]
        return shape if place.part is None else (len(self._sources[name]) * shape[0], *shape[1:])

    def dtype(self, name: str) -> torch.dtype | str:
        """Type of one tensor, as `State.dtype`.

        Parameters
        ----------
        name : str

        Returns
        -------
        torch.dtype or str
        """
        return dtype_of(self._tensors, self._sources[name][0][1])


def listed(names: list[str], most: int = 3) -> str:
    """The first few of some tensors, and how many there are.

    Parameters
    ----------
    names : list of str
    most : int, default 3
        How many are named.

    Returns
    -------
    str

    Examples
    --------
    >>> listed(["a", "b"]), listed(["a", "b", "c"], most=2)
    ("tensor 'a', 'b'", "tensor 'a', 'b' (3 in all)")
    """
    more = f" ({len(names)} in all)" if len(names) > most else ""
    return f"tensor {', '.join(map(repr, names[:most]))}{more}"


def _check_parts(file: File, name: str, parts: list[tuple[Place, str]]) -> None:
    """One tensor for one place; of a fused one query, key and value, alike."""
    if [place.part for place, _ in parts] == [None]:
        return
    kinds = {(shape_of(file.tensors, own), dtype_of(file.tensors, own)) for _, own in parts}
    if {place.part for place, _ in parts} == {None}:
        raise MergecastError(f"{file.path}: {listed([own for _, own in parts])} have one place; save the one you mean")
    if sorted(place.part for place, _ in parts) != [0, 1, 2] or len(kinds) > 1 or not next(iter(kinds))[0]:
        raise MergecastError(
            f"{file.path}: query, key and value of {name!r} are not three of one shape and type; save all of it"
        )


def _layout(clip: naming.Clip, names: Mapping[str, str]) -> str:
    """The layout in words, such as "OpenCLIP visual tower", with its prefix and the wrappers taken off."""
    own = [plain.removeprefix(clip.prefix) for plain in names.values()]
    if clip.names.startswith("Hugging Face"):
        layout = f"Hugging Face CLIP{'' if any(name.startswith('text_model.') for name in own) else ' vision model'}"
    elif clip.names == "OpenCLIP tower" or not any(TEXT.fullmatch(name) for name in own):
        layout = "OpenCLIP visual tower"
    elif any(name.startswith(("transformer.", "text.")) for name in own):
        layout = "OpenCLIP CLIP"
    else:
        layout = "OpenCLIP CLIP without text blocks"
    bare = {"OpenCLIP tower": " without 'visual.'", "Hugging Face tower": " without 'vision_model.'"}.get(clip.names, "")
    behind = f", behind {clip.prefix!r}" if clip.prefix else ""
    off = f", without the wrappers {', '.join(map(repr, wrapped))}" if (wrapped := naming.wrappers(names)) else ""
    return f"{layout}{bare}{behind}{off}"
