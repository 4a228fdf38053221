"""Feature files, opened once each and read pair by pair. Numpy alone, no torch."""

import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from .. import catalogue
from ..errors import MergecastError
from ..files import SEAL, SEALS, check_seal, digest
from ..pretenders import pretender
from . import WING, calibrated, find
from ._types import PairFeatures

BLOCK = 16  # tasks
ORIGIN = ("tasks", "sha256", "base_sha256")  # arrays of a table of the grid that say what it was made from


def blocked(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The same pairs in an order that keeps to two blocks of tasks for as long as it can, so that a `Store`, which holds
    what it read of two blocks, reads that of each task once a block and not once a pair, however many tasks there are."""
    pairs = list(pairs)
    place = {task: row for row, task in enumerate(dict.fromkeys(task for pair in pairs for task in pair))}
    return sorted(pairs, key=lambda pair: (place[pair[1]] // BLOCK, place[pair[0]] // BLOCK))


def seen(name: str, file: Mapping[str, np.ndarray]):
    """What is seen of one file of a feature."""
    read = getattr(_module(name), "read", None)
    return read(file) if read else file


def seen_of_pair(name: str, a: str, b: str, *values):
    """What a metric sees of a pair of tasks, from what is seen of either checkpoint, or of the grid."""
    pair = getattr(_module(name), "pair", None)
    return pair(a, b, *values) if pair else values if len(values) > 1 else values[0]


class Store:
    """The features of one setting, from the folder `results/{setting}/features`; with `calibration`, those that depend on the
    number of calibration images come from that folder.

    Every method raises MergecastError naming the file, task or tensor that is missing or broken.
    """

    def __init__(self, folder, calibration=None):
        self.folder, self.calibration = Path(folder), Path(calibration or folder)
        self._file = lru_cache(maxsize=None)(self._open)
        self._seen = cache(lambda name: lru_cache(maxsize=2 * BLOCK)(lambda task: seen(name, self._file(name, task))))

    def pair(self, a: str, b: str, needs: Iterable[str]) -> PairFeatures:
        """The features of the pair (a, b) that are named in `needs`, and no others."""
        return PairFeatures(a, b, **{need: self._pair(need, a, b) for need in needs})

    def one(self, name: str, task: str | None = None):
        """What is seen of the feature of one checkpoint, or of the grid."""
        return self._seen(name)(task)

    def covariates(self, name: str, tasks: Iterable[str]) -> dict[str, np.ndarray]:
        """The numbers of a feature that declares a TABLE, by column: (T,) of the tasks, or (T, T) of ordered pairs of them."""
        tasks = list(tasks)
        if find(name).scope == "checkpoint":
            files = [self._file(name, task) for task in tasks]
            return {f"{name}_{array}": np.array([file[array].item() for file in files]) for array in files[0]}
        table = self._file(name, None)
        table.check(*tasks)
        order = [table.tasks.index(task) for task in tasks]
        return {f"{name}_{array}": table[array][np.ix_(*[order] * table[array].ndim)] for array in table if array not in ORIGIN}

    def inputs(self, a: str, b: str, needs: Iterable[str]) -> dict:
        """Content hashes of what the needed features were made from: {"base": …, "checkpoints": {a: …, b: …}}.

        Raises MergecastError if two feature files were made from different checkpoints or bases.
        """
        origins: dict[str, tuple[str, Path]] = {}
        for path, hashes in self._origins(a, b, needs):
            for what, sha256 in hashes.items():
                known, source = origins.setdefault(what, (sha256, path))
                if known != sha256:
                    raise MergecastError(f"{path}: made from another {what} than {source}; delete both and run again")
        hashes = {what: sha256 for what, (sha256, _) in origins.items()}
        return {"base": hashes["base"], "checkpoints": {task: hashes[f"checkpoint of {task}"] for task in (a, b)}}

    def _pair(self, name: str, a: str, b: str):
        if find(name).scope == "grid":
            self._file(name, None).check(a, b)
            return seen_of_pair(name, a, b, self.one(name))
        try:
            return seen_of_pair(name, a, b, self.one(name, a), self.one(name, b))
        except ValueError as error:
            first, second = (self._path(name, task) for task in (a, b))
            raise MergecastError(f"{second}: does not fit {first} ({error}); delete both and run again") from error

    def _origins(self, a: str, b: str, needs: Iterable[str]) -> Iterator[tuple[Path, dict[str, str]]]:
        for name in needs:
            if find(name).scope == "grid":
                table = self._file(name, None)
                table.check(a, b)
                yield table.path, table.origin(a, b)
            else:
                for task in (a, b):
                    file = self._file(name, task)
                    yield file.path, file.origin(task)

    def _path(self, name: str, task: str | None) -> Path:
        return (self.calibration if calibrated(name) else self.folder) / find(name).file.format(task=task)

    def _open(self, name: str, task: str | None) -> "File | Table":
        return (File if task else Table)(self._path(name, task))


class _Arrays(Mapping):
    """The arrays of a file by name; the names are those of `_names`."""

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class Table(_Arrays):
    """An npz file of a feature of the grid: its arrays by name, all read when it is opened.

    Raises MergecastError naming the file and what is missing or damaged in it.
    """

    def __init__(self, path: Path):
        _exists(path)
        try:
            with np.load(path, allow_pickle=False) as file:
                self.path, self._names = path, {name: file[name] for name in file.files}
            self._base = str(self._names["base_sha256"])
            tasks, hashes = (map(str, self._names[key]) for key in ("tasks", "sha256"))
            self._hashes = dict(zip(tasks, hashes, strict=True))
            self.tasks = list(self._hashes)
        except (zipfile.BadZipFile, KeyError, ValueError, EOFError) as error:
            found = pretender(path, "features") or f"is not a whole table of features ({error}); delete it and run again"
            raise MergecastError(f"{path}: {found}") from error

    def check(self, *tasks: str) -> None:
        """Raise MergecastError naming a task that it does not know."""
        for task in tasks:
            if task not in self._hashes:
                raise MergecastError(f"{self.path}: has no task {task!r}; delete the file and run again")

    def origin(self, *tasks: str) -> dict[str, str]:
        """Content hashes of the base and of the checkpoints of these tasks."""
        return {"base": self._base, **{f"checkpoint of {task}": self._hashes[task] for task in tasks}}

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self:
            raise MergecastError(f"{self.path}: has no array {name!r}; delete the file and run again")
        return self._names[name]


class File(_Arrays):
    """A safetensors file of one checkpoint's feature: its arrays by name, each of which is tested when it is read if the
    header holds its hash; otherwise all of them are when the file is opened.

    Raises MergecastError naming the file and what is missing or damaged in it.
    """

    def __init__(self, path: Path):
        _exists(path)
        try:
            self._file = safe_open(path, framework="np")
            self.path, self.header, self._names = path, self._file.metadata() or {}, dict.fromkeys(sorted(self._file.keys()))
            self._hashes = json.loads(self.header.get(SEALS, "{}"))
        except (SafetensorError, ValueError) as error:
            found = pretender(path, "features") or f"is not a whole safetensors file ({error}); delete it and run again"
            raise MergecastError(f"{path}: {found}") from error
        if SEAL in self.header and not self._hashes:
            check_seal(path, self.header[SEAL], _hash((name, self._file.get_tensor(name)) for name in self))

    def origin(self, task: str) -> dict[str, str]:
        """Content hashes of the base and of the checkpoint of this task."""
        for key in ("base_sha256", "checkpoint_sha256"):
            if key not in self.header:
                raise MergecastError(f"{self.path}: its header has no {key!r}; delete the file and run again")
        return {"base": self.header["base_sha256"], f"checkpoint of {task}": self.header["checkpoint_sha256"]}

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self:
            raise MergecastError(f"{self.path}: has no tensor {name!r}; delete the file and run again")
        array = self._file.get_tensor(name)
        if name in self._hashes:
            check_seal(self.path, self._hashes[name], _hash([(name, array)]))
        return array


@cache
def _module(name: str):
    return catalogue.load(WING, name)


def _hash(arrays: Iterable[tuple[str, np.ndarray]]) -> str:
    """As `checkpoints.content_hash`, which made those in headers, by torch's names of types."""
    return digest((name, f"torch.{array.dtype}", array.shape, array.reshape(-1).view(np.uint8)) for name, array in arrays)


def _exists(path: Path) -> None:
    if not path.is_file():
        raise MergecastError(f"{path}: no such file; make it first, with `snakemake {path}`")
