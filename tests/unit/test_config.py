"""The configuration: documented to the last key, resolved to a grid."""

import itertools
import shutil
from copy import deepcopy
from pathlib import Path

import jsonschema
import numpy
import pandas
import pytest
import yaml

import study
from grid import SMALL
from mergecast import merging, metrics, prediction
from mergecast.config import settings as config
from mergecast.config.messages import explain
from mergecast.errors import MergecastError
from mergecast.tasks.options import read as read_options
from mergecast.tasks.sources import huggingface
from mergecast.tasks.table import COLUMNS, read_tasks

TASKS = {name: dict.fromkeys(COLUMNS, "") | {"task": name, "source": "digits"} for name in "abcde"}


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
    assert [column for column in COLUMNS if f"`{column}`" not in page] == []


def test_all_means_everything_there_is():
    setting = config.resolve(deepcopy(SMALL) | {"metrics": "all", "methods": "all", "predictors": "all"}, TASKS)["tiny"]
    assert setting.metrics == tuple(metrics.catalogue())
    assert tuple(setting.methods) == merging.methods()
    assert set(setting.predictors) == set(prediction.kinds())


def test_baselines_always_run_beside_the_predictors_chosen():
    setting = config.resolve(deepcopy(SMALL), TASKS)["tiny"]
    baselines = {name for name, kind in prediction.kinds().items() if kind == "baseline"}
    assert set(setting.predictors) == {"ridge"} | baselines


def test_parameters_are_spelt_out_and_a_setting_may_differ():
    small = deepcopy(SMALL) | {"method_parameters": {"dare": {"drop": 0.5}}}
    small["settings"]["other"] = deepcopy(small["settings"]["tiny"]) | {"methods": ["ties"], "seed": 7, "tasks": list("edcb")}
    settings = config.resolve(small, TASKS)
    assert settings["tiny"].methods["dare"] == {"drop": 0.5, "scale": 1.0, "seed": 0, "mask": "random"}
    assert list(settings["other"].methods) == ["ties"]
    assert (settings["tiny"].seed, settings["other"].seed) == (0, 7)
    assert settings["other"].tasks == tuple("bcde"), "tasks come in the order of the table"


@pytest.mark.parametrize(("method", "key"), [("task_arithmetic", "scale"), ("weight_avg", "weights")])
@pytest.mark.parametrize("value", [[0.7, 0.3], [0.7, 0.3, 0.1], {"a": 0.7, "b": 0.3}])
def test_values_per_model_are_refused_since_pairs_have_no_order(method, key, value):
    given = deepcopy(SMALL) | {"method_parameters": {method: {key: value}}}
    with pytest.raises(MergecastError) as caught:
        config.resolve(given, TASKS)
    message = str(caught.value)
    assert f"method_parameters.{method}.{key}: is {value!r}; give one value for all models" in message and "\n" not in message


def test_the_configurations_that_are_shipped_list_the_methods_of_the_study(root):
    for name in ("config", "n20", "real-mini", "real-unmerged"):
        listed = yaml.safe_load((root / f"config/{name}.yaml").read_text())["methods"]
        assert listed == sorted(study.METHODS), name


def test_pairs_come_row_by_row_so_that_a_new_task_only_appends():
    four = config.resolve(deepcopy(SMALL), {name: TASKS[name] for name in "abcd"})["tiny"].pairs
    five = config.resolve(deepcopy(SMALL), TASKS)["tiny"].pairs
    assert five[: len(four)] == four
    assert {pair[1] for pair in five[len(four) :]} == {"e"}
    assert len(five) == 10


def with_checkpoints(folder, *tasks) -> dict:
    """The small configuration with a file for each of these tasks."""
    given = deepcopy(SMALL)
    given["settings"]["tiny"]["checkpoints"] = {task: str(folder / f"{task}.pt") for task in tasks}
    for path in given["settings"]["tiny"]["checkpoints"].values():
        Path(path).touch()
    return given


def test_checkpoints_are_those_of_the_setting_s_tasks_and_the_recipe_is_for_the_others(tmp_path):
    given = with_checkpoints(tmp_path, *"ceba")
    given["settings"]["tiny"]["tasks"] = list("abcd")
    setting = config.resolve(given, TASKS)["tiny"]
    assert list(setting.checkpoints) == list("abc") and setting.checkpoints["c"].endswith("c.pt")
    assert setting.recipe == SMALL["settings"]["tiny"]["recipe"]
    assert config.resolve(deepcopy(SMALL), TASKS)["tiny"].checkpoints is None


