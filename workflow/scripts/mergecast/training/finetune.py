"""Fine-tuning of the visual tower on one task, under its frozen zero-shot head."""

import math
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from torch.nn import functional
from tqdm import tqdm

from ..errors import MergecastError
from ..evaluation import evaluate
from ..evaluation.loading import batches
from ..models import devices
from ..models.encoders import Encoder, logits
from ..seeding import seed_for
from ..tasks import Task
from .progress import UNSAVED, Progress
from .schedule import learning_rate as scheduled

OPTIMIZERS = ("AdamW", "SGD")
PRECISION = {"cpu": torch.float32, "cuda": torch.bfloat16}  # gradients need the range of float32


@dataclass(frozen=True)
class Recipe:
    """How a task is fine-tuned: the keys of `recipe` in the configuration.

    `learning_rate` is the peak, reached after `warmup_steps`; `momentum` is SGD's; `clip_norm` bounds the gradient.
    The length is either `steps` or `epochs`, passes over the train split. The validation split is looked at
    `evaluations` times.
    """

    optimizer: str = "AdamW"
    learning_rate: float = 1e-3
    weight_decay: float = 0.1
    momentum: float = 0.9
    batch_size: int = 64
    epochs: int | None = None
    steps: int | None = None
    warmup_steps: int = 10
    clip_norm: float = 1.0
    evaluations: int = 4


def finetune(
    encoder: Encoder, head: torch.Tensor, task: Task, recipe: Recipe, *, seed: int, progress: Progress = UNSAVED
) -> tuple[dict[str, torch.Tensor], list[dict]]:
    """Train all weights of the visual tower, in place, by cross-entropy; return its state and the training curve.

    AdamW (its own betas) or SGD with momentum, weight decay on all tensors, the rate warmed up and then cosine to zero over
    the total steps, the norm of the gradient clipped. Every pass is shuffled by the task's name and `seed`; its last batch
    may be smaller. The validation split is looked at evenly, the last time at the end; it chooses nothing. The test split is
    not touched. On a GPU the tower runs in bfloat16 autocast; weights, gradients, the optimizer's state, head and loss are
    float32.

    Parameters
    ----------
    encoder : Encoder
    head : (C, D) tensor
        Frozen.
    task : Task
    recipe : Recipe
    seed : int
    progress : Progress, default UNSAVED
        What it holds of the same run is resumed.

    Returns
    -------
    tuple of dict from tensor name to tensor and list of dict
        The state, on the CPU, and the curve, one row per step: `step` (from 1), `learning_rate`, `train_loss` (nats) and
        `train_accuracy` (in [0, 1]) of the batch before its update, `validation_accuracy` (in [0, 1]; None between
        evaluations).

    Raises
    ------
    MergecastError
        If the optimizer is unknown, there is no length or two, or a loss or gradient is not finite, naming the task and the
        step.

    Notes
    -----
    Loshchilov and Hutter, 2019 (AdamW).
    """
    total = _steps(task, recipe)
    weights = list(encoder.parameters())
    trainer = _optimizer(recipe, weights)
    head = head.to(encoder.device)
    marks = {math.ceil(total * (index + 1) / recipe.evaluations) for index in range(recipe.evaluations)}
    done, curve = progress.resume(encoder, trainer)
    order = _batches(len(task.train), recipe.batch_size, total, seed_for("order of images", task.name, seed=seed))
    shuffled = batches(task.train, islice(order, done, None), encoder.device)
    bar = tqdm(shuffled, initial=done, total=total, desc=task.name)
    for step, (images, truth) in enumerate(bar, start=done):
        rate = scheduled(step, peak=recipe.learning_rate, warmup_steps=recipe.warmup_steps, total_steps=total)
        for group in trainer.param_groups:
            group["lr"] = rate
        encoder.train()
        with devices.mixed(encoder.device, PRECISION[encoder.device.type]):
            features = encoder(encoder.preprocess(images))
        scores = logits(features, head)
        loss = functional.cross_entropy(scores, truth)
        trainer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(weights, recipe.clip_norm)
        if not (torch.isfinite(loss) and torch.isfinite(norm)):
            raise MergecastError(
                f"task {task.name}: the loss is not finite at step {step + 1} of {total}; "
                "lower `learning_rate` or raise `warmup_steps`"
            )
        trainer.step()
        row = {
            "step": step + 1,
            "learning_rate": rate,
            "train_loss": loss.item(),
            "train_accuracy": float((scores.argmax(dim=1) == truth).float().mean()),
            "validation_accuracy": None,
        }
        if step + 1 in marks:
            row["validation_accuracy"] = evaluate(encoder, head, task.val.images, task.val.labels)["accuracy"]
        curve.append(row)
        progress.save(step + 1, encoder, trainer, curve)
    return encoder.eval().state(), curve


def _steps(task: Task, recipe: Recipe) -> int:
    if (recipe.steps is None) == (recipe.epochs is None):
        raise MergecastError(f"task {task.name}: give either `steps` or `epochs` of fine-tuning, not both and not neither")
    steps = recipe.epochs * math.ceil(len(task.train) / recipe.batch_size) if recipe.steps is None else recipe.steps
    if steps < 1:
        raise MergecastError(f"task {task.name}: fine-tuning needs at least one step; raise `steps` or `epochs`")
    return steps


def _optimizer(recipe: Recipe, weights: list) -> torch.optim.Optimizer:
    rate, decay = recipe.learning_rate, recipe.weight_decay
    if recipe.optimizer == "AdamW":
        return torch.optim.AdamW(weights, lr=rate, weight_decay=decay)
    if recipe.optimizer == "SGD":
        return torch.optim.SGD(weights, lr=rate, momentum=recipe.momentum, weight_decay=decay)
    raise MergecastError(f"optimizer: {recipe.optimizer!r} is unknown; choose {' or '.join(OPTIMIZERS)}")


def _batches(images: int, batch_size: int, total: int, seed: int):
    """`total` batches of indices: pass after pass over all images, each in a new order."""
    rng = np.random.default_rng(seed)
    made = 0
    while made < total:
        order = rng.permutation(images)
        for start in range(0, images, batch_size):
            if made == total:
                return
            yield order[start : start + batch_size]
            made += 1
