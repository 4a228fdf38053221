"""What a user names to be forecast, opened and checked: a base, checkpoints, images of their tasks, heads."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from ..catalogue import is_name
from ..errors import MergecastError
from ..models import names
from ..models.checkpoints import State, content_hash, open_checkpoint, save
from ..models.encoders import open_clip_file, open_head, zero_shot_head
from ..models.external.checkpoint import read_checkpoint
from ..prediction.forecaster import Forecaster
from ..tasks import Split
from .images import Shown, of_path, of_study
from .study import Study

LIBRARY_IMAGES = 400  # of all tasks of a library, of a tower so large that more would take minutes


def named(models: Sequence) -> dict[str, Path]:
    """Checkpoints by name: that of the file or folder, whatever their headers say.

    Parameters
    ----------
    models : sequence of Path or str
        Each a path, or `NAME=PATH`.

    Returns
    -------
    dict from str to Path

    Raises
    ------
    MergecastError
        For fewer than two, a name that cannot be that of a task, and as `models.names.named` does.
    """
    if len(models) < 2:
        raise MergecastError(f"forecast: {len(models)} checkpoint is given; name two or more, fine-tuned from the base")
    by_name = names.named(models, headers=False)
    for name, path in by_name.items():
        if not is_name(name):
            raise MergecastError(f"{path}: {name!r} cannot name a task; give NAME={path}, of letters, digits, '-', '.' and '_'")
    return by_name


class Origin:
    """The base of checkpoints, beside the base of a study. `state`: its tensors; `same`: whether it is the study's own;
    `fits`: whether it has at least its shape, so that its images can be looked at.

    Raises MergecastError if it cannot be read.
    """

    def __init__(self, path, study: Study, kept: Forecaster, folder: Path):
        self.path, self.study, self.kept = path, study, kept
        self.state = self._open(path, folder)
        self.same = content_hash(self.state) == kept.about["base"]
        self.fits = self.same or self._shapes(self.state) == self._shapes(self.own)

    @cached_property
    def own(self) -> State:
        """The base of the study, whose header names the model."""
        return State(self.study.folder / "base.safetensors")

    @cached_property
    def clip(self):
        """The whole CLIP of the study, whose text tower makes heads, and its model's name."""
        name = self.kept.about["images"]["clip"]
        return open_clip_file(self.study.folder.parent / "bases" / name / "clip.safetensors")

    @staticmethod
    def _open(path, folder: Path) -> State:
        try:
            return open_checkpoint(path)
        except MergecastError:  # of another layout, or no checkpoint at all, as its reader will say
            pass
        save(folder / "base.safetensors", read_checkpoint(path).state)
        return State(folder / "base.safetensors")

    @staticmethod
    def _shapes(state: State) -> dict:
        return {name: state.shape(name) for name in state}


def shown(
    origin: Origin, models: Mapping[str, Path], images: Mapping[str, object], known: Mapping[str, str]
) -> dict[str, Shown]:
    """Images by checkpoint: those given, else those of the task of the study that it is, or is called like; none for others.

    Parameters
    ----------
    origin : Origin
    models : mapping from name to Path
    images : mapping from name to Path or str
    known : mapping from name to str
        The task of the study that a checkpoint is.

    Returns
    -------
    dict from name to Shown

    Raises
    ------
    MergecastError
        As `of_path` and `of_study` do.
    """
    about, found = origin.kept.about, {}
    options = {"most": about["images"]["most"], "seed": about["seed"]}
    for name in models:
        task = known.get(name, name)
        own = origin.study.prepared(task, about["images"]["size"])
        if name in images:
            found[name] = of_path(name, images[name], size=about["images"]["size"], **options)
        elif own.is_file():
            found[name] = of_study(own, **options)
    return found


def head(origin: Origin, name: str, images: Shown, path=None) -> torch.Tensor:
    """The head that a checkpoint is tested under.

    Parameters
    ----------
    origin : Origin
    name : str
    images : Shown
    path : Path or str, optional
        A file with the tensor `weight`. Without it the names of the classes go through the study's text tower.

    Returns
    -------
    (C, D) tensor

    Raises
    ------
    MergecastError
        If the head has another number of classes than the images.
    """
    if path is None:
        return zero_shot_head(*origin.clip, images.class_names, images.prompts)
    weight = open_head(path)
    if weight.ndim != 2 or len(weight) != len(images.class_names):
        raise MergecastError(
            f"--head {name}={path}: has shape {tuple(weight.shape)}, but the images of {name} have {len(images.class_names)} "
            "classes; give a row for each"
        )
    return weight


def library(origin: Origin, most: int | None) -> tuple[dict[str, Shown], dict[str, dict[str, np.ndarray]]]:
    """The images of a forecaster's library, and what is known of them.

    Parameters
    ----------
    origin : Origin
    most : int or None
        At most so many images of all tasks together, evenly spread; None: all.

    Returns
    -------
    two dicts by task
        Images, and `Forecaster.library` of these images.

    Raises
    ------
    MergecastError
        If a file of images is missing, or holds others than the library was made with.
    """
    about, pictures, views = origin.kept.about, {}, {}
    for task, known in origin.kept.library.items():
        path = origin.study.prepared(task, about["images"]["size"])
        found = of_study(path, most=about["images"]["most"], seed=about["seed"])
        if not np.array_equal(found.split.labels, known["labels"]):
            raise MergecastError(f"{path}: holds other images than the forecaster's library; make the forecaster again")
        count = len(found.split) if most is None else min(len(found.split), max(1, most // len(origin.kept.library)))
        places = np.linspace(0, len(found.split) - 1, count).round().astype(int)
        pictures[task] = Shown(task, Split(found.split.images[places], found.split.labels[places]), *_described(found))
        views[task] = {key: array if key == "head" else array[places] for key, array in known.items()}
    return pictures, views


def _described(found: Shown):
    return found.class_names, found.prompts, found.source
