"""Features: what is computed once per checkpoint, or once for the whole grid, and what metrics are then computed from.

A feature is one module of this folder, named after it. It declares, as literals, which are read without importing it:
`SCOPE`: "checkpoint" (a file for each checkpoint) or "grid" (one file for all checkpoints of a setting);
`FILE`: the file below `results/{setting}/features`: "NAME/{task}.safetensors", or "NAME.npz" for the grid;
`RESOURCES`: what its job asks of a cluster: `device` ("cpu" or "gpu"), `minutes`, `memory` in MB and, if that grows with the
    size of a checkpoint, `copies` of one, which are added;
`IMAGES`, if it looks at images: those of the checkpoint's "own" task or of "all" tasks, with the tasks' zero-shot heads;
`IMAGES_PER_TASK`, if it looks at another number of images than the configuration's `calibration.images_per_task`;
`SPLIT = "val"`, if these are validation images, that nobody was trained on, up to `features.images` of a task: a feature that
    looks at accuracies needs such. Without it they are train images;
`NEEDS`, if it is made from other features: their names. With NEEDS and no IMAGES it is made from their files alone. A feature
    of a checkpoint needs features of that checkpoint: features that share a forward pass need the feature that makes it;
`FORWARDS`, if it passes validation images through models: how often each of its own tasks', and of all other tasks';
`SEAL_EACH = True`, if few tensors of its file are read at a time: then each has a hash of its own;
`TABLE`, if forecasters take its numbers as covariates, whose columns are NAME_{array}: "traits", numbers of a task (a file of
    single numbers, or arrays (T,) of the grid); "pairs", numbers of an ordered pair, arrays (T, T) of the grid, the kept task
    first; "library", such numbers of what a task, the second, does to others, of which a forecaster sees the mean over the
    tasks that it is fitted on;
`REASON`, with TABLE, if a forecast can be put down to it: the words, for all arrays or by array, in which may stand {task}
    (with "pairs" also {other}), {array}, {value} and {typical}, or {factor} and {typical_factor}, their exponentials;
`OPTIONAL = True`, with TABLE, if it is computed only where `features.optional` of the configuration names it.

It has up to three functions. A metric imports the module for the last two: they, and the module itself, import no torch.
`compute(given)`, from a `Checkpoint` or a `Grid` (`_given.py`) to the arrays of its file by name;
`read(file)`, what is seen of one file, a mapping from name to array: without it, that mapping;
`pair(a, b, first, second)`, what a metric sees of the pair of tasks a and b, from what is seen of either checkpoint: without
    it, these two. Raises ValueError if they do not fit. Of the grid it is `pair(a, b, seen)`: without it, what is seen.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from .. import catalogue
from ..errors import MergecastError

WING = "features"
DEVICES = ("cpu", "gpu")
TABLES = ("traits", "pairs", "library")
ENDINGS = {"checkpoint": "/{task}.safetensors", "grid": ".npz"}


@dataclass(frozen=True)
class Feature:
    """What a feature's module declares."""

    name: str
    scope: str
    file: str
    resources: dict
    images: str | None
    images_per_task: int | None
    split: str
    needs: tuple[str, ...]
    seal_each: bool
    table: str | None
    forwards: tuple[int, int]
    optional: bool

    @property
    def weights(self) -> bool:
        """Whether it is made from checkpoints, and not from other features alone."""
        return bool(self.images) or not self.needs

    @property
    def stem(self) -> str:
        """Its file without the ending: "spectra/{task}"."""
        return self.file.rpartition(".")[0]


def names() -> tuple[str, ...]:
    """Sorted names of all features."""
    return catalogue.names(WING)


def check(name: str) -> None:
    """Raise MergecastError with the closest name if there is no feature `name`.

    Parameters
    ----------
    name : str

    Raises
    ------
    MergecastError
        If there is none of that name.
    """
    if name not in names():
        raise MergecastError(catalogue.unknown("feature", name, names()))


@cache
def find(name: str) -> Feature:
    """What a feature declares.

    Parameters
    ----------
    name : str

    Returns
    -------
    Feature

    Raises
    ------
    MergecastError
        If there is none of that name, or if what it declares is not possible.
    """
    check(name)
    declared = {
        key: catalogue.literal(WING, name, key.upper(), missing)
        for key, missing in (
            *(("scope", None), ("file", ""), ("resources", {}), ("images", None), ("images_per_task", None)),
            *(
                ("split", "train"),
                ("needs", ()),
                ("seal_each", False),
                ("table", None),
                ("forwards", (0, 0)),
                ("optional", False),
            ),
        )
    }
    feature = Feature(name, **declared | {"needs": tuple(declared["needs"])})
    for fault in _faults(feature):
        raise MergecastError(f"{WING}/{name}.py: {fault}")
    return feature


