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
    """Accuracy, normalised accuracy and loss of a merged model, by task and as unweighted means over the tasks.

    Parameters
    ----------
    encoder : Encoder
        With the merged weights.
    tests : sequence of TaskTest
        At least 1.
    batch_size : int or "auto"
        Images at once.

    Returns
    -------
    dict
        `accuracy` in [0, 1], `normalised_accuracy`, merged / fine-tuned accuracy of the same task, which may exceed 1, and
        `loss` in nats: the means. `results`: mapping from task to these three, `n_images`, `fine_tuned_accuracy` and
        `right`, on which images it is right (`files.pack_bits`).

    Raises
    ------
    MergecastError
        If a fine-tuned accuracy is zero, naming the task, or as `evaluate` does.
    """
    results = {}
    for test in tests:
        evaluation = evaluate(encoder, test.head, test.test.images, test.test.labels, batch_size=batch_size)
        results[test.task] = {
            "accuracy": evaluation["accuracy"],
            "normalised_accuracy": normalised_accuracy(evaluation["accuracy"], test.fine_tuned_accuracy, test.task),
            "loss": evaluation["loss"],
            "n_images": evaluation["n"],
            "right": evaluation["right"],
            "fine_tuned_accuracy": test.fine_tuned_accuracy,
        }
    keys = ("accuracy", "normalised_accuracy", "loss")
    return {key: fmean(result[key] for result in results.values()) for key in keys} | {"results": results}
