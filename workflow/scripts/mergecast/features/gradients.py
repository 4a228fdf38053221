"""The gradient of a task's mean loss on its own calibration images, for every weight of the visual tower."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from ..models.encoders import Encoder
    from ..tasks import Split

SCOPE = "checkpoint"
FILE = "gradients/{task}.safetensors"
IMAGES = "own"
RESOURCES = {"device": "gpu", "minutes": 30, "memory": 3000, "copies": 8}


def compute(checkpoint) -> dict:
    """`encoder_gradient` on the calibration images of the checkpoint's own task.

    Parameters
    ----------
    checkpoint : Checkpoint

    Returns
    -------
    mapping from tensor name to tensor

    Raises
    ------
    MergecastError
        If the task has fewer train images than are asked for.
    """
    from ._images import encoder, shown

    images, head = shown(checkpoint)[checkpoint.task]
    return encoder_gradient(encoder(checkpoint), head, images)


def encoder_gradient(
    encoder: "Encoder", head: "torch.Tensor", images: "Split", *, batch_size: int = 32
) -> "dict[str, torch.Tensor]":
    """g = (1/n) Σ_images ∇L, L the cross-entropy under the task's zero-shot head: float32, `visual.*`, on the CPU.

    A mean over images whatever the batch size. The encoder's weights are left as they were; it ends in evaluation mode.

    Parameters
    ----------
    encoder : Encoder
    head : (C, D) tensor
    images : Split
        n images of the task, with their labels.
    batch_size : int, default 32

    Returns
    -------
    mapping from tensor name to tensor

    Raises
    ------
    MergecastError
        If the images are of another size than the encoder takes.
    """
    import torch
    from torch.nn import functional

    from ..models.encoders import logits

    encoder.eval()
    head = head.to(encoder.device)
    weights = dict(encoder.named_parameters())
    total = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    for start in range(0, len(images), batch_size):
        batch = images.take(slice(start, start + batch_size))
        truth = torch.from_numpy(batch.labels).to(encoder.device)
        loss = functional.cross_entropy(logits(encoder(encoder.preprocess(batch.images)), head), truth, reduction="sum")
        for name, gradient in zip(weights, torch.autograd.grad(loss, list(weights.values())), strict=True):
            total[name] += gradient
    return {name: (gradient / len(images)).cpu() for name, gradient in total.items()}
