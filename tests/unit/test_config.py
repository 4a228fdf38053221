"""The configuration: documented to the last key, resolved to a grid."""

from copy import deepcopy

import pytest
import yaml

from grid import SMALL
from mergecast import config, merging, metrics, prediction
from mergecast.errors import MergecastError

TASKS = {name: dict.fromkeys(config.COLUMNS, "") | {"task": name, "source": "digits"} for name in "abcde"}


def keys_of(schema) -> set[str]:
    """Every key a schema names, however deep."""
    found = set()
    if isinstance(schema, dict):
        found |= set(schema.get("properties", {}))
        for part in schema.values():
            found |= keys_of(part)
    elif isinstance(schema, list):
        for part in schema:
            found |= keys_of(part)
    return found


def test_every_key_of_the_schema_is_documented(root):
    schema = yaml.safe_load((root / "workflow/schemas/config.schema.yaml").read_text())
    page = (root / "config/README.md").read_text()
    lacking = {key for key in keys_of(schema) if not any(f"{before}{key}" in page for before in ("`", ".", "{"))}
    assert lacking == set()


def test_every_column_of_the_table_of_tasks_is_documented(root):
    page = (root / "config/README.md").read_text()
    assert [column for column in config.COLUMNS if f"`{column}`" not in page] == []


def test_all_means_everything_there_is():
    setting = config.resolve(deepcopy(SMALL) | {"metrics": "all", "methods": "all", "predictors": "all"}, TASKS)["tiny"]
    assert setting.metrics == tuple(metrics.catalogue()) and len(setting.metrics) == 28
    assert tuple(setting.methods) == merging.methods() and len(setting.methods) == 8
    assert set(setting.predictors) == set(prediction.kinds())


def test_baselines_always_run_beside_the_predictors_chosen():
    setting = config.resolve(deepcopy(SMALL), TASKS)["tiny"]
    assert set(setting.predictors) == {"ridge", "single_task", "task_effects", "train_mean"}


def test_parameters_are_spelt_out_and_a_setting_may_differ():
    small = deepcopy(SMALL) | {"method_parameters": {"dare": {"drop": 0.5}}}
    small["settings"]["other"] = deepcopy(small["settings"]["tiny"]) | {"methods": ["ties"], "seed": 7, "tasks": list("edcb")}
    settings = config.resolve(small, TASKS)
    assert settings["tiny"].methods["dare"] == {"drop": 0.5, "scale": 1.0, "seed": 0, "mask": "random"}
    assert list(settings["other"].methods) == ["ties"]
    assert (settings["tiny"].seed, settings["other"].seed) == (0, 7)
    assert settings["other"].tasks == tuple("bcde"), "tasks come in the order of the table"


def test_pairs_come_row_by_row_so_that_a_new_task_only_appends():
    four = config.resolve(deepcopy(SMALL), {name: TASKS[name] for name in "abcd"})["tiny"].pairs
    five = config.resolve(deepcopy(SMALL), TASKS)["tiny"].pairs
    assert five[: len(four)] == four
    assert {pair[1] for pair in five[len(four) :]} == {"e"}
    assert len(five) == 10


def test_a_table_without_a_column_is_named(tmp_path):
    path = tmp_path / "tasks.tsv"
    path.write_text("task\tsource\nshapes\tprocedural\n")
    with pytest.raises(MergecastError, match=r"tasks.tsv: lacks the column 'path'"):
        config.read_tasks(path)
