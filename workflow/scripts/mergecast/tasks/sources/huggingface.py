"""A data set of the Hugging Face hub, or a local folder that the library `datasets` can read."""

import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...catalogue import unknown
from ...errors import MergecastError
from ...pretenders import pretender
from .. import options
from ..images import Split, Splits
from ..pictures import decode, line

DEFAULTS = {
    "name": "",
    "revision": "",
    "image": "image",
    "label": "label",
    "train": "train",
    "test": "test",
    "transpose": False,
}
# What `save_to_disk` leaves in the folder of a DatasetDict, and in that of a single split.
SAVED, SAVED_SPLIT = "dataset_dict.json", "state.json"
BIG = (".arrow", ".parquet", ".tar", ".zip")  # endings of files that a clone may hold pointers to


@dataclass(frozen=True)
class Column(Sequence):
    """The pictures of a column, each decoded when it is asked for. `rows`: a `datasets.Dataset` of that column alone."""

    rows: object
    origin: str
    transpose: bool

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> np.ndarray:
        """Raises MergecastError naming the item if it has no picture, or one that is damaged."""
        origin = f"{self.origin} item {index}"
        (cell,) = self.rows[index].values()
        if not cell or (cell["bytes"] is None and cell["path"] is None):
            raise MergecastError(f"{origin}: has no picture; take it out")
        image = decode(cell["path"] if cell["bytes"] is None else io.BytesIO(cell["bytes"]), origin)
        return image.swapaxes(0, 1) if self.transpose else image


def read_options(row: dict) -> dict:
    """Options of a row.

    Parameters
    ----------
    row : mapping from column to text

    Returns
    -------
    mapping from option to bool, int or str

    Raises
    ------
    MergecastError
        As `options.read` does.
    """
    return options.read(row, DEFAULTS)


def load(row: dict, *, size: int, seed: int) -> Splits:
    """Pictures and labels of the data set `path`, on the hub or in a folder.

    `path` is an id on the hub (`owner/name`), a folder written by `DatasetDict.save_to_disk`, or a folder of Parquet or other
    files that `datasets.load_dataset` reads. Options: `name` (of the configuration) and `revision` on the hub; columns `image`
    and `label`; split names `train` and `test`; `transpose=yes` where rows and columns of the pictures are exchanged (EMNIST).
    Labels are a ClassLabel; or whole numbers, for the names in the column `classes` of tasks.tsv; or text, whose values are the
    classes in sorted order. "_" in the name of a class is read as a space. What is not in the hub's cache is downloaded, unless
    HF_HUB_OFFLINE is set.

    Parameters
    ----------
    row : mapping from column to text
    size, seed : int
        Not used.

    Returns
    -------
    Splits
        Each picture is decoded when it is asked for.

    Raises
    ------
    MergecastError
        Naming the task, the data set and the split, column or item at fault. As `read_options` does.
    """
    task, path = row["task"], options.path(row, "the id of a data set on the hub, or a folder")
    chosen, origin = read_options(row), f"task {task}: {path}"
    data_set, names, splits = _open(origin, path, chosen["name"], chosen["revision"]), (), []
    for part in ("train", "test"):
        where, rows = f"{origin}: {chosen[part]}", _split(origin, data_set, part, chosen[part])
        for column in (chosen["image"], chosen["label"]):
            if column not in rows.column_names:
                raise MergecastError(f"{where}: {unknown('column', column, rows.column_names)}; name it in `options`")
        # The classes are those of the train split, which is read first; the test split must have the same.
        names, labels = _labels(where, rows, chosen["label"], names, options.listed(row, "classes"))
        splits.append(Split(Column(_pictures(where, rows, chosen["image"]), where, chosen["transpose"]), labels))
    return Splits(tuple(name.replace("_", " ") for name in names), *splits)


