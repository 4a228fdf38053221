"""OpenCLIP models: whole CLIPs and their files, the visual tower as an encoder, zero-shot heads from the text tower.

Only the visual tower is fine-tuned, merged and probed. Its tensors keep OpenCLIP's names, `visual.*`.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from ..catalogue import unknown
from ..errors import MergecastError
from . import _torchvision, checkpoints
from .checkpoints import State, content_hash

MODELS = Path(__file__).parent


@cache
def library():
    """The `open_clip` module, with our model configurations (`models/*.json`) added to its own."""
    with _torchvision.without_compiler_and_timm():
        _torchvision.ensure()
        import open_clip

    open_clip.add_model_config(MODELS)
    return open_clip


def image_size(model: str) -> int:
    """Side of the square images a model takes.

    Parameters
    ----------
    model : str

    Returns
    -------
    int
        In pixels.

    Raises
    ------
    MergecastError
        If the model is unknown, or is not OpenCLIP's own ViT with a text tower.
    """
    size = _config(model)["vision_cfg"].get("image_size", 224)
    return size if isinstance(size, int) else size[0]


def new_clip(model: str, *, seed: int = 0) -> nn.Module:
    """A whole CLIP with random weights that are a function of the seed alone.

    Parameters
    ----------
    model : str
        A name OpenCLIP knows or a file of `models/`, without `.json`.
    seed : int, default 0

    Returns
    -------
    nn.Module
        Float32, on the CPU, in evaluation mode.

    Raises
    ------
    MergecastError
        If the model is unknown, or is not OpenCLIP's own ViT with a text tower.
    """
    _config(model)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        with _without_warnings():  # OpenCLIP warns that the weights are random
            return library().create_model(model, pretrained_image=False, pretrained_text=False).eval()


def save_clip(path, clip: nn.Module, model: str, metadata: Mapping[str, object] = {}) -> None:
    """Write a whole CLIP as safetensors; the header names the model and its normalisation of images.

    Parameters
    ----------
    path : Path or str
    clip : nn.Module
    model : str
    metadata : mapping from str to object
        Further entries of the header.

    Raises
    ------
    MergecastError
        If the file cannot be written.
    """
    checkpoints.save(path, clip.state_dict(), {**_identity(model, clip.visual), **metadata})


def open_clip_file(path) -> tuple[nn.Module, str]:
    """The CLIP that `save_clip` wrote, and its model's name.

    Parameters
    ----------
    path : Path or str

    Returns
    -------
    tuple of nn.Module and str

    Raises
    ------
    MergecastError
        If the file is missing or damaged, names no model, or does not fit it.
    """
    state = State(path)
    clip = new_clip(_named(state))
    fill(clip, state, path)
    _set_normalisation(clip.visual, state.metadata)
    return clip, state.metadata["model"]


class Encoder(nn.Module):
    """A visual tower: normalised images (N×3×S×S) to features (N×D, not normalised). Its state's names are `visual.*`.

    Attributes: `model` (name), `size` (S, pixels), `device`.
    """

    def __init__(self, model: str, visual: nn.Module):
        super().__init__()
        self.model, self.visual, self.size = model, visual, image_size(model)
        for name in ("mean", "std"):
            value = torch.tensor(getattr(visual, f"image_{name}"), dtype=torch.float32).view(1, 3, 1, 1)
            self.register_buffer(f"_{name}", value, persistent=False)

    @property
    def device(self) -> torch.device:
        return self._mean.device

    def preprocess(self, images: np.ndarray | torch.Tensor) -> torch.Tensor:
        """Images as the tower takes them: (x/255 − mean)/std per channel.

        Parameters
        ----------
        images : (N, S, S, 3) array or tensor
            uint8.

        Returns
        -------
        (N, 3, S, S) tensor
            Normalised, float32, on the encoder's device.

        Raises
        ------
        MergecastError
            If the images have another shape.
        """
        if tuple(images.shape[1:]) != (self.size, self.size, 3):
            raise MergecastError(
                f"model {self.model}: takes images of {self.size}×{self.size}×3, not "
                f"{tuple(images.shape[1:])}; prepare them at that size"
            )
        if not isinstance(images, torch.Tensor):
            # Copied, since prepared images are mapped read-only and torch has no tensors that are.
            images = torch.from_numpy(np.array(images, order="C"))
        pixels = images.to(self.device)
        return (pixels.permute(0, 3, 1, 2).to(torch.float32) / 255 - self._mean) / self._std

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Features of images.

        Parameters
        ----------
        images : (N, 3, S, S) tensor
            As `preprocess` returns them.

        Returns
        -------
        (N, D) tensor
            Not normalised.
        """
        return self.visual(images)

    @property
    def last_block(self) -> nn.Module:
        """The last residual block; its output is N×tokens×width. Raises MergecastError where the tower has none."""
        blocks = getattr(getattr(self.visual, "transformer", None), "resblocks", None)
        if not blocks:
            raise MergecastError(f"model {self.model}: its visual tower is no OpenCLIP transformer; choose a ViT model")
        return blocks[-1]

    def load(self, state: Mapping[str, torch.Tensor]) -> "Encoder":
        """Copy all weights of a state.

        Parameters
        ----------
        state : mapping from tensor name to tensor

        Returns
        -------
        Encoder
            This one.

        Raises
        ------
        MergecastError
            If a tensor does not fit, naming the first.
        """
        fill(self, state, getattr(state, "path", "state"))
        return self

    def state(self) -> dict[str, torch.Tensor]:
        """A copy of the weights on the CPU, by name."""
        return {name: tensor.detach().cpu().clone() for name, tensor in self.state_dict().items()}