def test_the_recipe_may_be_left_out_if_every_task_has_a_checkpoint(tmp_path):
    given = with_checkpoints(tmp_path, *"abcde")
    del given["settings"]["tiny"]["recipe"]
    assert config.resolve(deepcopy(given), TASKS)["tiny"].recipe is None
    del given["settings"]["tiny"]["checkpoints"]["d"]
    with pytest.raises(MergecastError, match=r"tiny: lacks the key 'recipe', by which d \(1 in all\) would be fine-tuned"):
        config.resolve(given, TASKS)


def test_a_table_without_a_column_is_named(tmp_path):
    path = tmp_path / "tasks.tsv"
    path.write_text("task\tsource\nshapes\tprocedural\n")
    with pytest.raises(MergecastError, match=r"tasks.tsv: lacks the column 'path'"):
        read_tasks(path)


def test_paths_of_images_start_from_the_folder_given(tmp_path):
    path = tmp_path / "tasks.tsv"
    rows = [
        list(COLUMNS),
        ["a", "npz", "a.npz", *[""] * 5],
        ["b", "npz", "/b.npz", *[""] * 5],
        ["c", "digits", *[""] * 6],
    ]
    path.write_text("".join("\t".join(row) + "\n" for row in rows))

    def paths(images):
        return [row["path"] for row in read_tasks(path, images).values()]

    assert paths(None) == ["a.npz", "/b.npz", ""]
    assert paths("../pictures") == ["../pictures/a.npz", "/b.npz", ""]


def test_a_missing_file_of_a_task_that_only_pretraining_uses_is_found_at_once():
    small = deepcopy(SMALL)
    small["bases"]["tiny"]["corpus"] = {"tasks": ["f"]}
    tasks = TASKS | {"f": TASKS["a"] | {"task": "f", "source": "npz", "path": "nowhere/f.npz"}}
    small["tasks"] = list(TASKS)
    with pytest.raises(MergecastError, match="task 'f': path 'nowhere/f.npz' is no file; put the images there"):
        config.resolve(small, tasks)


NEW = ("targets", "splits", "bootstrap", "intervals", "subsets", "analysis")
MANY = {name: TASKS["a"] | {"task": name} for name in "abcdefghij"}


def minimal(**keys):
    """A configuration that says nothing of the forecast but its predictors."""
    return {key: value for key, value in deepcopy(SMALL).items() if key not in NEW} | keys


def resolved(tasks=MANY, **keys):
    return config.resolve(minimal(**keys), tasks)["tiny"]


def problem(tasks=MANY, **keys):
    with pytest.raises(MergecastError) as told:
        resolved(tasks, **keys)
    return str(told.value)


def test_a_minimal_configuration_gets_the_defaults():
    setting = resolved()
    assert {key: getattr(setting, key) for key in NEW} == {
        "targets": ("normalised_accuracy",),
        "splits": {
            "loto": {"permutations": 200, "costly": 20},
            "l2to": {"permutations": 199, "costly": 1},
            "disjoint": {"halves": 50, "permutations": 50, "costly": 4},
        },
        "bootstrap": 1000,
        "intervals": (0.8, 0.9),
        "subsets": {"size": 3, "count": 12},
        "analysis": {"predictor": "ridge", "calibration_sizes": [2, 5, 20]},
    }


def test_the_documented_defaults_are_those_that_hold(root):
    page = (root / "config/README.md").read_text()
    for options in config.DEFAULTS["splits"].values():
        assert "`{" + ", ".join(f"{key}: {value}" for key, value in options.items()) + "}`" in page
    assert f"`{config.DEFAULTS['bootstrap']}`" in page and f"`{config.DEFAULTS['intervals']}`" in page


def test_what_a_mapping_leaves_out_is_the_default():
    setting = resolved(splits={"disjoint": {"halves": 3}, "loto": {}}, subsets={"size": 4}, analysis={"calibration_sizes": []})
    assert list(setting.splits) == ["loto", "disjoint"], "in one order, whatever that of the file"
    assert setting.splits["loto"] == {"permutations": 200, "costly": 20}
    assert setting.splits["disjoint"] == {"halves": 3, "permutations": 50, "costly": 4}
    assert setting.subsets == {"size": 4, "count": 12}
    assert setting.analysis == {"predictor": "ridge", "calibration_sizes": []}


