"""One small grid, run once; every test copies it with its results and changes one thing."""

import pytest

from grid import Grid


@pytest.fixture(scope="session")
def finished(root, tmp_path_factory) -> Grid:
    """A finished run. Never change it: copy it."""
    grid = Grid.new(root, tmp_path_factory.mktemp("finished") / "grid")
    grid.run()
    return grid


@pytest.fixture
def grid(finished, tmp_path) -> Grid:
    """A copy of the finished run, to change."""
    return finished.copy(tmp_path / "grid")
