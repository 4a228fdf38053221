"""Which source files a result depends on."""

import os
from pathlib import Path

import pytest

from mergecast import catalogue, metrics
from mergecast.workflow.code_hash import closure


def names(*arguments) -> set[str]:
    return {str(Path(path)).split("workflow/scripts/")[-1] for path in closure(*arguments)}


def test_a_script_depends_on_itself_and_on_what_it_imports_however_deep():
    found = names("spectra.py")
    assert {
        "spectra.py",
        "job.py",
        "mergecast/features/spectra.py",
        "mergecast/models/checkpoints.py",
        "mergecast/errors.py",
    } <= found
    assert "mergecast/features/__init__.py" in found, "a package's __init__ runs too"


@pytest.mark.parametrize("method", catalogue.names("merging"))
def test_a_merge_depends_on_one_method_and_its_helpers_alone(method):
    found = names("merge.py", f"merging.{method}")
    public = {Path(path).stem for path in found if path.startswith("mergecast/merging/")} - {"__init__"}
    assert {name for name in public if not name.startswith("_")} == {method}
    assert not any(path.startswith(("mergecast/metrics/", "mergecast/prediction/", "mergecast/charts/")) for path in found)


@pytest.mark.parametrize("category", sorted({metric.category for metric in metrics.catalogue().values()}))
def test_a_metric_depends_on_one_category_alone(category):
    found = names("metric.py", f"metrics.{category}")
    assert {path for path in found if path.startswith("mergecast/metrics/")} == {
        "mergecast/metrics/__init__.py",
        "mergecast/metrics/_metric.py",
        f"mergecast/metrics/{category}.py",
    }


def test_how_tasks_are_drawn_touches_no_merge():
    assert not any("drawing" in path for path in names("merge.py", "merging.ties"))
    assert any("drawing" in path for path in names("images.py", "tasks.sources.procedural"))


def test_a_module_that_is_not_there_is_an_error():
    with pytest.raises(FileNotFoundError, match="merging.tie"):
        closure("merge.py", "merging.tie")


def test_jobs_find_this_clone_before_all_that_is_installed(monkeypatch):
    from mergecast.workflow import clone

    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["/elsewhere", clone.SCRIPTS]))
    clone.lead_jobs_here()
    clone.lead_jobs_here()
    assert os.environ["PYTHONPATH"].split(os.pathsep) == [clone.SCRIPTS, "/elsewhere"]
    assert Path(clone.SCRIPTS, "mergecast/workflow/clone.py").samefile(clone.__file__)
