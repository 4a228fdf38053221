"""What a forecaster looks at, measured on checkpoints that are in no study: a few forward passes, no merge."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch

from .. import catalogue, features
from ..errors import MergecastError
from ..features._given import Checkpoint, Grid
from ..features._images import interpolated
from ..features._views import HALF, SHARES, embedded
from ..models.checkpoints import State
from ..models.encoders import open_encoder
from ..prediction.forecaster import Forecaster
from .images import Shown
from .pairs import Traits
from .reasons import owner

BATCH = 50
LARGE = 2e7  # parameters of a tower for which bfloat16 is taken, where the processor multiplies it
ALWAYS = {0.0, HALF, 1.0}  # shares of a task vector that ratios and sums need


@dataclass(frozen=True)
class Subject:
    """A checkpoint to forecast: its weights, the images of its task and the head that it is tested under (C, D), if any.

    `task`: that of the library which it is, or is called like: what it does to itself is no harm.
    """

    task: str
    model: Mapping[str, torch.Tensor]
    shown: Shown | None = None
    head: torch.Tensor | None = None


def traits(
    forecaster: Forecaster,
    base: Mapping[str, torch.Tensor],
    subjects: Mapping[str, Subject],
    library: Mapping[str, Shown],
    *,
    device: torch.device,
    model: State | None = None,
    same_base: bool = True,
    progress: Callable[[int], None] = lambda done: None,
) -> Traits:
    """The covariates of a forecaster for these checkpoints.

    Parameters
    ----------
    forecaster : Forecaster
    base : mapping from tensor name to tensor
        What the checkpoints were fine-tuned from.
    subjects : mapping from name to Subject
    library : mapping from task to Shown
        Images of the tasks of the forecaster's library, on which it is measured what a checkpoint does to others. May be empty
        if no covariate asks for it.
    device : torch.device
    model : State, optional
        A file that names the model of the tower: the base of the study. Needed if a covariate looks at images.
    same_base : bool, default True
        Whether `base` is the base of the study: then what that sees of the library's images is known.
    progress : callable, optional
        Called with the number of images that were just passed through a model.

    Returns
    -------
    Traits

    Raises
    ------
    MergecastError
        For a covariate that cannot be measured outside a study, and images that do not fit the tower.
    """
    wanted = _wanted(forecaster)
    views, cross_views, tried, before = {}, {}, {}, {}
    if shares := _shares(forecaster):
        tested = library if "library" in wanted else {}
        seen = _Seen(open_encoder(model, device=device), base, subjects, tested, shares, progress)
        views, cross_views, tried, before = seen.look(same_base)
    one = _of_grid(wanted.get("traits", ()), tuple(subjects), base, subjects, views, cross_views)
    two = _of_grid(wanted.get("pairs", ()), tuple(subjects), base, subjects, views, cross_views)
    names = list(subjects)
    return Traits(
        {name: {key: float(array[place]) for key, array in one.items()} for place, name in enumerate(names)},
        {name: _harm(wanted, name, views.get(name), tried.get(name, {}), forecaster, before) for name in names},
        {
            (a, b): {key: float(array[names.index(a), names.index(b)]) for key, array in two.items()}
            for a in names
            for b in names
            if a != b
        },
    )


def passes(forecaster: Forecaster, subjects: Mapping[str, Subject], library: Mapping[str, Shown], *, same_base: bool) -> int:
    """How many images `traits` passes through a model.

    Parameters
    ----------
    forecaster : Forecaster
    subjects : mapping from name to Subject
    library : mapping from task to Shown
    same_base : bool

    Returns
    -------
    int
    """
    if not (shares := _shares(forecaster)):
        return 0
    own = sum(len(subject.shown.split) for subject in subjects.values())
    counts = {task: len(shown.split) for task, shown in library.items()} if "library" in _wanted(forecaster) else {}
    tried = sum(sum(counts.values()) - counts.get(subject.task, 0) for subject in subjects.values())
    return own * (len(shares) + len(subjects) - 1) + tried + (0 if same_base else sum(counts.values()))


def _wanted(forecaster: Forecaster) -> dict[str, list[str]]:
    """The features that its covariates are made of, by table. Raises MergecastError for one that needs the whole study."""
    wanted: dict[str, list[str]] = {}
    for column in forecaster.covariates:
        name, _ = owner(column.partition(" ")[2])
        if not name:
            raise MergecastError(f"forecaster: no feature makes its covariate {column!r}; make the forecaster again")
        feature = features.find(name)
        if {*feature.needs} - {"views", "cross_views"} or feature.images:
            raise MergecastError(f"forecaster: its covariate {column!r} needs the whole study; choose another forecaster")
        if name not in wanted.setdefault(feature.table, []):
            wanted[feature.table].append(name)
    return wanted


def _shares(forecaster: Forecaster) -> list[float]:
    """Shares of a task vector at which its own images are looked at: those that covariates name, and what is needed beside."""
    shares: set[float] = set()
    for column in forecaster.covariates:
        name, array = owner(column.partition(" ")[2])
        feature = features.find(name)
        if "views" in feature.needs:
            shares |= ALWAYS
            if feature.table == "traits":
                shares |= {share for share in SHARES if str(share) == array} or {*SHARES}
    return sorted(shares)


class _Seen:
    """Embeddings of images, one state of weights after another in one encoder."""

    def __init__(self, encoder, base, subjects, library, shares, progress):
        self.encoder, self.base, self.subjects, self.library = encoder, base, subjects, library
        self.shares, self.progress = shares, progress
        if sum(parameter.numel() for parameter in encoder.parameters()) >= LARGE and fast(encoder.device):
            halve(encoder)

    def look(self, same_base: bool):
        views = {
            name: {"labels": subject.shown.split.labels, "head": np.asarray(subject.head.float())}
            for name, subject in self.subjects.items()
        }
        cross: dict = {name: {} for name in self.subjects}
        tried: dict = {name: {} for name in self.subjects}
        before: dict = {}
        self.encoder.load(self.base)
        for name, subject in self.subjects.items():
            views[name]["0.0"] = self._embedded(subject.shown.split)
        if not same_base:
            before = {task: self._embedded(shown.split) for task, shown in self.library.items()}
        for name, subject in self.subjects.items():
            for share in self.shares:
                if share == 0:
                    continue
                self.encoder.load(interpolated(self.base, subject.model, share))
                views[name][str(share)] = self._embedded(subject.shown.split)
                if share == HALF:
                    others = {other: each for other, each in self.subjects.items() if other != name}
                    cross[name] = {other: self._embedded(each.shown.split) for other, each in others.items()}
                    others = {task: shown for task, shown in self.library.items() if task != subject.task}
                    tried[name] = {task: self._embedded(shown.split) for task, shown in others.items()}
        return views, cross, tried, before

    def _embedded(self, split) -> np.ndarray:
        parts = []
        for start in range(0, len(split), BATCH):
            part = split.take(slice(start, start + BATCH))
            parts.append(np.asarray(embedded(self.encoder, part)))
            self.progress(len(part))
        return np.concatenate(parts)


def halve(encoder) -> None:
    """Turn a tower to bfloat16, weights and all: four times the images a second of float32 on a processor that multiplies it.

    Parameters
    ----------
    encoder : Encoder
        Changed in place. It takes and gives what it did.
    """
    encoder.visual.to(torch.bfloat16)
    encoder.visual.register_forward_pre_hook(lambda tower, given: tuple(each.to(torch.bfloat16) for each in given))
    encoder.visual.register_forward_hook(lambda tower, given, seen: seen.float())


def fast(device: torch.device) -> bool:
    """Whether a device multiplies bfloat16 natively.

    Parameters
    ----------
    device : torch.device

    Returns
    -------
    bool
    """
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    tiles = getattr(torch.cpu, "_is_amx_tile_supported", None)  # torch has no public name for it
    return bool(tiles and tiles())


def _of_grid(names, tasks, base, subjects, views, cross_views) -> dict[str, np.ndarray]:
    """The arrays of features by column, (T,) or (T, T)."""
    columns: dict = {}
    for name in names:
        compute = catalogue.load(features.WING, name).compute
        if features.find(name).scope == "checkpoint":
            files = [compute(Checkpoint(task=task, base=base, model=subjects[task].model)) for task in tasks]
            columns |= {f"{name}_{key}": np.array([float(file[key]) for file in files]) for key in files[0]}
        else:
            grid = Grid(tasks=tasks, features={"views": views, "cross_views": cross_views}, progress=False)
            columns |= {f"{name}_{key}": array for key, array in compute(grid).items()}
    return columns


def _harm(wanted, name, own, tried, forecaster, before) -> dict[str, float]:
    """What a checkpoint does to the tasks of the library, the mean over them.

    Under another base than the study's its displacement is added to what the study's models see.
    """
    if "library" not in wanted:
        return {}
    library = {task: dict(forecaster.library[task]) for task in tried}
    for task, embeddings in tried.items():
        if task in before:
            tried[task] = embeddings - before[task] + library[task]["0.0"]
    tasks = (*library, name)
    views, cross_views = {**library, name: own}, {name: tried}
    columns = _of_grid(wanted["library"], tasks, None, {}, views, cross_views)
    return {key: math.fsum(array[:-1, -1]) / len(library) for key, array in columns.items()}
