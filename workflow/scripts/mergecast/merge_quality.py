"""How good a merged model is: every task of the merge tested with its own frozen head on its whole test split."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import torch

from .encoders import Encoder
from .evaluation import evaluate, normalised_accuracy
from .tasks import Split


@dataclass(frozen=True)
class Trial:
    """What a merged model is asked for one task, and what the task's own fine-tuned model reached (top-1, in [0, 1])."""

    task: str
    head: torch.Tensor
    test: Split
    fine_tuned_accuracy: float


def merge_quality(encoder: Encoder, trials: Sequence[Trial], *, batch_size: int | str) -> dict:
    """Accuracy, normalised accuracy and loss (nats), by task in `results` and as unweighted means over the tasks.

    Normalised accuracy is merged / fine-tuned accuracy of the same task; it may exceed 1.
    Raises MergecastError naming the task whose fine-tuned accuracy is zero.
    """
    results = {}
    for trial in trials:
        found = evaluate(encoder, trial.head, trial.test.images, trial.test.labels, batch_size=batch_size)
        results[trial.task] = {
            "accuracy": found["accuracy"],
            "normalised_accuracy": normalised_accuracy(found["accuracy"], trial.fine_tuned_accuracy, trial.task),
            "loss": found["loss"],
            "n_images": found["n"],
            "fine_tuned_accuracy": trial.fine_tuned_accuracy,
        }
    keys = ("accuracy", "normalised_accuracy", "loss")
    return {key: fmean(result[key] for result in results.values()) for key in keys} | {"results": results}
