"""Every mistake of tests/mutations.py, met by a user of the demo: Snakemake ends, with one line, and nothing is written."""

import re
from pathlib import Path

import pytest

from demo import Demo
from mutations import MUTATIONS, demo, without_numbers


@pytest.fixture(scope="module")
def folder(root, tmp_path_factory):
    """One folder for all; each test begins by putting the demo's two files back."""
    return Demo.new(root, tmp_path_factory.mktemp("mistakes") / "demo").folder


def files(folder: Path) -> dict[Path, bytes]:
    """Every file in a folder, but for what Snakemake knows of its runs and Python of its modules."""
    found = (path for path in folder.rglob("*") if path.is_file() and not {".snakemake", "__pycache__"} & {*path.parts})
    return {path: path.read_bytes() for path in found}


@pytest.mark.parametrize("mistake", MUTATIONS)
def test_a_mistake_ends_the_run_with_one_line_and_writes_nothing(mistake, root, folder):
    change, line = MUTATIONS[mistake]
    change(demo(root, folder))
    before = files(folder)
    result = Demo(folder).run("--dry-run", "--quiet", check=False)
    told = without_numbers(result.stdout + result.stderr)
    assert result.returncode != 0
    assert len([row for row in told.splitlines() if line in row]) == 1, told
    assert len(re.findall(r"^\w*(?:Error|Exception)\b", told, re.MULTILINE)) == 1 and "Traceback" not in told, told
    assert files(folder) == before


def test_the_demo_without_a_mistake_is_planned(root, folder):
    demo(root, folder)
    assert len(Demo(folder).planned().jobs) > 100
