"""Images of a task that a user names on the command line: a file or a folder, with the names of its classes."""

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .. import tasks
from ..catalogue import is_name
from ..errors import MergecastError
from ..pretenders import pretender
from ..tasks import Split, images, open_task
from ..tasks.images import limit
from ..tasks.table import COLUMNS

FLAT = ("images", "labels", "class_names")  # arrays of an .npz file of nothing but images to measure on
PROMPTS = ("a photo of {}.",)
HUGGING_FACE = ("dataset_dict.json", "dataset_info.json", "state.json", "*.parquet", "data/*.parquet")


@dataclass(frozen=True)
class Shown:
    """Images that nobody was trained on, as the tower takes them (uint8, n×S×S×3), their labels and names of classes."""

    name: str
    split: Split
    class_names: tuple[str, ...]
    prompts: tuple[str, ...]
    source: str


def of_study(path, *, most: int, seed: int) -> Shown:
    """The validation images that the study measured on, from its file of prepared images.

    Parameters
    ----------
    path : Path or str
    most, seed : int
        As for `of_path`.

    Returns
    -------
    Shown

    Raises
    ------
    MergecastError
        If the file is missing or damaged.
    """
    return _validation(open_task(path), str(path), most, seed)


def of_path(name: str, path, *, size: int, most: int, seed: int) -> Shown:
    """Images from an .npz file, a folder of pictures or a folder of a Hugging Face data set.

    Where a file or folder has images to train and to test on, a tenth of those to train on is taken: the very images that
    the workflow holds back from fine-tuning. A folder of nothing but one folder for each class, and an .npz file with
    `images`, `labels` and `class_names`, are taken whole.

    Parameters
    ----------
    name : str
        Of the task.
    path : Path or str
    size : int
        Side of the images in pixels.
    most : int
        At most so many images are taken, a choice seeded by the name.
    seed : int

    Returns
    -------
    Shown

    Raises
    ------
    MergecastError
        Naming the task and the path, if it is neither of these, or for whatever its source refuses.
    """
    path = Path(path)
    if not is_name(name):
        raise MergecastError(f"--task {name}={path}: {name!r} cannot name a task; use letters, digits, '-', '.' and '_'")
    if not path.exists():
        found = pretender(path, "images") or "no such file or folder; check the path"
        raise MergecastError(f"--task {name}={path}: {found}")
    row = dict.fromkeys(COLUMNS, "") | {"task": name, "path": str(path)}
    if path.is_file():
        if path.suffix != ".npz":
            raise MergecastError(f"--task {name}={path}: is no .npz file; give one, a folder of pictures or of a data set")
        return _flat_file(name, path, size, most, seed) or _found(row | {"source": "npz"}, size, most, seed)
    if any(next(path.glob(pattern), None) for pattern in HUGGING_FACE):
        return _found(row | {"source": "huggingface"}, size, most, seed)
    if (path / "train").is_dir():
        return _found(row | {"source": "folder"}, size, most, seed)
    task = tasks.find(row | {"source": "folder", "options": "train=. test=."}, size=size, seed=seed)
    return _taken(name, task.test, task.class_names, task.prompts, str(path), most, seed)


def _found(row: dict, size: int, most: int, seed: int) -> Shown:
    return _validation(tasks.find(row, size=size, seed=seed), row["path"], most, seed)


def _validation(task, source: str, most: int, seed: int) -> Shown:
    return _taken(task.name, task.val, task.class_names, task.prompts, source, most, seed)


def _taken(name, split, class_names, prompts, source, most, seed) -> Shown:
    chosen = limit(len(split), most, task=name, part="features", seed=seed)
    pictures = split.images
    if isinstance(pictures, images.Resized):
        pictures = np.stack(list(images.Resized(pictures.source, pictures.chosen[chosen], pictures.size)))
    else:
        pictures = np.asarray(pictures[chosen])
    return Shown(name, Split(pictures, split.labels[chosen]), tuple(class_names), tuple(prompts), source)


def _flat_file(name, path, size, most, seed) -> Shown | None:
    """An .npz file of `FLAT` arrays; None if it has others."""
    where = f"--task {name}={path}"
    try:
        with np.load(path, allow_pickle=False) as file:
            if not {*FLAT} <= {*file.files}:
                return None
            pictures, labels, class_names = (file[key] for key in FLAT)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        found = pretender(path, "arrays") or f"is not a whole .npz file ({error}); make it again"
        raise MergecastError(f"{where}: {found}") from error
    if pictures.dtype != np.uint8 or pictures.ndim not in (3, 4) or pictures.ndim == 4 and pictures.shape[3] != 3:
        raise MergecastError(f"{where}: images are {pictures.dtype} {pictures.shape}; give uint8, N×H×W or N×H×W×3")
    if labels.shape != pictures.shape[:1] or labels.dtype.kind not in "iu":
        raise MergecastError(f"{where}: labels are {labels.dtype} {labels.shape}; give a whole number for each image")
    names = tuple(map(str, class_names.tolist()))
    split = Split(images.Resized(pictures, np.arange(len(pictures)), size), labels.astype(np.int64))
    task = images.check(tasks.Task(name, "npz", names, PROMPTS, split, split, split))
    return _taken(name, split, names, task.prompts, str(path), most, seed)
