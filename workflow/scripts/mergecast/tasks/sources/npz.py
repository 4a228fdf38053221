"""Your own images: a NumPy .npz file with train and test images, their labels and the class names."""

import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ...errors import MergecastError
from ...pretenders import pretender
from .. import options
from ..images import Split, Splits

ARRAYS = ("train_images", "train_labels", "test_images", "test_labels", "class_names")
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError)


class Rows(Sequence):
    """The images of one array of a .npz file, each read when it is asked for: cheap in ascending order, packed or not."""

    def __init__(self, path: str, name: str, origin: str):
        self.origin = origin
        self._file = zipfile.ZipFile(path).open(f"{name}.npy")  # noqa: SIM115, it lives as long as this sequence
        version = np.lib.format.read_magic(self._file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        self.shape, self.fortran_order, self.dtype = read(self._file)
        self._start = self._file.tell()

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: int) -> np.ndarray:
        """Raises MergecastError if the file ends before, or is damaged."""
        length = int(np.prod(self.shape[1:]))
        try:
            self._file.seek(self._start + index * length)
            return np.frombuffer(self._file.read(length), self.dtype).reshape(self.shape[1:])
        except DAMAGED as error:
            raise MergecastError(f"{self.origin} is not a whole .npz file ({error}); make it again") from error


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
    return options.read(row, {})


def load(row: dict, *, size: int, seed: int) -> Splits:
    """Images, labels and class names of the file `row["path"]`.

    It holds the arrays `train_images`, `test_images` (uint8, N×H×W grey or N×H×W×3), `train_labels`, `test_labels` (integers
    from 0), `class_names` (text); other arrays are ignored, pickled ones refused. "_" in the name of a class is read as
    a space.

    Parameters
    ----------
    row : mapping from column to text
    size, seed : int
        Not used.

    Returns
    -------
    Splits
        Each image is read when it is asked for, unless the file stores them in Fortran's order.

    Raises
    ------
    MergecastError
        Naming the task, the file and the array: no path, missing or damaged file, missing array, pickled array, wrong type or
        shape. As `read_options` does.
    """
    task, path = row["task"], options.path(row, "a .npz file")
    read_options(row)
    if not Path(path).is_file():
        found = pretender(path, "arrays") or "no such file; check `path` in tasks.tsv"
        raise MergecastError(f"task {task}: {path}: {found}")
    if not zipfile.is_zipfile(path):
        found = pretender(path, "arrays") or "is not a whole .npz file; make it again with numpy.savez"
        raise MergecastError(f"task {task}: {path}: {found}")
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: _array(file, name, task, path) for name in ARRAYS}
    except DAMAGED as error:
        raise MergecastError(f"task {task}: {path}: is not a whole .npz file ({error}); make it again") from error
    for name in ("train_images", "test_images"):
        array = arrays[name]
        if array.dtype != np.uint8:
            raise MergecastError(f"task {task}: {path}: {name} has type {array.dtype}; images must be uint8, 0 to 255")
        shape = array.shape
        if len(shape) not in (3, 4) or (len(shape) == 4 and shape[3] != 3) or 0 in shape[1:]:
            raise MergecastError(f"task {task}: {path}: {name} has shape {shape}; it must be N×H×W or N×H×W×3")
    for name in ("train_labels", "test_labels"):
        array = arrays[name]
        if array.ndim != 1 or array.dtype.kind not in "iu":
            raise MergecastError(
                f"task {task}: {path}: {name} has type {array.dtype} and shape {array.shape}; it must be N whole numbers"
            )
    class_names = arrays["class_names"]
    if class_names.ndim != 1 or class_names.dtype.kind != "U":
        raise MergecastError(
            f"task {task}: {path}: class_names has type {class_names.dtype} and shape {class_names.shape}; "
            "it must be a list of text"
        )
    train, test = (Split(arrays[f"{part}_images"], arrays[f"{part}_labels"].astype(np.int64)) for part in ("train", "test"))
    return Splits(tuple(name.replace("_", " ") for name in class_names.tolist()), train, test)


def _array(file, name: str, task: str, path: str) -> np.ndarray | Rows:
    """An array of the file; the images as `Rows`, unless they are stored in Fortran's order and have none."""
    if name not in file.files:
        raise MergecastError(f"task {task}: {path}: has no array {name!r}; it needs {', '.join(ARRAYS)}")
    try:
        rows = Rows(path, name, f"task {task}: {path}: {name}") if name.endswith("_images") else None
        return file[name] if rows is None or rows.fortran_order else rows
    except ValueError as error:
        if "pickle" not in str(error):
            raise
        raise MergecastError(f"task {task}: {path}: {name} is a pickled array, which is refused; save plain arrays") from error
