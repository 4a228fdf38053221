"""Feature files, opened once each and read pair by pair. Numpy alone, no torch."""

import json
import zipfile
from collections.abc import Iterable
from dataclasses import fields
from functools import lru_cache
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from ..errors import MergecastError
from ..files import SEAL, SEALS, check_seal, digest
from .types import PairFeatures, Probe, Products, ProductTable, Spectrum

TABLES = {"inner_products": "inner_products.npz", "encoder_gradients": "gradient_products.npz"}
FOLDERS = ("spectra", "probes")
PARTS = tuple(field.name for field in fields(Spectrum))
BLOCK = 16  # tasks


def blocked(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The same pairs in an order that keeps to two blocks of tasks for as long as it can, so that a `Store`, which holds
    the spectra of two blocks, reads those of each task once a block and not once a pair, however many tasks there are."""
    pairs = list(pairs)
    place = {task: row for row, task in enumerate(dict.fromkeys(task for pair in pairs for task in pair))}
    return sorted(pairs, key=lambda pair: (place[pair[1]] // BLOCK, place[pair[0]] // BLOCK))


class Store:
    """The features of one setting, from the folder `results/{setting}/features`.

    Every method raises MergecastError naming the file, task or tensor that is missing or broken.
    """

    def __init__(self, folder):
        self.folder = Path(folder)
        self._table = lru_cache(maxsize=None)(_read_table)
        self._file = lru_cache(maxsize=None)(File)
        self._spectra = lru_cache(maxsize=2 * BLOCK)(self._read_spectra)

    def pair(self, a: str, b: str, needs: Iterable[str]) -> PairFeatures:
        """The features of the pair (a, b) that are named in `needs`, and no others."""
        makers = {
            "inner_products": lambda: self._products("inner_products", a, b),
            "spectra": lambda: self._pair_spectra(a, b),
            "probes": lambda: self._probes(a, b),
            "encoder_gradients": lambda: self._products("encoder_gradients", a, b),
        }
        return PairFeatures(a, b, **{need: makers[need]() for need in needs})

    def inputs(self, a: str, b: str, needs: Iterable[str]) -> dict:
        """Content hashes of what the needed features were made from: {"base": …, "checkpoints": {a: …, b: …}}.

        Raises MergecastError if two feature files were made from different checkpoints or bases.
        """
        found: dict[str, tuple[str, Path]] = {}
        for path, hashes in self._origins(a, b, tuple(needs)):
            for what, sha256 in hashes.items():
                known, source = found.setdefault(what, (sha256, path))
                if known != sha256:
                    raise MergecastError(f"{path}: made from another {what} than {source}; delete both and run again")
        hashes = {what: sha256 for what, (sha256, _) in found.items()}
        return {"base": hashes["base"], "checkpoints": {task: hashes[f"checkpoint of {task}"] for task in (a, b)}}

    def _origins(self, a, b, needs):
        for need in needs:
            if need in TABLES:
                path = self.folder / TABLES[need]
                table, base, checkpoints = self._table(path)
                _known(path, table, a, b)
                yield path, {"base": base, **{f"checkpoint of {task}": checkpoints[task] for task in (a, b)}}
            else:
                for task in (a, b):
                    path = self._path(need, task)
                    header = self._file(path).header
                    for key in ("base_sha256", "checkpoint_sha256"):
                        if key not in header:
                            raise MergecastError(f"{path}: its header has no {key!r}; delete the file and run again")
                    yield path, {"base": header["base_sha256"], f"checkpoint of {task}": header["checkpoint_sha256"]}

    def _products(self, need: str, a: str, b: str) -> Products:
        path = self.folder / TABLES[need]
        table, _, _ = self._table(path)
        _known(path, table, a, b)
        return table.pair(a, b)

    def _pair_spectra(self, a: str, b: str) -> dict[str, tuple[Spectrum, Spectrum]]:
        first, second = self._spectra(a), self._spectra(b)
        for name in first.keys() ^ second.keys():
            path = self._path("spectra", a if name in second else b)
            raise MergecastError(f"{path}: has no spectrum of {name!r}, the other task has; delete both and run again")
        return {name: (first[name], second[name]) for name in first}

    def _read_spectra(self, task: str) -> dict[str, Spectrum]:
        file = self._file(self._path("spectra", task))
        names = sorted({name.removesuffix("/values") for name in file.names if name.endswith("/values")})
        if lacking := sorted({f"{name}/{part}" for name in names for part in PARTS} - file.names):
            raise MergecastError(f"{file.path}: has no tensor {lacking[0]!r}; delete the file and run again")
        return {name: StoredSpectrum(file, name) for name in names}

    def _probes(self, a: str, b: str) -> tuple[Probe, Probe]:
        first, second = self._probe(a, (a, b)), self._probe(b, (a, b))
        if first.input_gradient.shape != second.input_gradient.shape:
            raise MergecastError(
                f"{self._path('probes', b)}: probed on other calibration images than {self._path('probes', a)}; "
                "delete both and run again"
            )
        return first, second

    def _probe(self, model: str, images: tuple[str, str]) -> Probe:
        """A model on both tasks' images: activations averaged over images, gradients joined in the pair's order."""
        file = self._file(self._path("probes", model))
        counts = [file[f"{task}/count"].item() for task in images]
        means = [file[f"{task}/activation"].astype(np.float64) for task in images]
        gradients = [file[f"{task}/input_gradient"].reshape(-1) for task in images]
        activation = sum(count * mean for count, mean in zip(counts, means, strict=True)) / sum(counts)
        return Probe(activation, np.concatenate(gradients, dtype=np.float64))

    def _path(self, folder: str, task: str) -> Path:
        return self.folder / folder / f"{task}.safetensors"


def _read_table(path: Path) -> tuple[ProductTable, str, dict[str, str]]:
    """A table of products, the hash of its base, and the hash of each task's checkpoint."""
    _exists(path)
    try:
        with np.load(path, allow_pickle=False) as file:
            tasks, tensors = (tuple(map(str, file[key])) for key in ("tasks", "tensors"))
            table = ProductTable(tasks, tensors, file["products"], file["distances"])
            return table, str(file["base_sha256"]), dict(zip(tasks, map(str, file["sha256"]), strict=True))
    except (zipfile.BadZipFile, KeyError, ValueError, EOFError) as error:
        raise MergecastError(f"{path}: is not a whole table of products ({error}); delete it and run again") from error


class File:
    """A safetensors file of features: its tensors by name, each of which is tested when it is read if the header holds its
    hash; otherwise all of them are when the file is opened.

    Attributes: `path`, `header`, `names`. Raises MergecastError naming the file and what is missing or damaged in it.
    """

    def __init__(self, path: Path):
        _exists(path)
        try:
            self._file = safe_open(path, framework="np")
            self.path, self.header, self.names = path, self._file.metadata() or {}, frozenset(self._file.keys())
            self._hashes = json.loads(self.header.get(SEALS, "{}"))
        except (SafetensorError, ValueError) as error:
            raise MergecastError(f"{path}: is not a whole safetensors file ({error}); delete it and run again") from error
        if SEAL in self.header and not self._hashes:
            check_seal(path, self.header[SEAL], _hash((name, self._file.get_tensor(name)) for name in sorted(self.names)))

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self.names:
            raise MergecastError(f"{self.path}: has no tensor {name!r}; delete the file and run again")
        array = self._file.get_tensor(name)
        if name in self._hashes:
            check_seal(self.path, self._hashes[name], _hash([(name, array)]))
        return array


class StoredSpectrum(Spectrum):
    """A spectrum in a file, each part of which is read when it is first asked for."""

    def __init__(self, file: File, name: str):
        vars(self).update(_file=file, _name=name)

    def __getattr__(self, part: str) -> np.ndarray:
        if part not in PARTS:
            raise AttributeError(part)
        vars(self)[part] = self._file[f"{self._name}/{part}"]
        return vars(self)[part]


def _hash(arrays: Iterable[tuple[str, np.ndarray]]) -> str:
    """As `checkpoints.content_hash`, which made those in headers, by torch's names of types."""
    return digest((name, f"torch.{array.dtype}", array.shape, array.reshape(-1).view(np.uint8)) for name, array in arrays)


def _exists(path: Path) -> None:
    if not path.is_file():
        raise MergecastError(f"{path}: no such file; make it first, with `snakemake {path}`")


def _known(path: Path, table: ProductTable, *tasks: str) -> None:
    for task in tasks:
        if task not in table.tasks:
            raise MergecastError(f"{path}: has no task {task!r}; delete the file and run again")
