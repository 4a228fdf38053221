"""Pairs that are forecast and not merged: six small tasks of which ten pairs are merged, and a setting that merges none."""

import json
from copy import deepcopy

import numpy as np
import pandas
import pytest

import grid as small
from mergecast.grid.telling import telling
from mergecast.prediction import forecaster

TASKS = small.TASKS | {name: ("procedural", f"figure={name} train=120 test=60") for name in ("colours", "counts")}
RECIPE = small.SMALL["settings"]["tiny"]
CONFIG = deepcopy(small.SMALL) | {
    "metrics": ["task_vector_cosine_similarity"],
    "predictors": ["mixed", "weights", "ridge"],
    "targets": ["normalised_accuracy"],
    "splits": {"loto": {"permutations": 3}, "l2to": {"permutations": 3}},
    "subsets": None,
    "analysis": {"predictor": "ridge", "calibration_sizes": []},
    "features": {"images": 8},
    "tile": {"merges": 1, "metrics": 1000},
    "settings": {
        "tiny": RECIPE | {"measure": {"pairs": 10}},
        "other": RECIPE | {"measure": "none", "forecaster": "tiny", "seed": 1, "tasks": ["shapes", "letters", "lines"]},
    },
}
CHOSEN = telling(list(TASKS), 10, seed=0)
METHODS = small.METHODS


@pytest.fixture(scope="module")
def study(root, tmp_path_factory):
    grid = small.Grid.new(root, tmp_path_factory.mktemp("forecasts") / "grid", CONFIG, TASKS)
    grid.run()
    return grid


def table(study, name, setting="tiny"):
    return pandas.read_csv(study.results / setting / f"tables/{name}.csv")


def names(folder):
    return {tuple(path.stem.split("__")) for path in folder.glob("*.json")}


def test_the_pairs_that_teach_most_are_merged_and_all_are_forecast(study):
    for method in METHODS:
        assert names(study.setting / f"merges/{method}") == {*CHOSEN}
        assert len(names(study.setting / f"forecasts/{method}")) == 15
    rows = table(study, "forecasts")
    measured = rows[rows.measured.notna()]
    assert len(rows) == 2 * 15 and {*zip(measured.task_a, measured.task_b, strict=True)} == {*CHOSEN}
    assert rows[["forecast", "kept_a", "kept_b", "baseline", "low_0.8", "high_0.8"]].notna().all(axis=None)
    np.testing.assert_allclose(rows.forecast, (rows.kept_a + rows.kept_b) / 2)


def test_a_pair_has_a_file_with_its_interval_reasons_and_neighbours(study):
    rows = table(study, "forecasts").set_index(["task_a", "task_b", "method"])
    for a, b in names(study.setting / "forecasts/dare"):
        one, row = json.loads((study.setting / f"forecasts/dare/{a}__{b}.json").read_text()), rows.loc[a, b, "dare"]
        assert one["forecast"] == row.forecast and one["interval"]["0.8"] == [row["low_0.8"], row["high_0.8"]]
        assert (one["measured"] is None) == np.isnan(row.measured) and one["case"] == "both tasks seen"
        assert len(one["reasons"]) == len(one["neighbours"]) == 3 and [a, b] == one["tasks"]
        assert all({near["task_a"], near["task_b"]} != {a, b} for near in one["neighbours"])


def test_the_measured_value_beside_a_forecast_is_that_of_the_merge(study):
    rows = table(study, "forecasts").query("method == 'dare'").dropna(subset="measured")
    merges = table(study, "merges").query("method == 'dare'").groupby(["task_a", "task_b"]).normalised_accuracy.mean()
    for row in rows.itertuples():
        assert row.measured == pytest.approx(merges[row.task_a, row.task_b], abs=1e-12)


def test_both_forecasters_are_kept(study):
    for kind, predictor in (("images", "mixed"), ("weights", "weights")):
        kept = forecaster.load(study.setting / "forecaster", kind)
        assert kept.about["predictor"] == predictor and len(kept.about["rows"]) == 20
        assert {*kept.about["scores"]} == {*forecaster.CASES.values()}
    assert {*forecaster.load(study.setting / "forecaster", "images").library} == {*TASKS}


def test_where_nothing_is_merged_another_setting_forecasts(study):
    rows = table(study, "forecasts", "other")
    assert len(rows) == 2 * 3 and (rows.unseen == 2).all() and rows.measured.isna().all()
    assert not (study.results / "other/merges").exists() and not (study.results / "other/folds").exists()


def test_more_pairs_merge_these_and_remake_no_feature(study, tmp_path):
    """From ten pairs to all: the five others are merged, tables and forecasts follow, and nothing else."""
    grid = study.copy(tmp_path / "grid")
    config = deepcopy(CONFIG)
    del config["settings"]["tiny"]["measure"]
    grid.write_config(config)
    plan = grid.planned()
    others = {(a, b) for a in TASKS for b in TASKS if list(TASKS).index(a) < list(TASKS).index(b)} - {*CHOSEN}
    merged = {path for path in plan.outputs if "/merges/" in path}
    assert merged == {f"results/tiny/merges/{method}/{a}__{b}.json" for method in METHODS for a, b in others}
    assert not plan.matching("features/|checkpoints/.*safetensors|heads/|metrics/|images/")
    assert plan.matching("tables/forecasts.csv") and plan.matching("forecaster/images.json")


def test_one_more_pair_can_be_merged_to_look_at(study):
    a, b = next(pair for pair in names(study.setting / "forecasts/dare") if pair not in CHOSEN)
    assert f"results/tiny/merges/dare/{a}__{b}.json" in study.planned(f"results/tiny/merges/dare/{a}__{b}.json").outputs
