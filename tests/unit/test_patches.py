"""Patches of Snakemake and its executor: made in the versions they were tested with, left out with one line in any other."""

import gc
import re
import tomllib
from types import SimpleNamespace

import pytest
import snakemake.api
from packaging.requirements import Requirement
from snakemake.output_index import OutputIndex
from snakemake.persistence.file import FilePersistence

from mergecast.workflow import patches, planning, recognition

PATCH = patches.Patch("some-package", "2.8", "2.9", "query", "it is slow")


@pytest.fixture
def install(monkeypatch):
    """Have every package look installed at a version, or, at None, at none that it tells."""
    return lambda installed: monkeypatch.setattr(patches, "installed_version", lambda package: installed)


@pytest.mark.parametrize("installed", ["2.8", "2.8.0", "2.8.7", "2.8.1.post1"])
def test_in_a_version_that_was_tested_the_attribute_is_replaced_without_a_word(install, installed):
    install(installed)
    owner = SimpleNamespace(query="theirs")
    assert PATCH.apply(owner, lambda value: f"ours around {value}") == []
    assert owner.query == "ours around theirs"


@pytest.mark.parametrize("installed", ["2.7.9", "2.8.dev0", "2.9", "2.9.0", "3.0.1", "10.0"])
def test_in_any_other_version_all_stays_as_it_is_and_one_line_says_what_that_costs(install, installed):
    install(installed)
    owner = SimpleNamespace(query="theirs")
    (line,) = PATCH.apply(owner, lambda value: pytest.fail("nothing is to be replaced"))
    assert owner.query == "theirs"
    assert line == (
        f"some-package {installed} was not tested with Mergecast (tested: 2.8 and later, before 2.9), "
        "so it runs unpatched: it is slow"
    )


def test_a_package_of_an_unknown_version_runs_unpatched(install):
    install(None)
    owner = SimpleNamespace(query="theirs")
    (line,) = PATCH.apply(owner, lambda value: "ours")
    assert owner.query == "theirs" and line.startswith("some-package of an unknown version was not tested")


def test_the_version_of_a_package_is_asked_for_and_one_that_is_not_there_has_none():
    assert patches.installed_version("no-such-package-at-all") is None
    assert patches.installed_version("snakemake") == snakemake.__version__


def test_where_the_attribute_is_missing_none_is_made_and_one_line_says_so(install):
    install("2.8.0")
    owner = SimpleNamespace()
    assert PATCH.apply(owner, lambda value: "ours") == ["some-package 2.8.0 has no query, so it runs unpatched: it is slow"]
    assert vars(owner) == {}


def test_a_plan_looks_up_files_in_our_index(monkeypatch):
    monkeypatch.setattr(snakemake.dag, "OutputIndex", OutputIndex)
    assert patches.index_outputs_by_both_ends() == []
    assert snakemake.dag.OutputIndex is planning.Producers


def test_with_another_snakemake_a_plan_looks_up_files_in_its_own_index(monkeypatch, install):
    monkeypatch.setattr(snakemake.dag, "OutputIndex", OutputIndex)
    install("9.99.0")
    (line,) = patches.index_outputs_by_both_ends()
    assert snakemake.dag.OutputIndex is OutputIndex and "planning a grid of many tasks takes longer" in line


def test_a_scheduler_starts_jobs_without_a_limit():
    scheduler = SimpleNamespace(job_rate_limiter=object())
    assert patches.unlimit_job_starts(scheduler) == []
    assert scheduler.job_rate_limiter is None


def test_the_slurm_executor_asks_through_a_patient_query():
    async def query(command, logger):
        return {}, 0.0

    executor = SimpleNamespace(query_job_status=query)
    assert patches.ask_for_job_states_patiently(executor) == []
    assert executor.query_job_status.__qualname__ == "patient.<locals>.states"


def test_records_of_another_snakemake_are_left_alone_and_one_line_says_so(install, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    install("9.99.0")
    assert recognition.recognise() == [], "there are no results"
    (tmp_path / "results/tiny").mkdir(parents=True)
    (tmp_path / "results/tiny/base.safetensors").write_bytes(b"weights")
    (line,) = recognition.recognise()
    assert line.startswith("snakemake 9.99.0 was not tested") and "mergecast check" in line
    assert not (tmp_path / ".snakemake").exists()
    install("9.27.0")
    (line,) = recognition.recognise()
    assert "1 files do not say from what they were made" in line


def test_garbage_is_collected_but_while_a_plan_is_made():
    try:
        patches.pause_garbage_collection()
        assert not gc.isenabled()
        patches.resume_garbage_collection()
        assert gc.isenabled() and gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
        gc.enable()


@pytest.mark.parametrize("patch", patches.PATCHES, ids=lambda patch: patch.attribute)
def test_the_project_installs_no_version_beyond_those_a_patch_was_tested_with(root, patch):
    requirements = map(Requirement, tomllib.loads((root / "pyproject.toml").read_text())["project"]["dependencies"])
    (bounds,) = (requirement.specifier for requirement in requirements if requirement.name == patch.package)
    pinned = re.search(rf"^{patch.package}==(\S+)$", (root / "constraints.txt").read_text(), re.MULTILINE)[1]
    assert {str(bound) for bound in bounds} >= {f"<{patch.before}"}
    assert patch.fits(pinned)


def test_what_is_patched_is_still_there_in_the_versions_installed():
    import inspect

    import snakemake_executor_plugin_slurm as executor
    from snakemake.scheduling import job_scheduler

    assert hasattr(snakemake.dag, patches.OUTPUT_INDEX.attribute)
    assert hasattr(FilePersistence, patches.RECORDS.attribute)
    assert f"self.{patches.JOB_STARTS.attribute} is None" in inspect.getsource(job_scheduler)
    assert f"await {patches.JOB_STATES.attribute}(" in inspect.getsource(executor.Executor.check_active_jobs)
