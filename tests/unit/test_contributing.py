"""The complete examples of CONTRIBUTING.md, put into a copy of the library, are found by name and run."""

import os
import subprocess
import sys
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest

import examples

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
    "features": """
import torch
from types import SimpleNamespace
from mergecast import catalogue, features

feature, module = features.find(name), catalogue.load("features", name)
assert feature.scope == "checkpoint" and feature.weights
base = {f"visual.transformer.resblocks.{block}.mlp.weight": torch.zeros(2, 2) for block in range(2)}
model = {tensor: torch.tensor([[1.0, 0.0], [0.0, 0.0]]) * (".0." in tensor) for tensor in base}
assert module.read(module.compute(SimpleNamespace(base=base, model=model))).tolist() == [0.75, 1.0]
""",
    "metrics": """
from types import SimpleNamespace
import numpy as np
from mergecast import metrics

function = metrics.find("moved_share").function
seen = np.array([0.75, 1.0])
assert function(SimpleNamespace(zeros=(seen, seen))) == 0.125
assert metrics.find("moved_share").needs == ("zeros",)
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
    "analysis/spread": """
import pandas
from mergecast import catalogue
from mergecast.analysis import declared

assert declared.everything()["spread"].has_figure and declared.everything()["spread"].has_section
rows = [("ridge", "loto", "t", 0.2), ("lasso", "loto", "t", 0.5), ("lasso", "loto", "other", 9.0), ("lasso", "l2to", "t", 9.0)]
predictions = pandas.DataFrame(rows, columns=["predictor", "split", "target", "predicted"])
predictions = predictions.assign(method="m", task_a="a", task_b="b")
(made,) = catalogue.load("analysis.spread", "table").make({"predictions": predictions}, {"target": "t"}).values()
assert made.to_dict("records") == [{"method": "m", "task_a": "a", "task_b": "b", "spread": 0.3}]
""",
}


def wing(path: str) -> str:
    """The wing of an example's file: "mergecast/merging/NAME.py" -> "merging"."""
    return path.removeprefix("mergecast/").rpartition("/")[0]


EXAMPLES = [*examples.FILES, *examples.ADDITIONS]
MODULES = [path for path in EXAMPLES if path.endswith(".py")]


@pytest.fixture(scope="module")
def scripts(tmp_path_factory) -> Path:
    """A copy of the library's folder with all examples in it."""
    folder = tmp_path_factory.mktemp("scripts")
    library = examples.ROOT / examples.SCRIPTS / "mergecast"
    copytree(library, folder / "mergecast", ignore=ignore_patterns("__pycache__"))
    examples.put(folder)
    return folder


def test_every_wing_that_has_a_check_has_an_example():
    assert {wing(path) for path in EXAMPLES} == set(RUNS)


@pytest.mark.parametrize("path", [path for path in MODULES if wing(path) != "analysis/spread" or path.endswith("__init__.py")])
def test_an_example_is_found_by_its_name_and_runs(scripts, path):
    code = f"name = {Path(path).stem!r}\n{RUNS[wing(path)]}"
    environment = os.environ | {"PYTHONPATH": str(scripts)}
    result = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, cwd=scripts)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("path", MODULES)
def test_an_example_is_written_as_the_library_is(scripts, path):
    for command in (["check"], ["format", "--check", "--diff"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--config", str(examples.ROOT / "pyproject.toml"), path]
        result = subprocess.run(ruff, capture_output=True, text=True, cwd=scripts)
        assert result.returncode == 0, result.stdout + result.stderr
