"""One small grid, run once; every test copies it with its results and changes one thing."""

import shutil

import pytest
from filelock import FileLock

from grid import Grid


@pytest.fixture(scope="session")
def finished(root, tmp_path_factory, worker_id) -> Grid:
    """A finished run, one for all processes that test. Never change it: copy it."""
    own = tmp_path_factory.getbasetemp()
    folder = (own if worker_id == "master" else own.parent) / "finished"
    with FileLock(f"{folder}.lock"):
        if not (folder / "done").exists():
            shutil.rmtree(folder, ignore_errors=True)
            Grid.new(root, folder / "grid").run()
            (folder / "done").touch()
    return Grid(folder / "grid")


@pytest.fixture
def grid(finished, tmp_path) -> Grid:
    """A copy of the finished run, to change."""
    return finished.copy(tmp_path / "grid")
