"""Hashes of what a user gives, files and folders, by content: a touch or a copy changes nothing, an edit always does.

Whatever its time says, a file put in the place of another is another: its size, its inode or the time of its last change,
which no copying tool sets, says that it has to be read again. So each is read once, and not once per run.
"""

import hashlib
import json
import os
import stat
import sys
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

from ..errors import MergecastError
from ..files import write_json

CACHE = Path(".snakemake/mergecast/content")
SMALL = 2**20  # bytes: what is smaller is read again, which costs less than to keep its hash
LARGE = 2 * 10**9  # bytes: what is larger takes its time, which is said
SETTLED = 2.0  # seconds: what changed later than that may change again in the same tick of the file system's clock


@cache
def content_hash_of(path) -> str:
    """SHA-256 of a file's bytes or, for a folder, of the names and bytes of all files below it.

    Of what is large it is kept below `.snakemake`, if that can be written, by the names, sizes, times and inodes of the files.

    Parameters
    ----------
    path : Path or str

    Returns
    -------
    str
        64 hexadecimal digits; "" where there is nothing to read: no such path (an id of the hub), an empty folder, a file that
        may not be read, which the job that needs it will say.
    """
    try:
        files = _files(Path(path))
        state = hashlib.sha256("".join(f"{name}\0{_state(status)}\n" for name, status in files.items()).encode()).hexdigest()
        size = sum(status.st_size for status in files.values())
        if size < SMALL:
            return _hash(Path(path), files)
        kept = CACHE / f"{hashlib.sha256(os.path.abspath(path).encode()).hexdigest()[:32]}.json"
        with suppress(OSError, ValueError, KeyError, TypeError):  # not kept yet, or not as we keep it
            known = json.loads(kept.read_text(encoding="utf-8"))
            if known["state"] == state:
                return known["sha256"]
        if size > LARGE:
            print(f"{path}: {size / 1e9:.0f} GB are read once, to know them again", file=sys.stderr)
        sha256 = _hash(Path(path), files)
    except OSError:
        return ""
    if all(time.time() - status.st_ctime > SETTLED for status in files.values()):
        with suppress(MergecastError):  # a folder that cannot be written: it is read again next time
            write_json(kept, {"path": str(path), "state": state, "sha256": sha256})
    return sha256


def _files(path: Path) -> dict[str, os.stat_result]:
    """Regular files at or below a path by their names relative to it, sorted, links followed."""
    places = [path]
    if path.is_dir():
        places = [Path(place, name) for place, _, names in os.walk(path, followlinks=True) for name in names]
    statuses = {os.path.relpath(place, path): place.stat() for place in places if place.exists()}
    return {name: statuses[name] for name in sorted(statuses) if stat.S_ISREG(statuses[name].st_mode)}


def _state(status: os.stat_result) -> str:
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino}"


def _hash(path: Path, files: dict[str, os.stat_result]) -> str:
    """The hash of one file is that of its bytes; of several, or of a folder, that of names and hashes."""
    hashes = {}
    for name in files:
        with open(path / name if path.is_dir() else path, "rb") as handle:
            hashes[name] = hashlib.file_digest(handle, "sha256").hexdigest()
    if not path.is_dir():
        return hashes.get(".", "")
    return (
        hashlib.sha256("".join(f"{name}\0{digest}\n" for name, digest in hashes.items()).encode()).hexdigest() if hashes else ""
    )
