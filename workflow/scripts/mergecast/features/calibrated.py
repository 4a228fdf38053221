"""The files of one checkpoint's features on calibration images, for any number of images a task."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch

from ..models.checkpoints import State, content_hash, save
from ..models.encoders import Encoder, open_encoder, open_head
from ..tasks import Task, open_task
from . import probes
from .gradients import encoder_gradient

Shown = Mapping[str, tuple[Task, torch.Tensor]]
FURTHER_SIZE = "an entry of analysis.calibration_sizes"


def shown(tasks: Iterable[str], images: Iterable[str], heads: Iterable[str], base: State) -> Shown:
    """Each task's images and its zero-shot head, from their files, by the task's name."""
    found = {}
    for name, path, head in zip(tasks, images, heads, strict=True):
        task = open_task(path)
        found[name] = task, open_head(head, class_names=task.class_names, base=base)
    return found


@dataclass(frozen=True)
class Calibrated:
    """The checkpoint of one task in its encoder. `origin` is what its files say of it, `seed` chooses the images."""

    encoder: Encoder
    origin: dict[str, str]
    seed: int

    @classmethod
    def place(cls, base: State, model: State, task: str, *, seed: int, device) -> "Calibrated":
        """Load a checkpoint of that task, once for all its files, into an encoder on a device."""
        origin = {"task": task, "checkpoint_sha256": content_hash(model), "base_sha256": content_hash(base)}
        return cls(open_encoder(base, device=device).load(model), origin, seed)

    def save_probes(self, path, tasks: Shown, images_per_task: int, *, key: str = probes.SIZE) -> None:
        """Write what the checkpoint does on n images of every task: `probes.probe`.

        Raises MergecastError naming the task with fewer train images, and `key`, which asked for so many.
        """
        found = {
            name: probes.probe(self.encoder, head, probes.calibration(task, images_per_task, seed=self.seed, key=key))
            for name, (task, head) in tasks.items()
        }
        save(path, probes.tensors(found), self._header(images_per_task))

    def save_gradient(self, path, tasks: Shown, images_per_task: int, *, key: str = probes.SIZE) -> None:
        """Write the gradient of the loss on n images of the checkpoint's own task: `encoder_gradient`; errors as above."""
        task, head = tasks[self.origin["task"]]
        images = probes.calibration(task, images_per_task, seed=self.seed, key=key)
        save(path, encoder_gradient(self.encoder, head, images), self._header(images_per_task))

    def _header(self, images_per_task: int) -> dict[str, str]:
        return self.origin | {"calibration": json.dumps({"images_per_task": images_per_task, "seed": self.seed})}
