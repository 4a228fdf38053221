"""The file of a task: its images written one by one and mapped, so that neither end holds more than it uses."""

import json
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from tqdm import tqdm

from ..errors import MergecastError
from ..files import atomic
from ..pretenders import pretender
from .images import SPLITS, Split, Task, check

DTYPES = {"I64": np.dtype("<i8"), "U8": np.dtype("u1")}
BUFFER = 1 << 20


def save(path, task: Task) -> None:
    """Write a task as safetensors: `{split}_images`, `{split}_labels`; header: task, source, class_names, prompts.

    By hand, since the library wants every tensor in memory at once.

    Parameters
    ----------
    path : Path or str
    task : Task

    Raises
    ------
    MergecastError
        If the disk or the folder refuses the file, or a picture cannot be decoded.
    """
    metadata = {
        "task": task.name,
        "source": task.source,
        "class_names": json.dumps(task.class_names),
        "prompts": json.dumps(task.prompts),
    }
    splits = {name: getattr(task, name) for name in sorted(SPLITS)}
    shapes = {f"{name}_labels": ("I64", split.labels.shape) for name, split in splits.items()}
    shapes |= {f"{name}_images": ("U8", split.images.shape) for name, split in splits.items()}
    with atomic(path) as temporary, open(temporary, "wb", buffering=BUFFER) as file:
        file.write(_header(metadata, shapes))
        for split in splits.values():
            file.write(split.labels.astype(DTYPES["I64"]).tobytes())
        for name, split in splits.items():
            for image in tqdm(split.images, desc=f"{task.name} {name}", unit="image", mininterval=1):
                file.write(image.tobytes())


def open_task(path) -> Task:
    """Map a prepared task: images are read from the file when they are used, and cannot be written.

    Parameters
    ----------
    path : Path or str

    Returns
    -------
    Task

    Raises
    ------
    MergecastError
        If the file is missing, damaged or not one of ours.
    """
    if not Path(path).is_file():
        raise MergecastError(f"{path}: no such file; prepare the task's images first, with `snakemake {path}`")
    try:
        with safe_open(path, framework="numpy") as file:  # refuses a header that does not fit the file's length
            header = file.metadata() or {}
        tensors = _mapped(path)
        splits = {name: Split(tensors[f"{name}_images"], np.array(tensors[f"{name}_labels"])) for name in SPLITS}
        class_names, prompts = (tuple(json.loads(header[key])) for key in ("class_names", "prompts"))
        return check(Task(header["task"], header["source"], class_names, prompts, **splits))
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        found = pretender(path, "images") or f"is not a whole file of prepared images ({error}); delete it and run again"
        raise MergecastError(f"{path}: {found}") from error


def _header(metadata: dict[str, str], shapes: dict[str, tuple[str, tuple[int, ...]]]) -> bytes:
    """The length of the header in 8 bytes, then the header, padded so that the data behind it is aligned to 8."""
    entries, end = {"__metadata__": metadata}, 0
    for name, (dtype, shape) in shapes.items():
        start, end = end, end + DTYPES[dtype].itemsize * int(np.prod(shape))
        entries[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end]}
    text = json.dumps(entries).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def _mapped(path) -> dict[str, np.ndarray]:
    """Every tensor of a safetensors file as a read-only view of one map of it."""
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        entries = json.loads(file.read(length))
    entries.pop("__metadata__", None)
    data = np.memmap(path, np.uint8, "r", offset=8 + length)
    return {
        name: data[slice(*entry["data_offsets"])].view(DTYPES[entry["dtype"]]).reshape(entry["shape"])
        for name, entry in entries.items()
    }