def open_encoder(base, device: torch.device | str = "cpu") -> Encoder:
    """The encoder of a base file, whose header names the model, in evaluation mode.

    Parameters
    ----------
    base : Path, str or State
    device : torch.device or str, default "cpu"

    Returns
    -------
    Encoder

    Raises
    ------
    MergecastError
        If the file is missing or damaged, names no model, or does not fit it.
    """
    state = base if isinstance(base, State) else State(base)
    visual = new_clip(_named(state)).visual
    _set_normalisation(visual, state.metadata)
    return Encoder(state.metadata["model"], visual).load(state).eval().to(device)


def save_visual(path, clip_path) -> None:
    """Write the visual tower of a whole CLIP's file as a base: the tensors `visual.*`, the header of the CLIP.

    Parameters
    ----------
    path : Path or str
        Of the base.
    clip_path : Path or str

    Raises
    ------
    MergecastError
        If the CLIP's file is missing, damaged or names no model, or the base cannot be written.
    """
    clip = State(clip_path)
    _named(clip)
    checkpoints.save(path, {name: clip[name] for name in clip if name.startswith("visual.")}, clip.metadata)


def zero_shot_head(clip: nn.Module, model: str, class_names: Sequence[str], prompts: Sequence[str]) -> torch.Tensor:
    """Weight of the zero-shot head: one row per class, the direction of its name in its prompts.

    For every class: each prompt's text features are ℓ2-normalised, averaged, normalised again and multiplied by CLIP's
    logit scale, so that logits are `features/‖features‖ @ weight.T`.

    Parameters
    ----------
    clip : nn.Module
    model : str
    class_names : sequence of str
        C of them.
    prompts : sequence of str
        In each, `{}` stands for the class name.

    Returns
    -------
    (C, D) tensor
        Float32, on the CPU.

    Notes
    -----
    Radford et al., 2021, section 3.1.4.
    """
    tokenise = library().get_tokenizer(model)
    rows = []
    with torch.inference_mode():
        for name in class_names:
            text = tokenise([prompt.replace("{}", name) for prompt in prompts]).to(clip.logit_scale.device)
            mean = functional.normalize(clip.encode_text(text), dim=-1).mean(dim=0)
            rows.append(functional.normalize(mean, dim=-1) * clip.logit_scale.exp())
    return torch.stack(rows).float().cpu().clone()


def save_head(path, weight: torch.Tensor, *, task: str, class_names: Sequence[str], base_sha256: str) -> None:
    """Write a frozen head as safetensors: the tensor `weight`; header: task, class_names (JSON), base_sha256.

    Parameters
    ----------
    path : Path or str
    weight : (C, D) tensor
    task : str
    class_names : sequence of str
        C of them.
    base_sha256 : str
        `content_hash` of the base.

    Raises
    ------
    MergecastError
        If the file cannot be written.
    """
    header = {"task": task, "class_names": json.dumps(list(class_names)), "base_sha256": base_sha256}
    checkpoints.save(path, {"weight": weight}, header)


