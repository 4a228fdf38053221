"""The complete examples of CONTRIBUTING.md, put into a copy of the library, are found by name and run.

An example is a fenced Python block after a line that names its file: "`workflow/scripts/mergecast/merging/NAME.py`:".
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = "workflow/scripts/"
EXAMPLE = re.compile(rf"^`{SCRIPTS}(mergecast/[\w/]+\.py)`:\n\n```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXAMPLES = dict(EXAMPLE.findall((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")))

# What shows, in a process of its own, that an example of a wing is in the catalogue and runs; `name` is the module's.
RUNS = {
    "merging": """
import torch
from mergecast import merging

assert name in merging.methods()
base = {"visual.proj": torch.zeros(3, 2)}
models = {task: {"visual.proj": torch.full((3, 2), value)} for task, value in (("a", 1.0), ("b", 2.0), ("c", 6.0))}
merged = merging.merge(name, base, models)
assert merged.keys() == base.keys() and merged["visual.proj"].shape == (3, 2)
assert 0 < merged["visual.proj"].min() and merged["visual.proj"].max() <= 9
assert merging.parameters(name).keys() == merging.ranges(name).keys()
""",
    "prediction/predictors": """
import numpy as np
from mergecast import prediction
from mergecast.prediction import folds

assert prediction.kind(name) == "predictor" and prediction.inputs(name) == "metrics"
random = np.random.default_rng(0)
X, pairs = random.standard_normal((10, 4)), [(a, b) for b in "abcde" for a in "abcde" if a < b]
Y = X[:, :2] + 0.1 * random.standard_normal((10, 2))
module = prediction.find(name)
model = folds.make(module, pairs, prediction.parameters(name), 2, 0)
model.fit(X, Y)
assert model.predict(X).shape == (10, 2) and np.corrcoef(model.predict(X)[:, 0], Y[:, 0])[0, 1] > 0.3
coefficients, chosen = module.explain(model)
assert len(chosen) == 2 and (coefficients is None or coefficients.shape == (2, 4))
""",
}


def wing(path: str) -> str:
    """The wing of an example's file: "mergecast/merging/NAME.py" -> "merging"."""
    return path.removeprefix("mergecast/").rpartition("/")[0]


@pytest.fixture(scope="module")
def scripts(tmp_path_factory) -> Path:
    """A copy of the library's folder with all examples in it."""
    folder = tmp_path_factory.mktemp("scripts")
    copytree(ROOT / SCRIPTS / "mergecast", folder / "mergecast", ignore=ignore_patterns("__pycache__"))
    for path, code in EXAMPLES.items():
        assert not (folder / path).exists(), f"CONTRIBUTING.md writes over {path}"
        (folder / path).write_text(code, encoding="utf-8")
    return folder


def test_every_wing_that_has_a_check_has_an_example():
    assert {wing(path) for path in EXAMPLES} == set(RUNS)


@pytest.mark.parametrize("path", EXAMPLES)
def test_an_example_is_found_by_its_name_and_runs(scripts, path):
    code = f"name = {Path(path).stem!r}\n{RUNS[wing(path)]}"
    environment = os.environ | {"PYTHONPATH": str(scripts)}
    result = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, cwd=scripts)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("path", EXAMPLES)
def test_an_example_is_written_as_the_library_is(scripts, path):
    for command in (["check"], ["format", "--check", "--diff"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--config", str(ROOT / "pyproject.toml"), path]
        result = subprocess.run(ruff, capture_output=True, text=True, cwd=scripts)
        assert result.returncode == 0, result.stdout + result.stderr
