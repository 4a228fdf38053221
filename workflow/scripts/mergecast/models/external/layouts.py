"""Where the tensors of other layouts go among OpenCLIP's: two tables of names, and what puts tensors there.

OpenCLIP's own names may stand behind wrappers (`module.` of DataParallel, `model.` of the published checkpoints) and
beside a text tower, or what is left of one. Hugging Face's `CLIPModel` keeps query, key and value apart, where OpenCLIP
stacks their rows in one `attn.in_proj`, and its projections are transposed.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch

from ...errors import MergecastError
from .reading import File

WRAPPERS = ("module.", "model.", "_orig_mod.")
TEXT = re.compile(
    r"transformer\.resblocks\.\d+\..+|text\..+|token_embedding\.weight|positional_embedding|ln_final\.(weight|bias)"
    r"|text_projection|logit_scale|logit_bias"
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


@dataclass(frozen=True)
class Mapped:
    """Tensors under OpenCLIP's names, the layout they came in, and how many of the text tower were left out."""

    state: dict[str, torch.Tensor]
    layout: str
    left_out: int


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
    return Place(name) if name.startswith("visual.") or TEXT.fullmatch(name) else None


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


def wrapper(names: Iterable[str]) -> str:
    """What wrappers put before every name.

    Parameters
    ----------
    names : iterable of str

    Returns
    -------
    str
        Such as "module.model."; "" for none.
    """
    names, prefix = list(names), ""
    while names and (common := [one for one in WRAPPERS if all(name.startswith(prefix + one) for name in names)]):
        prefix += common[0]
    return prefix


def table(names: Iterable[str]) -> Callable[[str], Place | None]:
    """The table that names are to be looked up in.

    Parameters
    ----------
    names : iterable of str
        Without their wrappers.

    Returns
    -------
    callable
        From a name to its Place, or None for an unknown name.
    """
    theirs = (*TOWERS, "visual_projection")
    return huggingface if any(name.partition(".")[0] in theirs for name in names) else openclip


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
        If there is no visual tower; or, naming tensors, if they have no place in a CLIP, a projection is no matrix, or one
        third of query, key and value is missing or unlike.
    """
    prefix = wrapper(file.tensors)
    names = [name.removeprefix(prefix) for name in file.tensors]
    look_up = table(names)
    places = {name: look_up(name) for name in names}
    if unknown := [prefix + name for name, place in places.items() if place is None]:
        raise MergecastError(f"{file.path}: {listed(unknown)} has no place in a CLIP's image or text tower; {REMEDY}")
    wanted = {name: place for name, place in places.items() if text or place.name.startswith("visual.")}
    if not wanted:
        raise MergecastError(f"{file.path}: holds no visual tower; {REMEDY}")
    whole, thirds = {}, {}
    for name, place in wanted.items():
        if place.name:
            tensor = file.tensors[prefix + name]
            if place.turned and tensor.ndim != 2:
                raise MergecastError(f"{file.path}: tensor {prefix + name!r} is no matrix; {REMEDY}")
            if place.part is None:
                whole[place.name] = tensor.T.contiguous() if place.turned else tensor
            else:
                thirds.setdefault(place.name, {})[place.part] = tensor
    fused = {name: _stacked(file.path, name, parts) for name, parts in thirds.items()}
    left_out = sum(bool(place.name) for name, place in places.items() if name not in wanted)
    return Mapped(whole | fused, _layout(look_up, prefix, names), left_out)


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


def _stacked(path, name: str, parts: dict[int, torch.Tensor]) -> torch.Tensor:
    """Rows of query, key and value, in this order, as OpenCLIP's one tensor."""
    kinds = {(part.shape, part.dtype) for part in parts.values()}
    if len(parts) < 3 or len(kinds) > 1 or not parts[0].ndim:
        raise MergecastError(f"{path}: query, key and value of {name!r} are not three of one shape and type; save all of it")
    return torch.cat([parts[number] for number in range(3)])


def _layout(look_up: Callable, prefix: str, names: list[str]) -> str:
    """The layout in words, such as "OpenCLIP visual tower", with its wrappers."""
    if look_up is huggingface:
        layout = f"Hugging Face CLIP{'' if any(name.startswith('text_model.') for name in names) else ' vision model'}"
    elif all(name.startswith("visual.") for name in names):
        layout = "OpenCLIP visual tower"
    elif any(name.startswith(("transformer.", "text.")) for name in names):
        layout = "OpenCLIP CLIP"
    else:
        layout = "OpenCLIP CLIP without text blocks"
    return f"{layout}, each name behind {prefix!r}" if prefix else layout
