"""Image tasks from several sources behind one door. Nothing here imports torch."""

from .. import catalogue
from ..errors import MergecastError
from . import images
from .images import Split, Task, open_task, save

__all__ = ["Split", "Task", "load", "open_task", "save", "known_sources"]


def known_sources() -> tuple[str, ...]:
    """Names of the sources, one module each."""
    return catalogue.names("tasks.sources")


def load(row: dict, *, size: int, seed: int, validation_fraction: float = 0.1) -> Task:
    """The task of one row of tasks.tsv, as size×size RGB images.

    `row` has text for `task`, `source` and, where needed, `path`, `options` (`name=value` pairs set apart by spaces),
    `classes` and `prompts` (each list set apart by `|`); absent or empty means the source's own. The validation split
    is a choice of `validation_fraction` of the train images, seeded by the task's name. Raises MergecastError for an
    unknown source, and for whatever the source or the checks of `images.check` refuse.
    """
    name, source = row["task"], row["source"]
    if source not in known_sources():
        raise MergecastError(f"task {name}: {catalogue.unknown('source', source, known_sources())}")
    splits = catalogue.load("tasks.sources", source).load(row, size=size, seed=seed)
    class_names = _listed(row, "classes") or splits.class_names
    if len(class_names) != len(splits.class_names):
        raise MergecastError(
            f"task {name}: `classes` lists {len(class_names)} names, its source has {len(splits.class_names)} classes; "
            "give one name a class, set apart by |"
        )
    prompts = _listed(row, "prompts") or splits.prompts
    # Checked before carving as well, so that an empty or mismatched train split is named as what it is.
    images.check(Task(name, source, class_names, prompts, splits.train, splits.train, splits.test))
    train, val = images.carve(splits.train, validation_fraction, task=name, seed=seed)
    parts = (images.Split(images.square(part.images, size), part.labels) for part in (train, val, splits.test))
    return images.check(Task(name, source, class_names, prompts, *parts))


def _listed(row: dict, key: str) -> tuple[str, ...]:
    text = row.get(key)
    return tuple(part.strip() for part in text.split("|")) if isinstance(text, str) and text.strip() else ()
