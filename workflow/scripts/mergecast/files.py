"""Files that are either whole or absent: atomic writing, strict JSON, and what every result says of its origin."""

import base64
import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager, suppress
from functools import cache
from importlib import metadata
from pathlib import Path

import numpy as np
from safetensors import SafetensorError

from .errors import MergecastError

PACKAGES_OF_NUMBERS = ("torch", "open_clip_torch", "numpy", "scipy", "scikit-learn")
PACKAGES = (*PACKAGES_OF_NUMBERS, "pandas", "safetensors", "snakemake")
SEAL = "content_sha256"  # key of a safetensors header: the hash of the file's own tensors
SEALS = "tensors_sha256"  # the same of each tensor, as JSON, in files of which few are read at a time
REMEDY = "make room or choose another folder"
WRITING, LOCK = ".writing.", ".lock"  # how the folder of a file that is not whole begins; what is locked in it


@contextmanager
def atomic(path):
    """Yield a temporary name to write `path` under; move it there when the block ends well, remove it otherwise.

    It is the same name in a folder beside `path`, since some writers choose the format by it and some, safetensors' among
    them, have temporary files of their own. A writer that is killed leaves that folder behind, for `sweep` to remove: it
    is locked for as long as its writer lives.

    Parameters
    ----------
    path : Path or str
        Its folder is made if there is none.

    Yields
    ------
    Path

    Raises
    ------
    MergecastError
        If the disk or the folder refuses the file.
    """
    path, folder = Path(path), None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f"{WRITING}{path.name}.", dir=path.parent))
        with open(folder / LOCK, "wb") as lock:
            with suppress(OSError):  # a disk without locks: nothing is swept there
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield folder / path.name
            os.chmod(folder / path.name, 0o666 & ~_umask())
            os.replace(folder / path.name, path)
    except (OSError, SafetensorError) as error:
        raise MergecastError(f"{path}: cannot be written ({getattr(error, 'strerror', None) or error}); {REMEDY}") from error
    finally:
        if folder:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def atomic_folder(path):
    """Yield an empty folder to write the files of `path` into; it becomes `path` when the block ends well, and goes otherwise.

    Parameters
    ----------
    path : Path or str
        It must not be there. Its parent is made if there is none.

    Yields
    ------
    Path

    Raises
    ------
    MergecastError
        If it is there already, or the disk refuses.
    """
    path, folder = Path(path), None
    if path.exists():
        raise MergecastError(f"{path}: is there already; name another folder")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f"{WRITING}{path.name}.", dir=path.parent))
        yield folder
        folder.chmod(0o777 & ~_umask())
        os.replace(folder, path)
    except OSError as error:
        raise MergecastError(f"{path}: cannot be written ({error.strerror or error}); {REMEDY}") from error
    finally:
        if folder:
            shutil.rmtree(folder, ignore_errors=True)


def sweep(folder) -> list[Path]:
    """Remove what killed writers left in a folder and below it, and return it; what a living one writes stays.

    Parameters
    ----------
    folder : Path or str
        It may be missing.

    Returns
    -------
    list of Path
        The folders removed, sorted.
    """
    removed = []
    for left in sorted(Path(folder).rglob(f"{WRITING}*")):
        with suppress(OSError), open(left / LOCK, "ab") as lock:  # its writer lives, has just ended, or is another user's
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(left)
            removed.append(left)
    return removed


def write_text(path, text: str) -> None:
    """Write `text` as UTF-8, whole or not at all.

    Parameters
    ----------
    path : Path or str
    text : str

    Raises
    ------
    MergecastError
        As `atomic` does.
    """
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path, value) -> None:
    """Write strict JSON with sorted keys.

    Parameters
    ----------
    path : Path or str
    value : what JSON can hold

    Raises
    ------
    MergecastError
        If a number is not finite, and as `atomic` does.
    """
    try:
        text = json.dumps(value, indent=1, sort_keys=True, allow_nan=False)
    except ValueError as error:
        raise MergecastError(f"{path}: a value is not finite, which a result may never be ({error})") from error
    write_text(path, text + "\n")


