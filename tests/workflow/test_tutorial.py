"""What docs/tutorial.md tells a newcomer to write works as written."""

import json
import re
import subprocess
import sys

import pytest
import torch

import grid as small
from mergecast.models.checkpoints import State, task_vector_norm


@pytest.fixture
def extended(finished, root, tmp_path) -> small.Grid:
    """A finished grid whose code has the tutorial's method and metric."""
    grid = finished.copy(tmp_path / "grid")
    blocks = re.findall(r"```python\n(.*?)```", (root / "docs/tutorial.md").read_text(), re.DOTALL)
    method = next(block for block in blocks if "def merge(" in block)
    metric = next(block for block in blocks if "@metric(" in block)
    library = grid.folder / "workflow/scripts/mergecast"
    (library / "merging/halfway.py").write_text(method)
    path = library / "metrics/task_vector.py"
    path.write_text(path.read_text() + "\n\n" + metric)
    return grid


def shell(grid, *arguments) -> str:
    environment = small.environment() | {"PYTHONPATH": str(grid.folder / "workflow/scripts")}
    command = [sys.executable, "-m", "mergecast.cli", *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def test_the_new_method_is_listed_merges_as_it_says_and_runs_alone(extended):
    assert "halfway (share=0.5) — A share of the mean task vector" in shell(extended, "list", "methods")
    base, a, b = (extended.setting / f"{name}.safetensors" for name in ("base", "checkpoints/shapes", "checkpoints/letters"))
    merged = extended.folder / "halfway.safetensors"
    shell(extended, "merge", "halfway", base, a, b, "--output", merged, "--set", "share=0.25")
    origin, first, second, found = map(State, (base, a, b, merged))
    for name in origin:
        expected = origin[name] + 0.25 * ((first[name] + second[name]) / 2 - origin[name])
        torch.testing.assert_close(found[name], expected)

    extended.write_config(small.SMALL | {"methods": [*small.METHODS, "halfway"]})
    assert {path.split("/")[1] for path in extended.planned().matching("merges/")} == {"halfway"}


def test_the_new_metric_is_listed_and_gives_what_it_says(extended):
    assert "shorter_norm — Length of the shorter task vector" in shell(extended, "list", "metrics")
    files = [extended.setting / f"{name}.safetensors" for name in ("base", "checkpoints/shapes", "checkpoints/letters")]
    base, a, b = map(State, files)
    value = json.loads(shell(extended, "metrics", *files, "--json"))["shorter_norm"]
    assert value == pytest.approx(min(task_vector_norm(base, a), task_vector_norm(base, b)), rel=1e-6)
