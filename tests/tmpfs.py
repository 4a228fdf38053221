"""A small disk that fills up: a tmpfs, which only root may mount."""

import os
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOM = 8192  # bytes, two pages


@contextmanager
def small_disk(folder: Path, size: int):
    """Mount an empty disk of so many bytes at a folder; skip the test where that is not allowed."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder]
    if os.getuid() != 0 or subprocess.run(command, capture_output=True).returncode != 0:
        pytest.skip("a disk that fills up is mounted here as a tmpfs, for which the test must be root and allowed to mount")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)  # a writer that failed may hold its file until it is forgotten


def enlarge(folder: Path, size: int) -> None:
    """Make the disk at a folder as large as that."""
    subprocess.run(["mount", "-o", f"remount,size={size}", folder], check=True)


def fill(folder: Path, room: int = ROOM) -> Path:
    """Write a ballast file that leaves so many bytes of the disk."""
    ballast = folder / "ballast"
    free = os.statvfs(folder)
    ballast.write_bytes(bytes(free.f_bavail * free.f_frsize - room))
    return ballast
