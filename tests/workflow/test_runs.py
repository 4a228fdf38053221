"""Whole runs: what they make, that they can be killed and resumed, that parallelism changes no bit."""

import json
import math
import re
import subprocess
import sys
import zipfile
from copy import deepcopy

import pandas
import pytest
import yaml

import grid as small
import study
from mergecast import metrics


def test_a_run_makes_every_table_figure_and_the_page(finished):
    tables = {path.stem for path in finished.setting.glob("tables/*.csv")}
    measured = {"checkpoints", "metrics", "directed", "merges", "correct", "subsets", "calibration_metrics"}
    forecast = {"predictions", "intervals", "folds", "scores", "coefficients", "coverage", "nulls", "comparisons"}
    analyses = {"correlations", "ablation", "stability", "method_agreement", "greedy", "greedy_metrics", "selection", "noise"}
    assert tables == measured | forecast | analyses | {"subset_ranking", "subset_scores", "calibration"}
    figures = {path.name for path in finished.setting.glob("figures/*")}
    names = {
        *(
            "pairs",
            "training",
            "scores",
            "folds",
            "predicted",
            "targets",
            "coverage",
            "coefficients",
            "correlations",
            "ablation",
        ),
        *("stability", "agreement", "greedy", "calibration", "subsets", "selection"),
    }
    assert figures == {f"{name}.{kind}" for name in names for kind in ("svg", "pdf")}
    assert (finished.results / "report.html").stat().st_size > 100_000


def test_the_table_of_merges_has_one_row_a_pair_method_and_task(finished):
    merges = pandas.read_csv(finished.setting / "tables/merges.csv")
    assert len(merges) == 6 * 2 * 2
    assert not merges.duplicated(["task_a", "task_b", "method", "task"]).any()
    single = pandas.read_csv(finished.setting / "tables/checkpoints.csv").set_index("task")["fine_tuned_accuracy"]
    ratio = merges["accuracy"] / merges["task"].map(single)
    pandas.testing.assert_series_equal(ratio, merges["normalised_accuracy"], check_names=False)


def test_a_result_says_what_it_was_made_from(finished):
    result = json.loads((finished.setting / "merges/dare/shapes__letters.json").read_text())
    assert result["parameters"]["drop"] == 0.9
    assert set(result["inputs"]["checkpoints"]) == {"shapes", "letters"}
    assert all(re.fullmatch("[0-9a-f]{64}", value) for value in result["inputs"]["checkpoints"].values())
    assert result["versions"]["torch"]


def test_a_run_killed_twice_on_one_core_ends_with_the_bits_of_a_run_on_two(root, finished, tmp_path):
    grid = small.Grid.new(root, tmp_path / "grid")
    grid.run_until("results/tiny/logs/finetune/*.log", "--cores", "1")
    grid.run("--unlock")
    assert not list(grid.setting.glob("checkpoints/[!.]*")), "it was killed within its first fine-tuning"
    grid.run_until("results/tiny/logs/merges/dare/*.log", "--cores", "1")
    grid.run("--unlock")
    (tile,) = (path.stem for path in grid.setting.glob("logs/merges/dare/*.log"))
    assert not (grid.setting / f"merges/dare/{tile}.json").exists(), "it was killed within its first tile of dare"
    kept = {path: path.stat().st_mtime_ns for path in grid.setting.glob("checkpoints/*.safetensors")}
    assert len(kept) >= 2, "a merge tile had begun, so its checkpoints were finished"
    grid.run("--cores", "1")
    assert {path: path.stat().st_mtime_ns for path in kept} == kept, "finished results are kept"
    assert grid.tables() == finished.tables()
    assert grid.planned().nothing


def test_merged_weights_are_written_when_asked_for(grid):
    target = "results/tiny/merged/dare/shapes__letters.safetensors"
    grid.run(target)
    from mergecast.models.checkpoints import State

    merged, base = State(grid.folder / target), State(grid.setting / "base.safetensors")
    assert merged.keys() == base.keys()
    assert merged.metadata["method"] == "dare"
    assert any(not (merged[name] == base[name]).all() for name in base)


def test_a_metric_that_no_setting_lists_is_written_when_asked_for_and_disturbs_nothing(grid):
    pair = "shapes__letters.json"
    grid.run("--", f"results/tiny/metrics/weight_space_angle/{pair}")
    angle, cosine = (
        json.loads((grid.setting / "metrics" / metric / pair).read_text())["value"]
        for metric in ("weight_space_angle", "task_vector_cosine_similarity")
    )
    assert math.cos(math.radians(angle)) == pytest.approx(cosine)
    assert grid.planned().nothing


