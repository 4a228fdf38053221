"""A run whose disk fills up: it says so in a line, leaves no part of a result, and goes on when there is room."""

import os
import re
import shutil

import pytest

from mergecast.files import WRITING
from tmpfs import enlarge, small_disk
from whole import broken, left_over, tables

ENOUGH = 2**28
ROOM = 2**18  # bytes that the run is left: for some results, not for a checkpoint
MEASURED = {f"tiny/tables/{name}.csv" for name in ("checkpoints", "metrics", "directed", "merges", "correct")}


@pytest.fixture
def cramped(grid):
    """A copy of the finished grid without its last task's results, on a disk with little room left."""
    results = grid.folder / "results"
    aside = results.rename(grid.folder / "aside")
    made = [f"{folder}/**/*digits*" for folder in ("checkpoints", "curves", "features", "metrics", "merges")]
    for pattern in (*made, "tables/*.csv", "features/*.npz", "features/spectra/letters.safetensors"):
        for path in aside.glob(f"tiny/{pattern}"):
            path.unlink()
    with small_disk(results, ENOUGH):
        shutil.copytree(aside, results, dirs_exist_ok=True)
        disk = os.statvfs(results)
        enlarge(results, (disk.f_blocks - disk.f_bavail) * disk.f_frsize + ROOM)
        yield grid


def test_a_run_whose_disk_fills_up_says_so_and_goes_on_when_there_is_room(cramped, finished):
    targets = [f"results/{name}" for name in sorted(MEASURED)]
    result = cramped.run(*targets, check=False)
    told = set(re.findall(r"^mergecast: error: .*$", result.stderr + result.stdout, re.MULTILINE))
    assert result.returncode != 0 and told
    for line in told:
        assert re.search(r" results/tiny/\S+: cannot be written \(.*No space left.*\); make room", line), line
    assert "Traceback" not in result.stderr + result.stdout
    assert broken(cramped.results) == {}
    assert not [name for name in left_over(cramped.results) if WRITING in name or ".tmp" in name]

    enlarge(cramped.results, ENOUGH)
    cramped.run(*targets)
    found, expected = tables(cramped.results), tables(finished.results)
    assert found == {name: expected[name] for name in MEASURED}
    assert broken(cramped.results) == {} and left_over(cramped.results) == []
