"""Results without Snakemake's record of them, and results of other versions: known by their own records, or made again."""

import json
import shutil
import subprocess
import sys
from contextlib import contextmanager

import pytest

import grid as small
from grid import environment
from planner import Planner
from test_nothing_stale import CHANGES, EVERYTHING, NOTHING, changed, check

HEAD = "results/tiny/heads/digits.safetensors"
DARE = "results/tiny/records/merges/dare/shapes__letters.json"


@pytest.fixture(scope="module")
def archive(finished, tmp_path_factory) -> small.Grid:
    """Code, configuration and results of the finished run, copied by a tool that keeps no times."""
    folder = tmp_path_factory.mktemp("archive") / "grid"
    shutil.copytree(finished.folder, folder, copy_function=shutil.copy, ignore=shutil.ignore_patterns(".snakemake"))
    return small.Grid(folder)


@pytest.fixture(scope="module")
def planner(archive):
    with Planner(archive) as process:
        yield process


@pytest.fixture(autouse=True)
def unknown(archive):
    """Snakemake knows nothing of what is there."""
    shutil.rmtree(archive.folder / ".snakemake", ignore_errors=True)


@contextmanager
def without(path):
    """A file out of the way until the block ends."""
    aside = path.rename(path.with_name(f".{path.name}.aside"))
    try:
        yield
    finally:
        aside.rename(path)


def test_a_copied_folder_of_results_is_known_and_nothing_runs(planner):
    check(planner, NOTHING)
    assert "files were made elsewhere and say from what" in planner.log
    check(planner, NOTHING)
    assert "made elsewhere" not in planner.log, "they are looked through once"


@pytest.mark.parametrize("change", ["the seed", "draws of the bootstrap", "a merge method", "another order of methods"])
def test_what_has_changed_since_runs_as_if_the_folder_had_never_been_copied(change, archive, planner):
    files, roots = CHANGES[change]
    with changed(archive.folder, files(archive)):
        check(planner, roots)


def test_a_file_that_is_not_what_its_record_says_is_made_again(archive, planner):
    content = (archive.folder / HEAD).read_bytes()
    with changed(archive.folder, {HEAD: content[:-1] + bytes([content[-1] ^ 1])}):
        check(planner, ("heads/digits", "calibration/"))
        assert f"1 files do not say from what they were made ({HEAD}, …)" in planner.log


def test_results_without_any_record_are_made_again(archive, planner):
    folders = [archive.results / "records", archive.setting / "records"]
    with without(folders[0]), without(folders[1]):
        check(planner, EVERYTHING)


def test_a_folder_copied_into_a_clone_that_has_run_is_looked_through_too(archive, planner):
    (archive.folder / ".snakemake/mergecast").mkdir(parents=True)
    (archive.folder / ".snakemake/mergecast/results.json").write_text('{"tiny": 1}')
    check(planner, NOTHING)
    assert "made elsewhere" in planner.log


def older(archive, record: str = DARE) -> dict:
    """A record, and the list of versions, as an earlier numpy would have left them."""
    found = json.loads((archive.folder / record).read_text())
    found["versions"]["numpy"] = "1.26.4"
    return {record: json.dumps(found), "results/records/versions/0.json": json.dumps(found["versions"])}


def test_results_of_other_versions_are_told_in_one_line_and_kept_unless_they_shall_be_made_again(archive, planner):
    with changed(archive.folder, older(archive)):
        check(planner, NOTHING)
        line = "results: made with other versions than those installed: 1 jobs with numpy 1.26.4; `--config versions=rerun`"
        assert planner.log.count(line) == 1
        check(planner, ("merges/dare/shapes__letters",), versions="rerun")
        check(planner, NOTHING)


def test_results_made_again_for_their_versions_stay(archive, tmp_path):
    grid = archive.copy(tmp_path / "grid")
    table = "results/tiny/tables/correlations.csv"
    record = "results/tiny/records/analyses/correlations.json"
    for path, content in older(grid, record).items():
        (grid.folder / path).write_text(content)
    again = grid.run("--config", "versions=rerun", "--", table)
    assert "Params have changed" in again.stdout + again.stderr
    assert json.loads((grid.folder / record).read_text())["versions"]["numpy"] != "1.26.4"
    for arguments in ((), ("--config", "versions=rerun", "--")):
        assert grid.planned(*arguments, table).nothing
    assert not (grid.folder / "results/records/versions/0.json").exists(), "no result is of that version any more"


def told(grid, *arguments: str) -> tuple[int, list[str]]:
    """Exit code and lines of `mergecast check`."""
    found = subprocess.run(
        [sys.executable, "-m", "mergecast.cli", "check", *arguments],
        cwd=grid.folder,
        env=environment() | {"PYTHONPATH": "workflow/scripts"},
        text=True,
        capture_output=True,
    )
    assert found.stderr == "" or found.returncode, found.stderr
    return found.returncode, found.stdout.splitlines()


def test_check_says_that_nothing_differs(archive):
    assert told(archive) == (0, ["results: everything is what its record says, made from what is there today"])


def test_check_names_what_differs(archive):
    content = (archive.folder / HEAD).read_bytes()
    files = {HEAD: content[:-1] + bytes([content[-1] ^ 1])} | older(archive) | CHANGES["draws of the bootstrap"][0](archive)
    with changed(archive.folder, files):
        code, lines = told(archive)
    assert code == 1
    by_job = dict(line.split(": ", 1) for line in lines)
    assert by_job[HEAD] == f"{HEAD} is not what its job wrote"
    assert by_job["results/tiny/checkpoints/digits.json"] == f"was made from another {HEAD}"
    assert by_job["results/tiny/merges/dare/shapes__letters.json"] == "was made with numpy 1.26.4"
    assert by_job["results/tiny/tables/coefficients.csv (and 7 more)"] == "draws was 20, is 21"


def test_check_needs_no_workflow_beside_the_results(archive, tmp_path):
    shutil.copytree(archive.results, tmp_path / "kept")
    assert told(archive, str(tmp_path / "kept")) == (
        0,
        [f"{tmp_path / 'kept'}: everything is what its record says, made from what is there today"],
    )
    shutil.rmtree(tmp_path / "kept/tiny/records"), shutil.rmtree(tmp_path / "kept/records")
    assert told(archive, str(tmp_path / "kept"))[0] == 1
