"""Environments, constraints and the installed package agree with each other."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

import mergecast

CONDA_NAMES = {"pytorch": "torch", "matplotlib-base": "matplotlib"}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[\s\[<>=;]", name.strip())[0]).lower()


@pytest.fixture(scope="module")
def project(root):
    return tomllib.loads((root / "pyproject.toml").read_text())["project"]


def test_conda_environments_name_only_packages_of_the_project(root, project):
    ours = {canonical(name) for name in project["dependencies"] + project["optional-dependencies"]["huggingface"]}
    files = sorted((root / "workflow/envs").glob("*.yaml"))
    assert files
    for path in files:
        names = [canonical(name) for name in yaml.safe_load(path.read_text())["dependencies"]]
        assert names.pop(0) == "python"
        named = {CONDA_NAMES.get(name, name) for name in names}
        assert named <= ours, f"{path.name} names {named - ours}, which pyproject.toml does not"


def test_every_dependency_that_jobs_import_is_in_some_conda_environment(root, project):
    named = set()
    for path in (root / "workflow/envs").glob("*.yaml"):
        names = (canonical(name) for name in yaml.safe_load(path.read_text())["dependencies"])
        named |= {CONDA_NAMES.get(name, name) for name in names}
    outside_jobs = {"snakemake", "snakemake-executor-plugin-slurm", "pyyaml", "rich", "typer"}
    ours = {canonical(name) for name in project["dependencies"] + project["optional-dependencies"]["huggingface"]}
    assert ours - named == outside_jobs


def test_every_direct_dependency_is_pinned_to_the_version_tested(root, project):
    pins = {canonical(line) for line in (root / "constraints.txt").read_text().splitlines() if not line.startswith("#")}
    optional = project["optional-dependencies"]
    direct = {canonical(name) for name in project["dependencies"] + optional["test"]}
    assert direct <= pins
    assert set(optional["huggingface"]) <= direct, "the tests run every source"


def test_the_library_imports_without_installation_and_says_its_version(root):
    code = "import sys; sys.path.insert(0, 'workflow/scripts'); import mergecast; print(mergecast.__version__)"
    result = subprocess.run([sys.executable, "-I", "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == mergecast.__version__
    assert re.fullmatch(r"\d+\.\d+\.\d+", mergecast.__version__)
    assert f"## {mergecast.__version__}" in (root / "CHANGELOG.md").read_text()
    assert f"version: {mergecast.__version__}" in (root / "CITATION.cff").read_text()


def test_what_is_public_is_there_and_typed(root):
    stub = (root / "workflow/scripts/mergecast/__init__.pyi").read_text()
    for name in mergecast.__all__:
        assert getattr(mergecast, name) is not None and f" as {name}\n" in stub
    assert callable(mergecast.metrics) and mergecast.metrics.catalogue(), "a package that can be called"
    assert (root / "workflow/scripts/mergecast/py.typed").is_file()
    with pytest.raises(AttributeError, match="no attribute 'forecats'"):
        _ = mergecast.forecats


def test_importing_it_takes_no_torch_and_no_pandas():
    code = "import sys, mergecast; sys.exit(bool({'torch', 'pandas', 'sklearn', 'numpy'} & {*sys.modules}))"
    assert (
        subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(Path(mergecast.__file__).parents[1])}).returncode
        == 0
    )