def test_a_setting_may_differ_in_every_key_of_the_forecast():
    own = {
        "targets": ["accuracy"],
        "splits": {"loto": {"permutations": 1}},
        "bootstrap": 7,
        "intervals": [0.5],
        "subsets": None,
        "analysis": {"predictor": "lasso"},
        "predictors": ["lasso"],
    }
    small = minimal(predictors=["ridge"], bootstrap=9)
    small["settings"]["other"] = deepcopy(small["settings"]["tiny"]) | own
    settings = config.resolve(small, MANY)
    other = settings["other"]
    assert (other.targets, other.bootstrap, other.intervals, other.subsets) == (("accuracy",), 7, (0.5,), None)
    assert other.splits == {"loto": {"permutations": 1, "costly": 20}}
    assert other.analysis["predictor"] == "lasso"
    assert settings["tiny"].bootstrap == 9 and settings["tiny"].subsets is not None


def test_the_order_of_targets_is_kept_since_the_first_is_the_headline():
    assert resolved(targets=["retained", "accuracy"]).targets == ("retained", "accuracy")
    assert resolved(targets="all").targets == ("normalised_accuracy", "accuracy", "retained")


@pytest.mark.parametrize(
    ("n", "splits"), [(4, ["loto"]), (5, ["loto", "l2to"]), (7, ["loto", "l2to"]), (8, list(config.SPLITS))]
)
def test_by_default_a_split_that_needs_more_tasks_is_left_out(n, splits):
    assert list(resolved({name: MANY[name] for name in "abcdefghij"[:n]}).splits) == splits


def test_a_split_that_is_asked_for_and_needs_more_tasks_is_an_error():
    seven = {name: MANY[name] for name in "abcdefg"}
    told = problem(seven, splits={"loto": {}, "disjoint": {}})
    assert told == "settings.tiny.splits: disjoint needs at least 8 tasks and there are 7; leave it out"


def test_by_default_there_are_no_more_subsets_than_can_be():
    four = {name: MANY[name] for name in "abcd"}
    assert resolved(four).subsets == {"size": 3, "count": 4}
    assert resolved(four, subsets={"size": 2}).subsets == {"size": 2, "count": 6}


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ({"targets": ["acuracy"]}, "settings.tiny.targets: unknown target 'acuracy'; did you mean 'accuracy'"),
        ({"targets": []}, "settings.tiny.targets: is empty; name at least one target"),
        ({"targets": ["accuracy", "accuracy"]}, "settings.tiny.targets: names 'accuracy' twice"),
        ({"features": {"optional": ["jpv"]}}, "features.optional: unknown optional feature 'jpv'; did you mean 'jvp'"),
        ({"subsets": {"size": 11}}, "settings.tiny.subsets.size: is 11, but there are 10 tasks; give 10 or less"),
        ({"subsets": {"size": 9, "count": 11}}, "subsets.count: is 11, but 10 tasks have 10 subsets of 9; ask for less"),
        ({"analysis": {"predictor": "rigde"}}, "analysis.predictor: unknown predictor with coefficients 'rigde'; did you mean"),
        ({"analysis": {"predictor": "train_mean"}}, "analysis.predictor: unknown predictor with coefficients 'train_mean'"),
        ({"analysis": {"predictor": "lasso"}}, "is 'lasso', which is not among `predictors`; add it there or take ridge"),
        ({"analysis": {"predictor": "ridge"}, "predictors": ["lasso"]}, "is 'ridge', which is not among `predictors`"),
        ({"predictors": ["single_task"]}, "is 'ridge', which is not among `predictors`; add it there"),
    ],
)
def test_a_forecast_that_cannot_be_is_one_line(keys, line):
    assert line in problem(**keys)


def test_analyses_take_the_first_chosen_predictor_with_coefficients_where_the_default_is_not_chosen():
    assert resolved(predictors=["mlp", "l1_pearson", "lasso"]).analysis["predictor"] == "l1_pearson"
    assert resolved(predictors=["lasso", "ridge"]).analysis["predictor"] == "ridge"