def test_the_demo_plans_its_whole_grid(root, tmp_path):
    grid = small.Grid.new(root, tmp_path / "grid")
    for name in ("config.yaml", "tasks.tsv"):
        (grid.folder / "config" / name).write_bytes((root / "config" / name).read_bytes())
    plan = grid.planned()
    merges = {path for path in plan.outputs if re.match("results/tiny_AdamW/merges/", path)}
    tasks, methods = len(pandas.read_csv(root / "config/tasks.tsv", sep="\t", comment="#")), len(study.METHODS)
    assert tasks == 9 and len(merges) == methods * 28, "the ninth task is forecast and not merged"
    assert len([path for path in plan.outputs if "/forecasts/" in path]) == methods * 36
    assert len({path.split("/")[3] for path in plan.outputs if "/metrics/" in path}) == len(metrics.catalogue())


def test_the_published_grid_of_twenty_tasks_plans_in_few_jobs(root, tmp_path):
    grid = small.Grid.new(root, tmp_path / "grid")
    plan = grid.planned("--configfile", "config/n20.yaml")
    merges = {path for path in plan.outputs if re.match("results/[^/]+/merges/", path)}
    settings = {path.split("/")[1] for path in merges}
    assert len(merges) == len(settings) * 190 * len(study.METHODS)
    metric_jobs = [name for name, _ in plan.jobs if name.startswith("metric_")]
    assert len(metric_jobs) == len(settings) * len(metrics.catalogue()), "one job a metric"
    config = yaml.safe_load((root / "config/n20.yaml").read_text())
    config["settings"] = {"ViT-B-16_AdamW": config["settings"]["ViT-B-16_AdamW"]}
    config |= {"metrics": list(study.METRICS), "methods": list(study.METHODS), "predictors": list(study.PREDICTORS)}
    grid.write_config(config)
    one = grid.planned()
    print(f"submissions to a cluster: {len(one.submitted)} for one setting, {len(plan.submitted)} for {len(settings)}")
    assert len(one.submitted) <= 400


def test_the_linter_finds_nothing(root):
    result = subprocess.run(
        [sys.executable, "-m", "snakemake", "--lint"], cwd=root, text=True, capture_output=True, env=small.environment()
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_snakemakes_own_report_is_complete(grid):
    grid.run("--report", "snakemake-report.zip")
    with zipfile.ZipFile(grid.folder / "snakemake-report.zip") as report:
        held = {name.rpartition("/")[2] for name in report.namelist()}
    assert {path.name for path in (*grid.setting.glob("tables/*.csv"), *grid.setting.glob("figures/*.svg"))} <= held
    assert "report.html" in held


def test_settings_share_a_base_and_prepared_images(root, tmp_path):
    config = deepcopy(small.SMALL)
    config["settings"]["tiny_SGD"] = deepcopy(config["settings"]["tiny"]) | {"methods": ["ties"], "tasks": [*small.TASKS]}
    config["settings"]["tiny_SGD"]["recipe"] |= {"optimizer": "SGD", "momentum": 0.9}
    grid = small.Grid.new(root, tmp_path / "grid", config)
    plan = grid.planned()
    assert sum(name == "clip" for name, _ in plan.jobs) == 1
    assert sum(name == "images" for name, _ in plan.jobs) == 4
    assert sum(name == "finetune" for name, _ in plan.jobs) == 8
    assert {path.split("/")[3] for path in plan.outputs if path.startswith("results/tiny_SGD/merges/")} == {"ties"}


def test_a_base_can_be_pretrained_on_tasks_and_another_taken_from_a_file(finished, tmp_path):
    from mergecast.models.checkpoints import State, content_hash

    grid = finished.copy(tmp_path / "grid")
    weights = grid.folder / "weights.safetensors"
    weights.write_bytes((grid.results / "bases/tiny/clip.safetensors").read_bytes())
    config = deepcopy(small.SMALL)
    pretrained = config["bases"]["tiny"]
    config["bases"] = {
        "tiny": {"kind": "file", "model": "tiny-clip", "image_size": 32, "path": "weights.safetensors"},
        "on_tasks": pretrained | {"corpus": {"tasks": ["digits", "letters"]}},
    }
    grid.write_config(config)
    before = content_hash(State(grid.setting / "base.safetensors"))
    grid.run("results/tiny/base.safetensors", "results/bases/on_tasks/clip.safetensors")
    assert content_hash(State(grid.setting / "base.safetensors")) == before
    losses = pandas.read_csv(grid.results / "bases/on_tasks/curve.csv")["train_loss"]
    assert losses.tail(5).mean() < losses.head(5).mean()


def test_the_shell_gives_the_values_the_rules_wrote(finished):
    """The command line gives, bit for bit, the values the rules wrote."""
    files = [str(finished.setting / name) for name in ("base", "checkpoints/shapes", "checkpoints/letters")]
    files = [f"{name}.safetensors" for name in files]
    shell = subprocess.run(
        [sys.executable, "-m", "mergecast.cli", "metrics", *files, "--json"],
        env=small.environment() | {"PYTHONPATH": str(finished.folder / "workflow/scripts"), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    values = json.loads(shell.stdout)
    for metric in ("task_vector_cosine_similarity", "subspace_overlap"):
        written = json.loads((finished.setting / f"metrics/{metric}/shapes__letters.json").read_text())["value"]
        assert values[metric] == written
