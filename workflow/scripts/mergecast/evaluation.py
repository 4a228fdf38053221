"""How well an encoder does a task: accuracy and loss under a frozen head, accuracy relative to the fine-tuned model."""

import numpy as np
import torch
from torch.nn import functional

from .encoders import Encoder, logits
from .errors import MergecastError


@torch.inference_mode()
def evaluate(encoder: Encoder, head: torch.Tensor, images: np.ndarray, labels: np.ndarray, *, batch_size: int = 200) -> dict:
    """Accuracy in [0,1], mean cross-entropy in nats and number of images, as {"accuracy", "loss", "n"}.

    `images` is uint8 N×S×S×3, `labels` N class indices, `head` C×D. On a GPU the tower runs in bfloat16 autocast.
    """
    encoder.eval()
    device = encoder.device
    head = head.to(device)
    correct, loss = 0, 0.0
    for start in range(0, len(labels), batch_size):
        truth = torch.from_numpy(labels[start : start + batch_size]).to(device)
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            features = encoder(encoder.preprocess(images[start : start + batch_size]))
        scores = logits(features, head)
        correct += int((scores.argmax(dim=1) == truth).sum())
        loss += float(functional.cross_entropy(scores.double(), truth, reduction="sum"))
    return {"accuracy": correct / len(labels), "loss": loss / len(labels), "n": len(labels)}


def normalised_accuracy(merged: float, fine_tuned: float, task: str) -> float:
    """Accuracy of a merged model over that of the task's own fine-tuned model.

    Raises MergecastError naming the task when the fine-tuned accuracy is zero, where the ratio means nothing.
    """
    if fine_tuned <= 0:
        raise MergecastError(
            f"task {task}: its fine-tuned accuracy is 0, so normalised accuracy is undefined; train it longer or leave it out"
        )
    return merged / fine_tuned