def _faults(feature: Feature):
    """What is wrong with a declaration, a line each."""
    if feature.scope not in ENDINGS:
        yield f"SCOPE is {feature.scope!r}; give 'checkpoint' or 'grid'"
    elif not feature.file.endswith(ENDINGS[feature.scope]) or feature.file.startswith("/"):
        yield f"FILE is {feature.file!r}; a feature with SCOPE {feature.scope!r} has a file NAME{ENDINGS[feature.scope]}"
    if set(feature.resources) | {"copies"} != {"device", "minutes", "memory", "copies"}:
        yield "RESOURCES must give device, minutes and memory, and may give copies"
    elif feature.resources["device"] not in DEVICES:
        yield f"RESOURCES: device is {feature.resources['device']!r}; give one of {', '.join(DEVICES)}"
    elif feature.resources.get("copies") and not feature.weights:
        yield "RESOURCES: a feature that is made from other features alone reads no checkpoint; leave out copies"
    if feature.images not in (None, "all", *(("own",) if feature.scope == "checkpoint" else ())):
        yield f"IMAGES is {feature.images!r}; give 'all', or 'own' for a feature of one checkpoint, or leave it out"
    if feature.split not in ("train", "val") or feature.split == "val" and (not feature.images or feature.images_per_task):
        yield "SPLIT may be 'val' for a feature with IMAGES and without IMAGES_PER_TASK; leave it out otherwise"
    if feature.table is not None and (feature.table not in TABLES or feature.table != "traits" and feature.scope != "grid"):
        yield f"TABLE is {feature.table!r}; give 'traits' or, for a feature of the grid, 'pairs' or 'library', or leave it out"
    if feature.name in _reached(feature.needs):
        yield "NEEDS leads back to itself; leave one of these features out of it"
    for need in feature.needs:
        if need not in names():
            yield f"NEEDS: {catalogue.unknown('feature', need, names())}"
        elif feature.scope == "checkpoint" and find(need).scope != "checkpoint":
            yield f"NEEDS {need!r}, a feature of the whole grid; a feature of one checkpoint needs features of that checkpoint"


def _reached(needs: Iterable[str]) -> set[str]:
    """All features that these and what they need lead to."""
    pending, reached = list(needs), set()
    while pending:
        need = pending.pop()
        if need in names() and need not in reached:
            reached.add(need)
            pending += catalogue.literal(WING, need, "NEEDS", ())
    return reached


def with_needs(chosen: Iterable[str]) -> tuple[str, ...]:
    """These features and all that they are made from, each after what it is made from.

    Parameters
    ----------
    chosen : iterable of str

    Returns
    -------
    tuple of str
        Each name once.

    Raises
    ------
    MergecastError
        As `find` does.
    """
    ordered: dict[str, None] = {}
    for name in chosen:
        ordered |= dict.fromkeys((*with_needs(find(name).needs), name))
    return tuple(ordered)


def sees_images(name: str) -> bool:
    """Whether a feature, or one that it is made from, looks at images.

    Parameters
    ----------
    name : str

    Returns
    -------
    bool

    Raises
    ------
    MergecastError
        As `find` does.
    """
    return any(find(each).images for each in with_needs([name]))


def calibrated(name: str) -> bool:
    """Whether the configuration's number of calibration images decides over a feature, or over one that it is made from.

    Parameters
    ----------
    name : str

    Returns
    -------
    bool

    Raises
    ------
    MergecastError
        As `find` does.
    """
    every = map(find, with_needs([name]))
    return any(each.images and each.split == "train" and not each.images_per_task for each in every)


def of_table(table: str, optional: Iterable[str] = ()) -> tuple[str, ...]:
    """The features whose numbers stand in a table of covariates.

    Parameters
    ----------
    table : str
        One of `TABLES`.
    optional : iterable of str, default ()
        Those of the optional features that are asked for.

    Returns
    -------
    tuple of str
        Sorted.

    Raises
    ------
    MergecastError
        As `find` does.
    """
    chosen = {*optional}
    return tuple(name for name in names() if find(name).table == table and (name in chosen or not find(name).optional))


def optional() -> tuple[str, ...]:
    """The features that are computed only where they are asked for.

    Returns
    -------
    tuple of str
        Sorted.

    Raises
    ------
    MergecastError
        As `find` does.
    """
    return tuple(name for name in names() if find(name).optional)


def of_weights() -> tuple[str, ...]:
    """The features of weights alone that metrics see, each after what it is made from: those of no table of covariates."""
    return with_needs(name for name in names() if not sees_images(name) and not find(name).table)


def resources(chosen: Iterable[str]) -> dict:
    """RESOURCES of a job that computes these features one after another: a GPU if one of them wants it.

    Parameters
    ----------
    chosen : iterable of str
        At least one.

    Returns
    -------
    dict
        `device`; `minutes`, the sum; `memory` in MB and `copies` of a checkpoint, the largest of each.

    Raises
    ------
    MergecastError
        As `find` does.
    """
    every = [find(name).resources for name in chosen]
    return {
        "device": max((each["device"] for each in every), key=DEVICES.index),
        "minutes": sum(each["minutes"] for each in every),
        "memory": max(each["memory"] for each in every),
        "copies": max(each.get("copies", 0) for each in every),
    }