BY_THE_SCHEMA = {
    "the target of old": ({"target": "accuracy"}, "the configuration: unknown key 'target'; did you mean 'targets'"),
    "a target where a list belongs": ({"targets": "accuracy"}, "targets: is 'accuracy'; give a list of names, or all"),
    "unknown split": ({"splits": {"loto": {}, "disjiont": {}}}, "splits: unknown key 'disjiont'; did you mean 'disjoint'"),
    "no leave-one-task-out": ({"splits": {"l2to": {}}}, "splits: lacks the key 'loto'; add it"),
    "an option of another split": ({"splits": {"loto": {"halves": 3}}}, "splits.loto: unknown key 'halves'"),
    "fewer than no permutations": ({"splits": {"loto": {"permutations": -1}}}, "splits.loto.permutations: -1 is less than"),
    "half a permutation": ({"splits": {"loto": {"costly": 0.5}}}, "splits.loto.costly: is 0.5; it must be of type"),
    "no halves": ({"splits": {"loto": {}, "disjoint": {"halves": 0}}}, "splits.disjoint.halves: 0 is less than"),
    "no bootstrap": ({"bootstrap": 0}, "bootstrap: 0 is less than the minimum of 1"),
    "an interval in per cent": ({"intervals": [80]}, "intervals.0: 80 is greater than or equal to the maximum of 1"),
    "an interval twice": ({"intervals": [0.8, 0.8]}, "intervals: [0.8, 0.8] has non-unique elements"),
    "features of no image": ({"features": {"images": 0}}, "features.images: 0 is less than the minimum of 1"),
    "unknown key of features": ({"features": {"image": 5}}, "features: unknown key 'image'; did you mean 'images'"),
    "no interval": ({"intervals": []}, "intervals: [] should be non-empty"),
    "a subset of one": ({"subsets": {"size": 1}}, "subsets.size: 1 is less than the minimum of 2"),
    "unknown key of subsets": ({"subsets": {"sise": 3}}, "subsets: unknown key 'sise'; did you mean 'size'"),
    "subsets switched off by a word": ({"subsets": "none"}, "subsets: is 'none'; it must be of type object or null"),
    "unknown key of the analysis": ({"analysis": {"predicter": "ridge"}}, "unknown key 'predicter'; did you mean 'predictor'"),
    "calibration at no image": ({"analysis": {"calibration_sizes": [0]}}, "analysis.calibration_sizes.0: 0 is less than"),
    "calibration at one size twice": ({"analysis": {"calibration_sizes": [2, 2]}}, "[2, 2] has non-unique elements"),
    "a published folder of no name": ({"published": ""}, "published: '' should be non-empty"),
    "tables without merges": ({"settings": {"own": {"tables": {"metrics": "a"}}}}, "own.tables: lacks the key 'merges'"),
    "unknown table": ({"settings": {"own": {"tables": {"single": "a"}}}}, "unknown key 'single'; did you mean 'singles'"),
    "unknown key of a setting": ({"settings": {"own": {"tabels": {}}}}, "own: unknown key 'tabels'; did you mean 'tables'"),
    "a setting of nothing": ({"settings": {}}, "settings: {} should be non-empty"),
}  # fmt: skip


@pytest.fixture(scope="module")
def schema(root):
    return jsonschema.Draft202012Validator(yaml.safe_load((root / "workflow/schemas/config.schema.yaml").read_text()))


@pytest.mark.parametrize("fault", BY_THE_SCHEMA)
def test_what_the_schema_refuses_is_told_in_one_line(fault, schema):
    keys, line = BY_THE_SCHEMA[fault]
    with pytest.raises(jsonschema.ValidationError) as told:
        schema.validate(minimal(**keys))
    assert line in explain(told.value) and "\n" not in explain(told.value)


@pytest.mark.parametrize("name", ["config.yaml", "n20.yaml", "published.yaml"])
def test_the_schema_takes_every_configuration_here_and_the_least(name, schema, root, tmp_path):
    schema.validate(yaml.safe_load((root / "config" / name).read_text()))
    schema.validate(SMALL)
    schema.validate(minimal())
    schema.validate(tables_of(tmp_path))


