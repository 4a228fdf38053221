"""A feature is one file, a metric that uses it one function: both are added to a copy of the workflow, and nothing else."""

import json
import subprocess
import sys
from copy import deepcopy

import numpy as np
import pandas
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file

import examples
import grid as small

NAME, METRIC, TABLE = "zeros", "moved_share", "results/tiny/tables/metrics.csv"
DERIVED = '''"""How strongly a checkpoint responds to images: one number, from what the probes saw."""

import numpy as np

SCOPE = "checkpoint"
FILE = "response/{task}.safetensors"
NEEDS = ("probes",)
RESOURCES = {"device": "cpu", "minutes": 5, "memory": 1000}


def compute(checkpoint):
    """`norm` (), float64: the mean over tasks of the length of the mean activation."""
    seen = checkpoint.features["probes"]
    return {"norm": np.mean([np.linalg.norm(seen[name].numpy()) for name in seen if name.endswith("/activation")])}


def read(file):
    """The number."""
    return float(file["norm"])
'''
RESPONSE = '''

@metric(needs=("response",))
def response_gap(features: PairFeatures) -> float:
    """How unlike the strengths are with which the two models respond to the images of all tasks: 0 for the same.

    | |a_a| - |a_b| |, at least 0.
    """
    return abs(features.response[0] - features.response[1])
'''


@pytest.fixture
def extended(finished, tmp_path) -> small.Grid:
    """A finished grid whose library has the feature and the metric of CONTRIBUTING.md, which its configuration asks for."""
    grid = finished.copy(tmp_path / "grid")
    written = examples.put(grid.folder / "workflow/scripts", "features", "metrics")
    assert [path.name for path in written] == [f"{NAME}.py", "task_vector.py"], "one file, and one function"
    grid.write_config(deepcopy(small.SMALL) | {"metrics": [*small.METRICS, METRIC]})
    return grid


def test_a_new_feature_and_its_metric_are_planned_run_and_remade_by_themselves(extended):
    plan, files = extended.planned(), {f"features/{NAME}/{task}.safetensors" for task in small.TASKS}
    assert plan.matching("features/") == files, "no other feature is made again"
    assert len(plan.matching(f"metrics/{METRIC}/")) == 6
    assert not plan.matching("base|checkpoints/|heads/|merges/|subsets/|calibration/|metrics/(subspace|activation)")

    extended.run(TABLE)
    base, *models = (tensors(extended, name) for name in ("base", "checkpoints/shapes", "checkpoints/letters"))
    found = extended.values(METRIC)["shapes__letters.json"]
    assert found == pytest.approx(expected(base, *models), rel=1e-12)
    assert 0 < found <= 1
    assert shown(extended)[METRIC] == found, "`mergecast metrics` computes it in memory"
    result = json.loads((extended.setting / f"metrics/{METRIC}/shapes__letters.json").read_text())
    assert set(result["inputs"]["checkpoints"]) == {"shapes", "letters"} and result["parameters"] == {}
    assert extended.planned(TABLE).nothing

    module = extended.folder / f"workflow/scripts/mergecast/features/{NAME}.py"
    module.write_text(module.read_text().replace("task_vector(checkpoint", "0 + task_vector(checkpoint"))
    plan = extended.planned(TABLE)
    pairs = {f"metrics/{METRIC}/{path.name}" for path in extended.setting.glob(f"metrics/{METRIC}/*.json")}
    assert plan.matching("") == files | pairs | {"tables/metrics.csv", "tables/directed.csv"}


def test_a_metric_that_needs_an_unknown_feature_is_answered_with_the_closest_one(extended):
    module = extended.folder / "workflow/scripts/mergecast/metrics/task_vector.py"
    module.write_text(module.read_text().replace('needs=("zeros",)', 'needs=("zeroes",)'))
    result = extended.run("--dry-run", check=False)
    assert result.returncode != 0
    assert "unknown feature 'zeroes'; did you mean 'zeros'?" in result.stdout + result.stderr
    assert "Traceback" not in result.stdout + result.stderr


def tensors(grid: small.Grid, name: str) -> dict[str, np.ndarray]:
    return load_file(grid.setting / f"{name}.safetensors")


def expected(base, first, second) -> float:
    """The metric from the weights alone: tiny-clip has as many blocks as `resblocks` are numbered."""
    shares = []
    for block in sorted({name.split(".")[3] for name in base if ".resblocks." in name}, key=int):
        names = [name for name in base if f".resblocks.{block}." in name]
        moved = [np.concatenate([(model[name] != base[name]).ravel() for name in names]) for model in (first, second)]
        shares.append(np.sqrt(moved[0].mean() * moved[1].mean()))
    return float(np.mean(shares))


def shown(grid: small.Grid) -> dict[str, float]:
    """What the command line of that copy says of the pair."""
    files = [grid.setting / f"{name}.safetensors" for name in ("base", "checkpoints/shapes", "checkpoints/letters")]
    command = [sys.executable, "-m", "mergecast.cli", "metrics", *map(str, files), "--json"]
    environment = small.environment() | {"PYTHONPATH": str(grid.folder / "workflow/scripts")}
    return json.loads(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)


def test_a_feature_made_from_another_follows_it_at_every_number_of_images(finished, tmp_path):
    grid = finished.copy(tmp_path / "grid")
    library = grid.folder / "workflow/scripts/mergecast"
    (library / "features/response.py").write_text(DERIVED)
    with open(library / "metrics/activation.py", "a") as module:
        module.write(RESPONSE)
    grid.write_config(deepcopy(small.SMALL) | {"metrics": [*small.METRICS, "response_gap"]})
    table = "results/tiny/tables/calibration_metrics.csv"
    plan = grid.planned(TABLE, table)
    assert plan.matching("features/") == {f"features/response/{task}.safetensors" for task in small.TASKS}
    assert plan.matching("calibration/") == {
        f"calibration/2/{feature}/{task}.safetensors" for feature in ("probes", "response") for task in small.TASKS
    }
    grid.run("--notemp", TABLE, table)
    rows = pandas.read_csv(grid.folder / table).set_index(["n_images", "task_a", "task_b"])["response_gap"]
    for size, folder in ((2, "calibration/2"), (4, "features")):
        a, b = (response(grid, f"{folder}/probes/{task}") for task in ("shapes", "letters"))
        assert rows[size, "shapes", "letters"] == pytest.approx(abs(a - b), rel=1e-12)
        origin = header(grid, f"{folder}/probes/shapes")
        assert header(grid, f"{folder}/response/shapes") == {key: origin[key] for key in origin if key != "calibration"}
    assert rows[2, "shapes", "letters"] != rows[4, "shapes", "letters"] == grid.values("response_gap")["shapes__letters.json"]
    result = json.loads((grid.setting / "metrics/response_gap/shapes__letters.json").read_text())
    assert result["parameters"] == {"images_per_task": 4}


def response(grid: small.Grid, name: str) -> float:
    found = tensors(grid, name)
    return float(np.mean([np.linalg.norm(found[key]) for key in found if key.endswith("/activation")]))


def header(grid: small.Grid, name: str) -> dict[str, str]:
    """What a file says it was made from, but for the hash of its own tensors."""
    with safe_open(grid.setting / f"{name}.safetensors", "np") as file:
        return {key: value for key, value in file.metadata().items() if key != "content_sha256"}
