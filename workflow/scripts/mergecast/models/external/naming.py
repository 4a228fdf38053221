"""Where a CLIP lies among the names of a file: wrappers taken off, the prefix before all of its names, its library's names.

Wrappers of torch may stand anywhere in a name. Any one prefix may stand before all names of a CLIP. What has another
prefix, such as a classifier's head, is no part of it.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

# Of DataParallel and DDP, torch.compile, FSDP, activation checkpoints, and DeepSpeed.
WRAPPERS = frozenset(
    ("module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module", "_forward_module")
)  # fmt: skip
# What begins a tower of OpenCLIP's: a ViT's or a ResNet's first layer, or a model of timm.
VISUAL = re.compile(r"(.*?)(?<![^.])visual\.(?:class_embedding|conv1\.weight|trunk\..+)")
HUGGINGFACE = re.compile(r"(.*?)(?<![^.])(vision_model\.)?embeddings\.(?:class_embedding|patch_embedding\.weight)")
BARE = re.compile(r"(.*?)(?<![^.])class_embedding")


@dataclass(frozen=True)
class Clip:
    """Where a CLIP lies: whose names it has, and the prefix before all of them.

    `names`: "OpenCLIP", "OpenCLIP tower" (without `visual.`), "Hugging Face", or "Hugging Face tower" (without
    `vision_model.`, as transformers 5 saves a CLIPVisionModel).
    """

    names: str
    prefix: str


def unwrapped(names: Iterable[str]) -> dict[str, str]:
    """Names without the wrappers in them.

    Parameters
    ----------
    names : iterable of str

    Returns
    -------
    dict from name to str

    Examples
    --------
    >>> unwrapped(["module.visual._orig_mod.proj"])
    {'module.visual._orig_mod.proj': 'visual.proj'}
    """
    return {name: ".".join(part for part in name.split(".") if part not in WRAPPERS) for name in names}


def wrappers(names: Iterable[str]) -> list[str]:
    """The wrappers that are in some names, in the order of `WRAPPERS`' names.

    Parameters
    ----------
    names : iterable of str

    Returns
    -------
    list of str
    """
    return sorted({part for name in names for part in name.split(".") if part in WRAPPERS})


def clips(names: Iterable[str]) -> list[Clip]:
    """Every CLIP's visual tower among some names, found by its first layers.

    Parameters
    ----------
    names : iterable of str
        Without wrappers.

    Returns
    -------
    list of Clip
        Sorted by prefix; more than one where a file holds, for one, a student and its average.
    """
    found = {_clip(name) for name in names} - {None}
    return sorted(found, key=lambda clip: (clip.prefix, clip.names))


def _clip(name: str) -> Clip | None:
    """The CLIP that a tensor is the first layer of."""
    if match := VISUAL.fullmatch(name):
        return Clip("OpenCLIP", match[1])
    if match := HUGGINGFACE.fullmatch(name):
        return Clip("Hugging Face" if match[2] else "Hugging Face tower", match[1])
    if match := BARE.fullmatch(name):
        return Clip("OpenCLIP tower", match[1])
    return None


def clip_of_modules(names: Iterable[str]) -> Clip:
    """Whose names some modules of a CLIP have, and the prefix before them, where its first layers are not among them.

    Parameters
    ----------
    names : iterable of str
        Of modules, or of tensors in them.

    Returns
    -------
    Clip
        OpenCLIP's, without a prefix, where nothing is recognised.
    """
    for pattern, library in (
        (r"(.*?)(?<![^.])(?:vision|text)_model\.", "Hugging Face"),
        (r"(.*?)(?<![^.])visual_projection(?:\.|$)", "Hugging Face"),
        (r"(.*?)(?<![^.])visual\.", "OpenCLIP"),
        (r"(.*?)(?<![^.])(?:encoder\.layers\.\d|embeddings\.)", "Hugging Face tower"),
    ):
        found = [match[1] for name in names if (match := re.match(pattern, name))]
        if found:
            return Clip(library, min(found, key=len))
    return Clip("OpenCLIP", "")


def placed(names: Iterable[str], there: Collection[str], place: Callable[[str], object]) -> Callable[[str], object | None]:
    """How names are looked up among those of a model that is no CLIP, which may be saved with one prefix more or less.

    Parameters
    ----------
    names : iterable of str
        Such as those of an adapter of a `LlamaForCausalLM`, "model.layers.0…".
    there : collection of str
        Such as those of a `LlamaModel`, "layers.0…".
    place : callable
        What is made of a name that is there.

    Returns
    -------
    callable
        From one of the names to its place; None for one that is not there. The prefix is that by which the most are there.
    """
    names = list(names)
    more = sorted({name.partition(".")[0] for name in there if "." in name})
    ways = [
        lambda name: name,
        lambda name: name.partition(".")[2],
        *(lambda name, head=head: f"{head}.{name}" for head in more),
    ]
    way = max(ways, key=lambda way: sum(way(name) in there for name in names))
    return lambda name: place(way(name)) if way(name) in there else None


def one(names: Mapping[str, str]) -> Mapping[str, list[str]]:
    """Plain names that stand for more than one name, with these.

    Parameters
    ----------
    names : mapping from name to plain name

    Returns
    -------
    dict from plain name to list of str
        Empty where each has its own.
    """
    shared: dict[str, list[str]] = {}
    for name, plain in names.items():
        shared.setdefault(plain, []).append(name)
    return {plain: several for plain, several in shared.items() if len(several) > 1}