def tables_of(folder, missing=0):
    """Three small tables of 5 tasks in a folder, and the part of a configuration that brings them."""
    rng = numpy.random.default_rng(0)
    pairs = pandas.DataFrame(itertools.combinations("vwxyz", 2), columns=["task_a", "task_b"])
    merges = pandas.concat(
        [pairs.assign(method=method, task=pairs[side], accuracy=rng.uniform(0, 0.8, 10))
         for method in ("mean", "max") for side in ("task_a", "task_b")]
    )  # fmt: skip
    merges.to_csv(folder / "merges.csv", index=False)
    pairs.assign(angle=rng.uniform(size=10), norm=[None] * missing + [1.0] * (10 - missing)).to_csv(
        folder / "metrics.csv", index=False
    )
    pandas.DataFrame({"task": list("vwxyz"), "fine_tuned_accuracy": 0.9}).to_csv(folder / "singles.csv", index=False)
    files = {name: str(folder / f"{name}.csv") for name in ("metrics", "merges", "singles")}
    return {
        "seed": 3,
        "tasks": "all",
        "metrics": "all",
        "methods": "all",
        "predictors": ["ridge"],
        "settings": {"own": {"tables": files}},
    }


def test_a_setting_of_tables_needs_no_models_and_no_table_of_tasks(tmp_path):
    setting = config.resolve(tables_of(tmp_path), read_tasks(None))["own"]
    assert (setting.tasks, setting.metrics, list(setting.methods)) == (tuple("vwxyz"), ("angle", "norm"), ["mean", "max"])
    assert list(setting.splits) == ["loto", "l2to"], "five tasks have no halves of four"
    assert setting.base is setting.recipe is setting.subsets is setting.tile is setting.device is None
    assert setting.analysis == {"predictor": "ridge", "calibration_sizes": []}


def test_settings_of_models_and_of_tables_stand_side_by_side(tmp_path):
    both = deepcopy(SMALL)
    both["settings"]["own"] = tables_of(tmp_path)["settings"]["own"] | dict.fromkeys(("metrics", "methods", "tasks"), "all")
    settings = config.resolve(both, TASKS)
    assert settings["tiny"].tables is None and settings["tiny"].chosen is None
    assert settings["own"].tasks == tuple("vwxyz") and settings["tiny"].tasks == tuple("abcde")
    assert (settings["own"].calibration, settings["own"].bootstrap) == (None, 20)


def test_names_that_the_tables_do_not_have_are_told(tmp_path):
    given = tables_of(tmp_path) | {"metrics": ["angel"]}
    with pytest.raises(MergecastError, match="settings.own.metrics: unknown metric 'angel'; did you mean 'angle'"):
        config.resolve(given, {})


@pytest.mark.parametrize(
    "key", ["base", "recipe", "method_parameters", "calibration", "evaluation", "tile", "device", "subsets"]
)
def test_tables_and_a_key_of_models_are_one_too_many(key, tmp_path):
    given = tables_of(tmp_path)
    given["settings"]["own"][key] = {}
    with pytest.raises(MergecastError, match=f"settings.own: gives both tables and {key}"):
        config.resolve(given, {})


@pytest.mark.parametrize("key", ["tasks_file", "device", "calibration", "evaluation", "tile"])
def test_models_need_what_tables_do_not(key):
    given = minimal()
    del given[key]
    with pytest.raises(MergecastError, match=f"the configuration: lacks the key '{key}'"):
        config.resolve(given, TASKS)


def test_remarks_say_what_is_used_and_what_is_not_and_keep_long_lists_short(tmp_path):
    given = tables_of(tmp_path, missing=3) | {"methods": ["max"]}
    settings = config.resolve(given, {})
    assert config.remarks(given, settings) == [
        "own: takes 7 pairs of 5 tasks, metrics: 2, methods: 1",
        "own: leaves out method mean: not chosen by `methods`",
        "own: leaves out pair v__w: norm is missing",
        "own: leaves out pair v__x: norm is missing",
        "own: leaves out pair v__y: norm is missing",
        "own: leaves out split l2to: too few tasks, or pairs, for it",
        "own: leaves out split disjoint: too few tasks, or pairs, for it",
    ]
    with pytest.raises(
        MergecastError, match="settings.own.splits: inner split: .* all share a task; .* or leave the split out"
    ):
        config.resolve(given | {"splits": {"loto": {}, "l2to": {}}}, {})
    assert config.remarks(minimal(), config.resolve(minimal(), MANY)) == []


def published(folder, *names):
    """A folder as published, with these settings, all of them the same tables."""
    tables_of(folder)
    for name in names:
        for ours, theirs in (("metrics", "metrics"), ("merges", "merges"), ("singles", "finetune")):
            shutil.copy(folder / f"{ours}.csv", folder / f"{theirs}_{name}.csv")
    return {key: value for key, value in tables_of(folder).items() if key != "settings"} | {"published": str(folder)}