def open_head(path, *, class_names: Sequence[str] | None = None, base: State | None = None) -> torch.Tensor:
    """Read a head's weight.

    Parameters
    ----------
    path : Path or str
    class_names : sequence of str or None
        If given, they must be the ones recorded.
    base : State or None
        If given, it must be the one recorded.

    Returns
    -------
    (C, D) tensor

    Raises
    ------
    MergecastError
        If the file is missing, damaged or no head, or its class names or base are others.
    """
    state = State(path)
    if "weight" not in state:
        raise MergecastError(f"{path}: has no tensor 'weight', so it is no zero-shot head; make it again")
    if class_names is not None and json.loads(state.metadata.get("class_names", "null")) != list(class_names):
        raise MergecastError(f"{path}: was made for other class names than the task has now; delete it and run again")
    if base is not None and state.metadata.get("base_sha256") != content_hash(base):
        raise MergecastError(f"{path}: was made from another base than {base.path}; delete it and run again")
    return state["weight"]


def logits(features: torch.Tensor, head: torch.Tensor) -> torch.Tensor:
    """Class scores of features under a head.

    Parameters
    ----------
    features : (N, D) tensor
        Not normalised.
    head : (C, D) tensor
        Logit scale multiplied in.

    Returns
    -------
    (N, C) tensor
        Float32.
    """
    return functional.normalize(features.float(), dim=-1) @ head.T


@contextmanager
def _without_warnings():
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def _config(model: str) -> dict:
    config = library().get_model_config(model) if ":" not in model else None
    if config is None:
        raise MergecastError(unknown("model", model, library().list_models()))
    if foreign := _foreign(config):
        raise MergecastError(f"model {model!r}: its {foreign}, not OpenCLIP's own ViT with a text tower; choose ViT-B-32, say")
    return config


def _foreign(config: dict) -> str | None:
    """What a model has that is none of the towers we take, in words; None if there is nothing such."""
    vision, text = config["vision_cfg"], config["text_cfg"]
    if "timm_model_name" in vision:
        return "image tower is timm's"
    if not isinstance(vision.get("layers", 12), int):  # blocks a stage
        return "image tower is a ResNet"
    if "multimodal_cfg" in config:
        return "image tower is CoCa's, with a pooling and a caption decoder of its own"
    if "hf_model_name" in text:
        return f"text tower is {text['hf_model_name']} of Hugging Face's transformers"
    return None


def _identity(model: str, visual: nn.Module) -> dict[str, str]:
    return {"model": model, "mean": json.dumps(list(visual.image_mean)), "std": json.dumps(list(visual.image_std))}


def _set_normalisation(visual: nn.Module, metadata: Mapping[str, str]) -> None:
    for name in ("mean", "std"):
        if name in metadata:
            setattr(visual, f"image_{name}", tuple(json.loads(metadata[name])))


def _named(state: State) -> str:
    model = state.metadata.get("model")
    if not model:
        raise MergecastError(f"{state.path}: its header names no model; make it with this workflow's base rules")
    return model


def fill(module: nn.Module, state: Mapping[str, torch.Tensor], origin) -> None:
    """Copy a state into a module, after checking names and shapes.

    Parameters
    ----------
    module : nn.Module
    state : mapping from tensor name to tensor
    origin : Path or str
        What the message names.

    Raises
    ------
    MergecastError
        If a tensor is missing, is not one of the module's, or has another shape.
    """
    tensors = module.state_dict()
    for name in sorted(tensors.keys() | state.keys()):
        if name not in tensors or name not in state:
            where = "is not a tensor of the model" if name not in tensors else "is missing"
            raise MergecastError(f"{origin}: tensor {name!r} {where}; give weights of the same model")
        if tensors[name].shape != state[name].shape:
            raise MergecastError(
                f"{origin}: tensor {name!r} has shape {tuple(state[name].shape)}, "
                f"the model needs {tuple(tensors[name].shape)}; give weights of the same model"
            )
    module.load_state_dict({name: state[name] for name in tensors})