def write_csv(path, table) -> None:
    """Write a tidy table as CSV: no index, full float precision, undefined values empty.

    Parameters
    ----------
    path : Path or str
    table : DataFrame

    Raises
    ------
    MergecastError
        As `atomic` does.
    """
    with atomic(path) as temporary:
        table.to_csv(temporary, index=False)


def read_json(path):
    """Read a JSON result.

    Parameters
    ----------
    path : Path or str

    Returns
    -------
    what JSON can hold

    Raises
    ------
    MergecastError
        If the file is missing or not JSON.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise MergecastError(f"{path}: no such file; make it first, with `snakemake {path}` if it is a result") from error
    except (ValueError, UnicodeDecodeError) as error:
        raise MergecastError(f"{path}: is not JSON ({error}); delete it and run again") from error


def digest(arrays) -> str:
    """SHA-256 of arrays, in the order they come in.

    Parameters
    ----------
    arrays : iterable of (name, type, shape, bytes)

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    sha256 = hashlib.sha256()
    for name, dtype, shape, data in arrays:
        sha256.update(f"{name}\0{dtype}\0{tuple(shape)}\0".encode())
        sha256.update(data)
        del data  # before the next is made
    return sha256.hexdigest()


def check_seal(path, stated: str, actual: str) -> None:
    """Raise MergecastError if the header of a file states another hash of its tensors than they were found to have.

    Parameters
    ----------
    path : Path or str
        What the error names.
    stated : str
        The hash in the header.
    actual : str
        The hash of the tensors.

    Raises
    ------
    MergecastError
        If the two differ.
    """
    if stated != actual:
        raise MergecastError(
            f"{path}: is damaged: its tensors do not have the hash that its header states; "
            "delete it and run again, or copy it again if it came from elsewhere"
        )


def file_hash(path) -> str:
    """SHA-256 of a file's bytes.

    Parameters
    ----------
    path : Path or str

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def pack_bits(right: np.ndarray) -> str:
    """Flags, a bit each, as text that stands in a result and in a table: base64 of the packed bytes.

    Parameters
    ----------
    right : (n,) array of bool

    Returns
    -------
    str
        One character for six flags.
    """
    return base64.b64encode(np.packbits(right).tobytes()).decode("ascii")


def unpack_bits(text: str, count: int) -> np.ndarray:
    """The flags again.

    Parameters
    ----------
    text : str
        From `pack_bits`.
    count : int
        Their number, which the text does not say.

    Returns
    -------
    (count,) array of bool
    """
    return np.unpackbits(np.frombuffer(base64.b64decode(text), np.uint8), count=count).astype(bool)


def versions() -> dict[str, str]:
    """Versions of Mergecast, Python and the packages a number may depend on; those not installed are left out.

    Returns
    -------
    mapping from name to version
        In a git checkout also its `commit`, with "-dirty" behind it if files differ from that commit.
    """
    return {**packages(), **_commit()}


@cache
def packages() -> dict[str, str]:
    """Versions of Mergecast, Python and the packages a number may depend on; those not installed are left out."""
    own = vars(sys.modules[__package__])["__version__"]  # not by an import: a new version alone remakes no result
    installed = {"mergecast": own, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            installed[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return installed


@cache
def _commit() -> dict[str, str]:
    """The commit of the checkout this file is tracked in; nothing for an installed package or without git."""
    here = Path(__file__)
    git = ("git", "-C", str(here.parent))
    try:
        subprocess.run([*git, "ls-files", "--error-unmatch", here.name], check=True, capture_output=True)
        described = [*git, "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty"]
        return {"commit": subprocess.run(described, check=True, capture_output=True, text=True).stdout.strip()}
    except (OSError, subprocess.CalledProcessError):
        return {}


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
