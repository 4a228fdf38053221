"""Base CLIPs trained elsewhere: OpenCLIP's published weights, or a file of yours."""

import os

from torch import nn

from .catalogue import unknown
from .encoders import fill, library, new_clip
from .errors import MergecastError
from .imports.layouts import to_openclip
from .imports.reading import read

KINDS = ("pretrain", "openclip", "file")


def from_openclip(model: str, tag: str) -> tuple[nn.Module, str]:
    """Published weights (`ViT-B-16`, `openai`), from the local cache or downloaded, and the exact name of their model.

    Weights trained with QuickGELU load into the model's `-quickgelu` variant, whose name is the one returned.
    Raises MergecastError when model or tag is unknown, or the weights are neither cached nor reachable
    (HF_HUB_OFFLINE=1 is respected: then only the cache is looked at).
    """
    open_clip = library()
    new = {name for name, known in open_clip.list_pretrained() if known == tag}
    if model not in new:
        tags = [known for name, known in open_clip.list_pretrained() if name == model]
        if not tags:
            raise MergecastError(unknown("pretrained model", model, sorted({name for name, _ in open_clip.list_pretrained()})))
        raise MergecastError(f"model {model}: {unknown('tag', tag, tags)}")
    quick = open_clip.get_pretrained_cfg(model, tag).get("quick_gelu", False)
    if quick and not model.endswith("-quickgelu") and f"{model}-quickgelu" in open_clip.list_models():
        model = f"{model}-quickgelu"
    try:
        return open_clip.create_model(model, pretrained=tag).eval(), model
    except (RuntimeError, OSError) as error:
        offline = " (HF_HUB_OFFLINE is set)" if os.environ.get("HF_HUB_OFFLINE", "0") not in ("", "0") else ""
        raise MergecastError(
            f"base {model} {tag}: its weights are neither in the local cache nor reachable{offline}; "
            "download them where there is a network, or use a base of kind file"
        ) from error


def from_file(model: str, path) -> nn.Module:
    """A whole CLIP of the given model from a local state dict, as OpenCLIP or Hugging Face's transformers save it.

    Raises MergecastError naming the file when it is missing, damaged, holds more than tensors, or fits another model.
    """
    clip = new_clip(model)
    fill(clip, to_openclip(read(path), text=True).state, path)
    return clip
