"""How good a merged model is: every task of the merge tested with its own frozen head on its whole test split."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import torch

from ..models.encoders import Encoder
from ..tasks import Split
from . import evaluate, normalised_accuracy


@dataclass(frozen=True)
class TaskTest:
    """What a merged model is asked for one task, and what the task's own fine-tuned model reached (top-1, in [0, 1])."""

    task: str
    head: torch.Tensor
    test: Split
    fine_tuned_accuracy: float


def merge_quality(encoder: Encoder, tests: Sequence[TaskTest], *, batch_size: int | str) -> dict:
    """Accuracy, normalised accuracy and loss (nats), by task in `results` and as unweighted means over the tasks.

    Normalised accuracy is merged / fine-tuned accuracy of the same task; it may exceed 1.
    Raises MergecastError naming the task whose fine-tuned accuracy is zero.
    """
    results = {}
    for test in tests:
        found = evaluate(encoder, test.head, test.test.images, test.test.labels, batch_size=batch_size)
        results[test.task] = {
            "accuracy": found["accuracy"],
            "normalised_accuracy": normalised_accuracy(found["accuracy"], test.fine_tuned_accuracy, test.task),
            "loss": found["loss"],
            "n_images": found["n"],
            "fine_tuned_accuracy": test.fine_tuned_accuracy,
        }
    keys = ("accuracy", "normalised_accuracy", "loss")
    return {key: fmean(result[key] for result in results.values()) for key in keys} | {"results": results}
