"""Base CLIPs trained elsewhere: OpenCLIP's published weights, or a file of yours."""

import pickle
from pathlib import Path

from huggingface_hub import constants
from safetensors import SafetensorError
from torch import nn

from ..catalogue import unknown
from ..errors import MergecastError
from .encoders import fill, image_size, library, new_clip
from .external.layouts import to_openclip
from .external.reading import read

KINDS = ("pretrain", "openclip", "file")
OF_OPENAI = {"input_resolution", "context_length", "vocab_size"}  # beside the weights in OpenAI's own files


def from_openclip(model: str, tag: str) -> tuple[nn.Module, str]:
    """Published weights, from the local cache or downloaded, and the exact name of their model.

    Weights trained with QuickGELU load into the model's `-quickgelu` variant, whose name is the one returned.

    Parameters
    ----------
    model : str
        Such as `ViT-B-16`.
    tag : str
        Such as `openai`.

    Returns
    -------
    tuple of nn.Module and str
        The whole CLIP, in evaluation mode, and the name.

    Raises
    ------
    MergecastError
        If model or tag is unknown or the model is none we take; if the weights are neither cached nor reachable
        (HF_HUB_OFFLINE=1 is respected: then only the cache is looked at), saying which file belongs where; if the cached
        file is damaged or fits another model.
    """
    image_size(model)  # refuses what is no ViT, before a download
    open_clip = library()
    new = {name for name, known in open_clip.list_pretrained() if known == tag}
    if model not in new:
        tags = [known for name, known in open_clip.list_pretrained() if name == model]
        if not tags:
            raise MergecastError(unknown("pretrained model", model, sorted({name for name, _ in open_clip.list_pretrained()})))
        raise MergecastError(f"model {model}: {unknown('tag', tag, tags)}")
    source = open_clip.get_pretrained_cfg(model, tag)
    if source.get("quick_gelu") and not model.endswith("-quickgelu") and f"{model}-quickgelu" in open_clip.list_models():
        model = f"{model}-quickgelu"
    try:
        path = open_clip.download_pretrained(source)
    except Exception as error:  # every library on the way to the network has errors of its own
        raise MergecastError(f"base {model} {tag}: {_absent(source)}") from error
    try:
        return open_clip.create_model(model, pretrained=tag).eval(), model
    except (RuntimeError, OSError, ValueError, EOFError, KeyError, pickle.UnpicklingError, SafetensorError) as error:
        raise MergecastError(
            f"{path}: is damaged, or holds the weights of another model than {model} {tag}; delete it and run again"
        ) from error


def _absent(source: dict) -> str:
    """What to do for weights that are neither cached nor reachable: the file, where it belongs, the other way."""
    repository, _, name = source.get("hf_hub", "").rpartition("/")
    if repository:
        cache, file = constants.HF_HUB_CACHE, name or "open_clip_model.safetensors"
        bring = f"run `hf download {repository} {file}` and copy models--{repository.replace('/', '--')} to {cache}"
    else:
        cache, url = Path("~/.cache/clip").expanduser(), source["url"]
        bring = f"download {url} and copy it to {cache}"
    offline = " (HF_HUB_OFFLINE is set)" if constants.HF_HUB_OFFLINE else ""
    return (
        f"its weights are neither in {cache} nor reachable{offline}; where there is a network, {bring} here; "
        "or give the file by `kind: file` and `path`"
    )


def from_file(model: str, path) -> nn.Module:
    """A whole CLIP of the given model from a local state dict, as OpenCLIP or Hugging Face's transformers save it.

    A file does not say which activation its weights were trained with: QuickGELU (OpenAI's, DFN's, MetaCLIP's) wants the
    name of a `-quickgelu` model. OpenAI's own layout, in which three numbers betray it, is refused for a plain one.

    Parameters
    ----------
    model : str
    path : Path or str

    Returns
    -------
    nn.Module
        In evaluation mode.

    Raises
    ------
    MergecastError
        If the model is unknown; or, naming the file, if that is missing, damaged, holds more than tensors, or fits another
        model.
    """
    clip, file = new_clip(model), read(path)
    if file.tensors.keys() >= OF_OPENAI and f"{model}-quickgelu" in library().list_models():
        raise MergecastError(f"{path}: is OpenAI's, trained with QuickGELU; set `model: {model}-quickgelu`")
    fill(clip, to_openclip(file, text=True).state, path)
    return clip
