"""Merges of more than two tasks as file targets, and metrics at several numbers of calibration images."""

import json
from copy import deepcopy

import pandas
import pytest
import torch

import grid as small

SUBSETS, CALIBRATION = "results/tiny/tables/subsets.csv", "results/tiny/tables/calibration_metrics.csv"
PAIR = ["task_a", "task_b"]
LOOKING = ["activation_cosine_similarity", "encoder_gradient_cosine_similarity", "input_gradient_dot_product"]


def changed(**keys) -> dict:
    return deepcopy(small.SMALL) | keys


def test_a_subset_of_two_tasks_has_every_number_of_the_pair(grid):
    grid.write_config(changed(subsets={"size": 2, "count": 6}))
    grid.run(SUBSETS)
    for method in small.METHODS:
        found = [json.loads(path.read_text()) for path in sorted(grid.setting.glob(f"subsets/{method}/*.json"))]
        assert [result.pop("subset") for result in found] == [f"00{number}" for number in range(6)]
        for result in found:
            assert result == json.loads((grid.setting / f"merges/{method}/{'__'.join(result['tasks'])}.json").read_text())
        assert len({tuple(result["tasks"]) for result in found}) == 6
    table = pandas.read_csv(grid.folder / SUBSETS, dtype={"subset": str})
    assert len(table) == 6 * 2 * len(small.METHODS)


def test_more_subsets_add_to_those_that_are_there(grid):
    grid.write_config(changed(subsets={"size": 3, "count": 3}, tile={"merges": 1, "metrics": 1000}))
    plan = grid.planned(SUBSETS)
    assert plan.matching("subsets/") == {f"subsets/{method}/002.json" for method in small.METHODS}
    assert not plan.matching("merges/|checkpoints/")


def test_metrics_at_a_further_number_of_images_are_those_of_a_setting_with_that_number(grid):
    metrics, analysis = pandas.read_csv(grid.setting / "tables/metrics.csv"), small.SMALL["analysis"]
    grid.write_config(
        changed(metrics=LOOKING, calibration={"images_per_task": 2}, analysis=analysis | {"calibration_sizes": [4]})
    )
    grid.run(CALIBRATION)
    table = pandas.read_csv(grid.folder / CALIBRATION)
    assert list(table.columns) == ["n_images", "task_a", "task_b", *LOOKING]
    assert table["n_images"].tolist() == [2] * 6 + [4] * 6
    own, further = table[:6], table[6:].reset_index(drop=True)
    pandas.testing.assert_frame_equal(further[[*PAIR, LOOKING[0]]], metrics[[*PAIR, LOOKING[0]]], check_exact=True)
    assert not (own[LOOKING].to_numpy() == further[LOOKING].to_numpy()).any()
    a, b = (gradient(grid, further[task][0], 4) for task in PAIR)
    assert further["encoder_gradient_cosine_similarity"][0] == pytest.approx(float(a @ b / (a.norm() * b.norm())), rel=1e-9)
    assert not list(grid.setting.glob("calibration/**/*.*")), "large features go once the table is there"
    assert grid.planned(CALIBRATION).nothing


def test_a_setting_whose_metrics_see_no_image_computes_nothing_at_further_numbers(grid):
    grid.write_config(changed(metrics=["task_vector_cosine_similarity", "subspace_overlap"]))
    assert not grid.planned().matching("calibration/|tables/calibration")


def gradient(grid: small.Grid, task: str, size: int) -> torch.Tensor:
    """The gradient of a checkpoint's loss on its calibration images, as one vector, from its files alone."""
    from mergecast import tasks
    from mergecast.features._images import calibration
    from mergecast.features.gradients import encoder_gradient
    from mergecast.models import encoders
    from mergecast.models.checkpoints import State

    base, model = State(grid.setting / "base.safetensors"), State(grid.setting / f"checkpoints/{task}.safetensors")
    head = State(grid.setting / f"heads/{task}.safetensors")["weight"]
    images = calibration(tasks.open_task(grid.results / f"images/32px/{task}.safetensors"), size, seed=0)
    found = encoder_gradient(encoders.open_encoder(base).load(model), head, images)
    return torch.cat([tensor.flatten().double() for tensor in found.values()])
