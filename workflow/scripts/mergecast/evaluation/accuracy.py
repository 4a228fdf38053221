"""How well an encoder does a task: accuracy and loss under a frozen head, accuracy relative to the fine-tuned model."""

import math

import numpy as np
import torch
from torch.nn import functional

from ..errors import MergecastError
from ..files import pack_bits
from ..models import devices
from ..models.encoders import Encoder, logits
from ..tasks import Split
from .loading import batches

# On a GPU half precision: as fast as bfloat16 there, whose eight bits moved accuracies by up to 0.3 points.
PRECISION = {"cpu": torch.float32, "cuda": torch.float16}
AUTO = {"cpu": 200, "cuda": 1024}  # images at once; on a GPU the first try, halved as long as memory does not suffice


@torch.inference_mode()
def evaluate(
    encoder: Encoder,
    head: torch.Tensor,
    images: np.ndarray,
    labels: np.ndarray,
    *,
    batch_size: int | str = "auto",
    precision: torch.dtype | None = None,
) -> dict:
    """Accuracy, loss and number of images of an encoder under a head, and on which it is right.

    A GPU whose memory does not suffice gets half as many images at once. What leaves the range of float16 is tested again in
    float32. Head and loss are float32 and float64.

    Parameters
    ----------
    encoder : Encoder
        Is put into evaluation mode.
    head : (C, D) tensor
    images : (N, S, S, 3) uint8 array
    labels : (N,) int64 array
        Class indices.
    batch_size : int or "auto", default "auto"
        Images at once.
    precision : torch.dtype or None, default None
        Of the tower's products (autocast); None: float32 on the CPU and float16 on a GPU.

    Returns
    -------
    dict
        `accuracy` in [0, 1], `loss`, the mean cross-entropy in nats, `n`, the number of images, and `right`: on which of them
        it was right, in their order, as text (`files.pack_bits`).

    Raises
    ------
    MergecastError
        If one image alone is too much for the memory, or images have another size than the model takes.
    """
    precision = precision or PRECISION[encoder.device.type]
    evaluation = _tested(encoder.eval(), head, Split(images, labels), batch_size, precision)
    if not math.isfinite(evaluation["loss"]) and precision != torch.float32:
        evaluation = _tested(encoder, head, Split(images, labels), batch_size, torch.float32)
    return evaluation


def _tested(encoder: Encoder, head: torch.Tensor, split: Split, batch_size: int | str, precision: torch.dtype) -> dict:
    device = encoder.device
    head, size = head.to(device), AUTO[device.type] if batch_size == "auto" else batch_size
    right, loss, done = [], torch.zeros((), dtype=torch.float64, device=device), 0
    while done < len(split):
        parts = [slice(start, start + size) for start in range(done, len(split), size)]
        try:
            for pixels, truth in batches(split, parts, device):
                with devices.mixed(device, precision):
                    features = encoder(encoder.preprocess(pixels))
                scores = logits(features, head)
                hits = scores.argmax(dim=1) == truth
                surprise = functional.cross_entropy(scores.double(), truth, reduction="sum")
                # Kept on the device: asking for a number would make the GPU wait for the next batch.
                loss, done = loss + surprise, done + len(truth)
                right.append(hits)
        except torch.OutOfMemoryError as error:
            size = min(size, len(split) - done) // 2
            if not size:
                raise MergecastError(
                    f"model {encoder.model}: one image alone takes more than the memory of {device}; set `device: cpu`, "
                    "or see what else uses the GPU"
                ) from error
    flags = torch.cat(right).cpu().numpy()
    return {"accuracy": int(flags.sum()) / done, "loss": float(loss) / done, "n": done, "right": pack_bits(flags)}


def normalised_accuracy(merged: float, fine_tuned: float, task: str) -> float:
    """Accuracy of a merged model over that of the task's own fine-tuned model.

    Parameters
    ----------
    merged, fine_tuned : float
        Accuracies in [0, 1].
    task : str

    Returns
    -------
    float
        At least 0; may exceed 1.

    Raises
    ------
    MergecastError
        If the fine-tuned accuracy is zero, where the ratio means nothing. The message names the task.
    """
    if fine_tuned <= 0:
        raise MergecastError(
            f"task {task}: its fine-tuned accuracy is 0, so normalised accuracy is undefined; train it longer or leave it out"
        )
    return merged / fine_tuned