def _open(origin: str, path: str, name: str, revision: str):
    """The splits of a data set, by name (`datasets.DatasetDict`), their files mapped."""
    try:
        import datasets
    except ImportError as error:
        raise MergecastError(
            f"{origin}: source huggingface needs the package datasets; install it with `pip install 'mergecast[huggingface]'`"
        ) from error
    local = os.path.isdir(path)
    if os.path.isfile(os.path.join(path, SAVED_SPLIT)):
        raise MergecastError(f"{origin}: holds a single split; save a DatasetDict of train and test instead")
    try:
        if local and os.path.isfile(os.path.join(path, SAVED)):
            return datasets.DatasetDict.load_from_disk(path)
        return datasets.load_dataset(path, name or None, revision=revision or None)
    except ConnectionError as error:
        arguments = ", ".join(repr(part) for part in (path, name) if part) + (f", revision={revision!r}" if revision else "")
        raise MergecastError(
            f"{origin}: is no folder here, not in the cache, and the hub cannot be reached ({line(error)}); where it can, run "
            f'`python -c "import datasets; datasets.load_dataset({arguments})"`, and set HF_HOME to that cache here'
        ) from error
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, datasets.exceptions.DatasetsError) as error:
        if local and (told := _pretender_below(path)):
            raise MergecastError(f"{origin}: {told}") from error
        remedy = "make it again" if local else "check the id, the options `name` and `revision`, and your access to it"
        # The library's own words for a damaged file are no more than that there was an error.
        fault = error.__cause__ if isinstance(error, datasets.exceptions.DatasetGenerationError) else None
        raise MergecastError(f"{origin}: cannot be read ({line(fault or error)}); {remedy}") from error


def _pretender_below(folder: str) -> str | None:
    """The first file of a data set in whose place another lies, and what that is."""
    files = (file for file in sorted(Path(folder).rglob("*")) if file.suffix in BIG)
    return next((f"{file.relative_to(folder)} {told}" for file in files if (told := pretender(file, "pictures"))), None)


def _split(origin: str, data_set, part: str, name: str):
    if name not in data_set:
        raise MergecastError(f"{origin}: {unknown('split', name, data_set)}; name it in `options`: {part}=...")
    return data_set[name]


def _pictures(where: str, rows, column: str):
    """The column alone, its pictures left as the bytes or the path of their file."""
    import datasets
    import pyarrow

    try:
        return rows.select_columns([column]).cast_column(column, datasets.Image(decode=False))
    except (ValueError, TypeError, pyarrow.ArrowException, datasets.exceptions.DatasetsError) as error:
        raise MergecastError(
            f"{where}: column {column!r} holds no pictures, but {rows.features[column]}; name another with image=..."
        ) from error


def _labels(where: str, rows, column: str, names: tuple[str, ...], listed: tuple[str, ...]):
    """The names of the classes and the label of every row (int64), for `names` of the train split, or () if this is it."""
    feature, values = rows.features[column], rows[column][:]
    if empty := [index for index, value in enumerate(values) if value in (None, -1)]:
        raise MergecastError(f"{where} item {empty[0]}: has no label; name a split that has labels with train=... or test=...")
    classes = getattr(feature, "names", None)
    kinds = {type(value) for value in values}
    if classes is None and kinds <= {str}:
        classes = names or tuple(sorted(set(values)))
        if foreign := sorted(set(values) - set(classes)):
            raise MergecastError(f"{where}: class {foreign[0]!r} does not occur in the train split; give both the same classes")
        indices = {name: index for index, name in enumerate(classes)}
        values = [indices[value] for value in values]
    elif classes is None and kinds <= {int, bool}:
        classes = listed
        if not classes:
            raise MergecastError(
                f"{where}: column {column!r} holds numbers without names; list the names in `classes`, in their order"
            )
    elif classes is None:
        raise MergecastError(f"{where}: column {column!r} holds no labels, but {feature}; name another with label=...")
    if names and tuple(classes) != names:
        raise MergecastError(f"{where}: its classes are not those of the train split; give both the same classes")
    return tuple(classes), np.array(values, np.int64)
