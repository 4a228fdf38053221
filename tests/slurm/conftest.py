"""A cluster for the whole session, and one small grid run locally that every run on the cluster is held against."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

import grid as small
from clustergrid import CONFIG, ClusterGrid
from mergecast.workflow.cluster import cancel_orphans

SCRIPT = Path(__file__).with_name("cluster")


@pytest.fixture(scope="session")
def cluster():
    """The command that starts and stops parts of a running cluster."""
    if os.getuid() != 0 or not shutil.which("slurmctld"):
        pytest.skip("no SLURM here that a test may start; `make test-slurm` as root installs and starts one")
    subprocess.run([SCRIPT, "up"], check=True)
    yield lambda *arguments: subprocess.run([SCRIPT, *arguments], check=True)
    subprocess.run([SCRIPT, "down"], check=True)


@pytest.fixture(scope="session")
def local(root, tmp_path_factory):
    """The grid, run on this machine without a cluster. Never change it: copy it."""
    grid = ClusterGrid.new(root, tmp_path_factory.mktemp("local") / "grid", CONFIG)
    small.Grid(grid.folder).run()
    return grid


@pytest.fixture(scope="session")
def clustered(cluster, root, tmp_path_factory):
    """The same grid, every job through sbatch. Never change it: copy it."""
    grid = ClusterGrid.new(root, tmp_path_factory.mktemp("clustered") / "grid", CONFIG)
    grid.run()
    return grid


@pytest.fixture
def unfinished(cluster, local, tmp_path):
    """A copy of the finished grid that lacks its last task's checkpoint and all that is made from it."""
    grid = local.copy(tmp_path / "grid")
    made = [path for path in grid.setting.rglob("*digits*") if path.relative_to(grid.setting).parts[0] not in ("heads", "logs")]
    for path in [*made, *grid.setting.glob("tables/**/*.csv"), grid.setting / "features/inner_products.npz"]:
        path.unlink()
    yield grid
    cancel_orphans(grid.folder)