def test_every_whole_setting_of_a_published_folder_is_taken_and_the_others_and_copies_are_told(tmp_path):
    given = published(tmp_path, "A", "B", "C")
    (tmp_path / "finetune_C.csv").unlink()
    settings = config.resolve(given, {})
    assert list(settings) == ["A", "B"] and settings["A"].tables["singles"].endswith("finetune_A.csv")
    lines = config.remarks(given, settings)
    assert any(line.startswith("C: is left out; ") and line.endswith("lacks finetune_C.csv") for line in lines)
    copies = [line[:39] for line in lines if "copy" in line]
    assert copies == ["B: its merges are a copy of those of A:", "C: its merges are a copy of those of A:"]


def test_a_name_that_is_in_the_folder_and_in_the_settings_is_told(tmp_path):
    given = published(tmp_path, "own") | {"settings": tables_of(tmp_path)["settings"]}
    with pytest.raises(MergecastError, match="settings.own: is in the folder `published` too; give it another name"):
        config.resolve(given, {})


def test_the_published_configuration_names_no_folder_and_says_so(root):
    given = yaml.safe_load((root / "config/published.yaml").read_text())
    with pytest.raises(MergecastError, match="published: names no folder; add `--config published=DIR`"):
        config.resolve(given, {})


@pytest.mark.parametrize("name", ["config.yaml", "n20.yaml", "real-mini.yaml", "real-unmerged.yaml"])
def test_every_configuration_here_resolves(name, root, monkeypatch):
    monkeypatch.chdir(root)
    given = yaml.safe_load((root / "config" / name).read_text())
    tasks = {task: row | {"path": "", "options": ""} for task, row in read_tasks(given["tasks_file"]).items()}
    tasks = {task: row | {"source": "digits"} for task, row in tasks.items()}
    for setting in config.resolve(given, tasks).values():
        alone = len(setting.measured) < len(setting.pairs) and name != "config.yaml"  # so few pairs give no disjoint halves
        assert list(setting.splits) == list(config.SPLITS)[: 2 if alone else 3]
        assert setting.targets[0] == "normalised_accuracy" and setting.predictors


def test_the_published_tasks_are_those_of_the_study_in_its_order(root):
    rows = read_tasks(root / "config/n20_tasks.tsv")
    epochs = [14, 35, 15, 12, 4, 11, 5, 76, 147, 1, 10, 82, 6, 6, 6, 4, 5, 2, 5, 39]
    templates = [2, 8, 18, 3, 1, 3, 1, 8, 1, 1, 6, 1, 2, 18, 18, 1, 2, 1, 1, 1]
    assert [int(row["epochs"]) for row in rows.values()] == epochs
    assert [row["prompts"].count("|") + 1 for row in rows.values()] == templates
    assert all(read_options(row, huggingface.DEFAULTS) for row in rows.values()), "no option is misspelt"
    assert list(rows)[7] == "DTD" and list(rows)[13] == "CIFAR100", "where N8 and N14 end"
    given = yaml.safe_load((root / "config/n20.yaml").read_text())
    for setting in config.resolve(given, rows).values():
        assert setting.tasks == tuple(rows) and setting.recipe["batch_size"] == 128


@pytest.mark.parametrize(
    ("source", "path", "line"),
    [
        ("npz", "", "task 'a': source npz needs `path`, the file with its images"),
        ("npz", "birds.npz", "task 'a': path 'birds.npz' is no file; put the images there or correct tasks.tsv"),
        ("folder", "", "task 'a': source folder needs `path`, the folder with its pictures"),
        ("folder", "birds", "task 'a': path 'birds' is no folder"),
        ("huggingface", "", "task 'a': source huggingface needs `path`, the id of a data set on the hub, or a folder"),
        ("huggingface", "./birds", "task 'a': path './birds' is no folder"),
        ("huggingface", "data/sets/birds", "task 'a': path 'data/sets/birds' is no folder"),
    ],
)
def test_where_images_are_is_checked_before_any_job(source, path, line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = TASKS | {"a": TASKS["a"] | {"source": source, "path": path}}
    with pytest.raises(MergecastError) as told:
        config.resolve(deepcopy(SMALL), rows)
    assert str(told.value).startswith(line)
    rows["a"] |= {"source": "huggingface", "path": "owner/birds-2.0"}
    assert config.resolve(deepcopy(SMALL), rows)["tiny"].tasks[0] == "a", "an id of the hub is no path"
