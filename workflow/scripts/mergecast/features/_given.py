"""What a feature is computed from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

State = Mapping[str, Any]  # name -> tensor


@dataclass(frozen=True)
class Images:
    """Files of prepared images and of zero-shot heads, by task; how many images of each task's `split` are looked at (of
    "val" at most so many), the seed that chooses them, and the key that asks for so many, for errors. `_images.py` opens
    them."""

    files: Mapping[str, Path]
    heads: Mapping[str, Path]
    per_task: int
    seed: int
    asked_by: str
    split: str = "train"


@dataclass(frozen=True, kw_only=True)
class Given:
    """What a feature of either scope is given. `base` is None for a feature made from other features alone, `images` for one
    that declares no IMAGES; `features` holds those it NEEDS, by name."""

    base: State | None = None
    images: Images | None = None
    device: Any = "cpu"
    features: Mapping[str, Mapping] = field(default_factory=dict)
    progress: bool = True
    made: dict = field(default_factory=dict)

    def once(self, make: Callable, *arguments):
        """`make(self, …)`, called once however many features of a job ask for it: a checkpoint in an encoder, say."""
        if (make, *arguments) not in self.made:
            self.made[make, *arguments] = make(self, *arguments)
        return self.made[make, *arguments]


@dataclass(frozen=True, kw_only=True)
class Checkpoint(Given):
    """The checkpoint of one task: the state `model`, read tensor by tensor. `features` are those of this checkpoint, each a
    state: tensors by name."""

    task: str
    model: State | None = None


@dataclass(frozen=True, kw_only=True)
class Grid(Given):
    """All checkpoints of a setting: the states `models` by task. `features` of a checkpoint are states by task, those of the
    grid arrays by name."""

    tasks: tuple[str, ...]
    models: Mapping[str, State] = field(default_factory=dict)
