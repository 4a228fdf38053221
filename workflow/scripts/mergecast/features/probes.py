"""What a checkpoint does on the calibration images of every task: mean activation and input gradients."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ._types import Probe

if TYPE_CHECKING:
    import torch

    from ..models.encoders import Encoder
    from ..tasks import Split

SCOPE = "checkpoint"
FILE = "probes/{task}.safetensors"
IMAGES = "all"
RESOURCES = {"device": "gpu", "minutes": 60, "memory": 3000, "copies": 6}


@dataclass(frozen=True)
class TaskProbe:
    """One checkpoint on one task's calibration images.

    activation: float64 (width,), mean over images and tokens of the last block's output; count: number of images;
    input_gradient: float32 (count·3·S·S,), each image's ∂loss/∂(normalised input), one after the other.
    """

    activation: np.ndarray
    count: int
    input_gradient: np.ndarray


def compute(checkpoint) -> dict:
    """`{task}/activation`, `{task}/count`, `{task}/input_gradient` for every task, see `TaskProbe`.

    Parameters
    ----------
    checkpoint : Checkpoint

    Returns
    -------
    mapping from name to array or int

    Raises
    ------
    MergecastError
        If a task has fewer train images than are asked for.
    """
    from ._images import encoder, shown

    network, arrays = encoder(checkpoint), {}
    for task, (images, head) in shown(checkpoint).items():
        arrays |= {f"{task}/{part}": value for part, value in vars(probe(network, head, images)).items()}
    return arrays


def pair(a: str, b: str, first: Mapping, second: Mapping) -> tuple[Probe, Probe]:
    """Both models on both tasks' images.

    Parameters
    ----------
    a, b : str
    first, second : mapping from name to array
        What is seen of either checkpoint.

    Returns
    -------
    (Probe, Probe)
        Of the first model and of the second.

    Raises
    ------
    ValueError
        If their input gradients differ in size: they were shown other images.
    """
    both = _joined(first, (a, b)), _joined(second, (a, b))
    if both[0].input_gradient.shape != both[1].input_gradient.shape:
        raise ValueError("probed on other calibration images")
    return both


def _joined(file: Mapping[str, np.ndarray], tasks: tuple[str, str]) -> Probe:
    """One model: activations averaged over the images of both tasks, gradients joined in the pair's order."""
    counts = [file[f"{task}/count"].item() for task in tasks]
    means = [file[f"{task}/activation"].astype(np.float64) for task in tasks]
    gradients = [file[f"{task}/input_gradient"].reshape(-1) for task in tasks]
    activation = sum(count * mean for count, mean in zip(counts, means, strict=True)) / sum(counts)
    return Probe(activation, np.concatenate(gradients, dtype=np.float64))


def probe(encoder: "Encoder", head: "torch.Tensor", images: "Split", *, batch_size: int = 32) -> TaskProbe:
    """One checkpoint on one task's calibration images under that task's head; other tasks cannot change a bit of it.

    Parameters
    ----------
    encoder : Encoder
        It is in evaluation mode afterwards.
    head : (C, D) tensor
    images : Split
        With their labels.
    batch_size : int, default 32

    Returns
    -------
    TaskProbe

    Raises
    ------
    MergecastError
        If the tower is no transformer, or if the images are of another size than it takes.
    """
    import torch
    from torch.nn import functional

    from ..models.encoders import logits

    encoder.eval()
    head = head.to(encoder.device)
    tokens: list[torch.Tensor] = []
    hook = encoder.last_block.register_forward_hook(lambda block, inputs, output: tokens.append(output.detach()))
    total, gradients = 0.0, []
    try:
        for start in range(0, len(images), batch_size):
            batch = images.take(slice(start, start + batch_size))
            pixels = encoder.preprocess(batch.images).requires_grad_()
            truth = torch.from_numpy(batch.labels).to(encoder.device)
            # Summed, not averaged: each image's gradient then is that of its own loss.
            loss = functional.cross_entropy(logits(encoder(pixels), head), truth, reduction="sum")
            (gradient,) = torch.autograd.grad(loss, pixels)
            gradients.append(gradient.flatten().cpu().numpy())
            total = total + tokens.pop().double().mean(dim=1).sum(dim=0).cpu().numpy()
    finally:
        hook.remove()
    return TaskProbe(total / len(images), len(images), np.concatenate(gradients))
