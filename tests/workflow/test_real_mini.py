"""The configuration of real images: it plans whole where its images are, and says in one line where they are not."""

import re

import pytest

import grid as small
import study
from mergecast import metrics
from mergecast.models.encoders import new_clip, zero_shot_head
from mergecast.tasks import load


@pytest.fixture
def mini(root, tmp_path):
    return small.Grid.new(root, tmp_path / "grid")


def test_it_plans_every_pair_of_eighteen_tasks_in_three_settings(mini, shared):
    methods = len(study.METHODS)
    plan = mini.planned("--configfile", "config/real-mini.yaml", "--config", f"images={shared / 'data'}")
    merges = [path for path in plan.outputs if re.match("results/[^/]+/merges/", path)]
    assert len(merges) == 3 * 153 * methods
    assert {path.split("/")[1] for path in merges} == {"mini_AdamW", "mini_SGD", "mini_AdamW_long"}
    assert len([name for name, _ in plan.jobs if name == "images"]) == 19, "eighteen tasks and the corpus"
    assert len([name for name, _ in plan.jobs if name == "finetune"]) == 54, "the corpus is no task"
    assert len([name for name, _ in plan.jobs if name.startswith("merge_")]) == 3 * 17 * methods, "one job a row and method"
    assert len({path.split("/")[3] for path in plan.outputs if "/metrics/" in path}) == len(metrics.catalogue())


def test_without_its_images_it_is_one_line_before_any_job(mini):
    result = mini.run("--dry-run", "--configfile", "config/real-mini.yaml", check=False)
    told = [line for line in (result.stdout + result.stderr).splitlines() if "is no file; put the images there" in line]
    assert result.returncode != 0
    assert len(told) == 1 and "../shared/data/" in told[0] and "Traceback" not in result.stderr


def test_class_names_of_every_task_fit_its_images_and_the_text_tower(root, shared):
    from mergecast.tasks.table import read_tasks

    clip = new_clip("mini-clip")
    for name, row in read_tasks(root / "config/real-mini_tasks.tsv", shared / "data").items():
        task = load(row, size=32, seed=0)
        head = zero_shot_head(clip, "mini-clip", task.class_names, task.prompts)
        assert len(head.unique(dim=0)) == len(task.class_names), f"{name}: two classes are one to the text tower"
