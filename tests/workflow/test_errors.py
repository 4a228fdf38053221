"""Bad input, met by a user of the workflow: one line that names what is wrong, a non-zero exit, nothing half-written."""

import json
import re
from copy import deepcopy
from itertools import combinations

import numpy
import pytest
import torch
from safetensors.torch import load_file

import grid as small


def with_keys(**keys):
    def change(config, tasks):
        config |= keys

    return change


def in_setting(**keys):
    def change(config, tasks):
        config["settings"]["tiny"] |= keys

    return change


def in_recipe(**keys):
    def change(config, tasks):
        config["settings"]["tiny"]["recipe"] |= keys

    return change


def in_base(**keys):
    def change(config, tasks):
        config["bases"]["tiny"] |= keys

    return change


def brings(**paths):
    """A setting of tables, with files that are not there unless a test writes them."""

    def change(config, tasks):
        files = {"metrics": "metrics.csv", "merges": "merges.csv", "singles": "singles.csv"} | paths
        config["settings"]["mine"] = {"tables": {name: path for name, path in files.items() if path}}

    return change


def without(*path):
    def change(config, tasks):
        for key in path[:-1]:
            config = config[key]
        del config[path[-1]]

    return change


def all_of(*changes):
    def change(config, tasks):
        for each in changes:
            each(config, tasks)

    return change


def task(name, source, options=""):
    def change(config, tasks):
        tasks[name] = (source, options)

    return change


# What is wrong, the change that makes it so, and what the one line must say.
BEFORE_ANY_JOB = {
    "unknown metric": (with_keys(metrics=["subspace_overlp"]), "'subspace_overlp'; did you mean 'subspace_overlap'"),
    "unknown method": (with_keys(methods=["tie"]), "unknown method 'tie'; did you mean 'ties'"),
    "unknown predictor": (with_keys(predictors=["rigde"]), "unknown predictor 'rigde'; did you mean 'ridge'"),
    "unknown task": (with_keys(tasks=["shapes", "leters"]), "unknown task 'leters'; did you mean 'letters'"),
    "unknown key": (with_keys(metricz=["all"]), "unknown key 'metricz'; did you mean 'metrics'"),
    "unknown key of a setting": (in_setting(recpie={}), "settings.tiny: unknown key 'recpie'; did you mean 'recipe'"),
    "unknown key of a recipe": (in_recipe(learning_rat=1), "settings.tiny.recipe: unknown key 'learning_rat'"),
    "unknown key of a base": (in_base(modle="x"), "bases.tiny: unknown key 'modle'; did you mean 'model'"),
    "parameters of no method": (with_keys(method_parameters={"dear": {}}), "unknown method 'dear'; did you mean 'dare'"),
    "unknown method parameter": (with_keys(method_parameters={"dare": {"drp": 0.5}}), "'drp'; did you mean 'drop'"),
    "method parameter out of range": (with_keys(method_parameters={"dare": {"drop": 1.5}}), "'drop' is 1.5"),
    "method parameter of another type": (with_keys(method_parameters={"dare": {"drop": "much"}}), "'drop' is 'much'"),
    "wrong type": (with_keys(seed="zero"), "seed: is 'zero'; it must be of type integer"),
    "a name where a list belongs": (with_keys(metrics="subspace_overlap"), "metrics: is 'subspace_overlap'"),
    "a batch size in words": (with_keys(evaluation={"batch_size": "large"}), "evaluation.batch_size: 'large' does not match"),
    "no images at once": (with_keys(evaluation={"batch_size": 0}), "evaluation.batch_size: 0 is less than the minimum of 1"),
    "empty list": (with_keys(methods=[]), "methods: is empty; name at least one method"),
    "a name twice in a list": (with_keys(methods=["dare", "dare"]), "methods: names 'dare' twice"),
    "negative learning rate": (in_recipe(learning_rate=-1), "settings.tiny.recipe.learning_rate"),
    "steps and epochs": (in_recipe(epochs=3), "settings.tiny.recipe: give exactly one of steps and epochs"),
    "unknown optimiser": (in_recipe(optimizer="Adam"), "optimizer: is 'Adam'; it must be one of AdamW, SGD"),
    "the target of old": (with_keys(target="accuracy"), "unknown key 'target'; did you mean 'targets'"),
    "unknown target": (with_keys(targets=["acuracy"]), "targets: unknown target 'acuracy'; did you mean 'accuracy'"),
    "unknown split": (with_keys(splits={"loto": {}, "l2t": {}}), "splits: unknown key 'l2t'; did you mean 'l2to'"),
    "a split for more tasks": (with_keys(splits={"loto": {}, "l2to": {}}), "splits: l2to needs at least 5 tasks"),
    "an interval in per cent": (with_keys(intervals=[80]), "intervals.0: 80 is greater than or equal to the maximum of 1"),
    "more subsets than there are": (with_keys(subsets={"size": 3, "count": 5}), "is 5, but 4 tasks have 4 subsets of 3"),
    "analysis of a predictor not chosen": (with_keys(analysis={"predictor": "lasso"}), "which is not among `predictors`"),
    "a checkpoint of an unknown task": (
        in_setting(checkpoints={"leters": "letters.pt"}),
        "settings.tiny.checkpoints: unknown task 'leters'; did you mean 'letters'",
    ),
    "a checkpoint that is not there": (
        in_setting(checkpoints={"letters": "letters.pt"}),
        "settings.tiny.checkpoints.letters: 'letters.pt' is no file; put the checkpoint there",
    ),
    "a folder without weights": (
        in_setting(checkpoints={"letters": "config"}),
        "settings.tiny.checkpoints.letters: config: holds no weights, but README.md, config.yaml",
    ),
    "no recipe and not all checkpoints": (
        all_of(without("settings", "tiny", "recipe"), in_setting(checkpoints={"letters": "config/README.md"})),
        "settings.tiny: lacks the key 'recipe', by which shapes (3 in all) would be fine-tuned",
    ),
    "neither recipe nor checkpoints": (without("settings", "tiny", "recipe"), "settings.tiny: lacks the key 'recipe'"),
    "checkpoints that are a list": (in_setting(checkpoints=["a.pt"]), "settings.tiny.checkpoints: is ['a.pt']; it must be of"),
    "checkpoints beside tables": (
        all_of(brings(), lambda config, tasks: config["settings"]["mine"].update(checkpoints={"shapes": "a.pt"})),
        "settings.mine: gives both tables and checkpoints",
    ),
    "tables that are not there": (brings(), "settings.mine.tables.metrics: 'metrics.csv' is no file; correct the path"),
    "a published folder that is not there": (with_keys(published="nowhere"), "published: 'nowhere' is no folder"),
    "no settings at all": (without("settings"), "the configuration: lacks the key 'settings'"),
    "missing key": (without("calibration"), "lacks the key 'calibration'"),
    "a setting without a base": (without("settings", "tiny", "base"), "settings.tiny: names no base"),
    "a setting with an unknown base": (in_setting(base="tinny"), "settings.tiny.base: unknown base 'tinny'"),
    "pre-training on an unknown task": (in_base(corpus={"tasks": ["leters"]}), "corpus.tasks: unknown task 'leters'"),
    "pre-training on two corpora": (
        in_base(corpus={"tasks": ["lines"], "procedural": 64}),
        "bases.tiny.corpus: give exactly one of procedural and tasks",
    ),
    "mirrored drawings": (in_base(corpus={"procedural": 64, "mirrored": True}), "'tasks' is a dependency of 'mirrored'"),
    "a base whose file is not there": (
        with_keys(bases={"tiny": {"kind": "file", "model": "tiny-clip", "image_size": 32, "path": "clip.safetensors"}}),
        "bases.tiny.path: 'clip.safetensors' is no file",
    ),
    "a base of another kind's keys": (in_base(weights="openai"), "bases.tiny: unknown key 'weights'"),
    "unknown key of pre-training": (in_base(training={"step": 3}), "training: unknown key 'step'; did you mean 'steps'"),
    "one task": (with_keys(tasks=["shapes"]), "names 1 task; a pair needs at least 2"),
    "too few tasks for the folds": (with_keys(tasks=["shapes", "letters", "lines"]), "leave-one-task-out needs at least 4"),
    "missing table of tasks": (with_keys(tasks_file="config/task.tsv"), "config/task.tsv: no such file"),
    "unknown source": (task("more", "procedral"), "task 'more': unknown source 'procedral'; did you mean 'procedural'"),
    "npz without a file": (task("more", "npz"), "task 'more': source npz needs `path`"),
    "a task's name that is no file name": (task("a b", "digits"), "task 'a b'"),
}  # fmt: skip


@pytest.mark.parametrize("fault", BEFORE_ANY_JOB)
def test_a_fault_in_the_configuration_is_one_line_before_any_job(fault, root, tmp_path):
    change, line = BEFORE_ANY_JOB[fault]
    config, tasks = deepcopy(small.SMALL), dict(small.TASKS)
    change(config, tasks)
    grid = small.Grid.new(root, tmp_path / "grid", config, tasks)
    result = grid.run("--dry-run", "--quiet", check=False)
    told = [row for row in (result.stdout + result.stderr).splitlines() if line in row]
    assert result.returncode != 0
    assert len(told) == 1, result.stdout + result.stderr
    assert "Traceback" not in result.stdout + result.stderr
    assert not list(grid.results.glob("*"))


def test_two_tasks_with_one_name(root, tmp_path):
    grid = small.Grid.new(root, tmp_path / "grid")
    path = grid.folder / "config/tasks.tsv"
    path.write_text(path.read_text() + "shapes\tdigits\t\t\t\t\t\t\n")
    result = grid.run("--dry-run", check=False)
    assert result.returncode != 0
    assert "config/tasks.tsv: task 'shapes' occurs twice" in result.stderr + result.stdout


def test_a_task_whose_file_is_not_there(root, tmp_path):
    grid = small.Grid.new(root, tmp_path / "grid")
    path = grid.folder / "config/tasks.tsv"
    path.write_text(path.read_text() + "birds\tnpz\tdata/birds.npz\t\t\t\t\t\n")
    result = grid.run("--dry-run", check=False)
    assert result.returncode != 0
    assert "task 'birds': path 'data/birds.npz' is no file" in result.stderr + result.stdout


TABLES = {
    "metrics": "task_a,task_b,angle\n" + "".join(f"{a},{b},0.5\n" for a, b in combinations("vwxyz", 2)),
    "merges": "task_a,task_b,method,task,accuracy\n"
    + "".join(f"{a},{b},mean,{task},0.6\n" for a, b in combinations("vwxyz", 2) for task in (a, b)),
    "singles": "task,fine_tuned_accuracy\n" + "".join(f"{task},0.9\n" for task in "vwxyz"),
}
# The table, what is replaced in it by what, and what the one line must say.
BROKEN_TABLES = {
    "a pair twice": ("metrics", "v,x,", "v,w,", "metrics.csv: pair v__w stands there twice; remove one row"),
    "a text for a number": ("metrics", "v,x,0.5", "v,x,half", "metrics.csv: row 2 (v__x): angle is 'half', no number"),
    "no table": ("singles", TABLES["singles"], "", "singles.csv: is not a CSV table"),
}


@pytest.mark.parametrize("fault", BROKEN_TABLES)
def test_a_table_that_is_brought_broken_is_one_line_before_any_job(fault, root, tmp_path):
    name, old, new, line = BROKEN_TABLES[fault]
    config = {key: small.SMALL[key] for key in ("seed", "predictors", "splits")}
    config |= dict.fromkeys(("tasks", "metrics", "methods"), "all")
    config["settings"] = {}
    brings()(config, {})
    grid = small.Grid.new(root, tmp_path / "grid", config)
    for table, text in (TABLES | {name: TABLES[name].replace(old, new, 1)}).items():
        (grid.folder / f"{table}.csv").write_text(text)
    result = grid.run("--dry-run", "--quiet", check=False)
    assert result.returncode != 0
    told = [row for row in (result.stdout + result.stderr).splitlines() if line in row]
    assert len(told) == 1, result.stdout + result.stderr
    assert "Traceback" not in result.stdout + result.stderr


def test_the_published_tables_without_their_folder(root, tmp_path):
    grid = small.Grid.new(root, tmp_path / "grid")
    result = grid.run("--dry-run", "--configfile", "config/published.yaml", check=False)
    assert result.returncode != 0
    assert "published: names no folder; add `--config published=DIR`" in result.stderr + result.stdout


def truncate(path):
    path.write_bytes(path.read_bytes()[:-1000])


def rewrite(path, change, **metadata):
    """Change a checkpoint's tensors, its header kept but for `metadata` and the hash of the tensors."""
    from mergecast.models.checkpoints import State, save

    header, tensors = State(path).metadata | metadata, load_file(path)
    change(tensors)
    save(path, tensors, header)


def flip(path):
    """One bit of the last weight."""
    whole = bytearray(path.read_bytes())
    whole[-4] ^= 1
    path.write_bytes(whole)


def within(path, part) -> int:
    """The place of a byte of the first tensor whose name ends so, in a safetensors file."""
    length = int.from_bytes(path.read_bytes()[:8], "little")
    header = json.loads(path.read_bytes()[8 : 8 + length])
    first = next(entry for name, entry in sorted(header.items()) if name.endswith(part))
    return 8 + length + first["data_offsets"][0] + 3


def reshape(path):
    rewrite(path, lambda tensors: tensors.update({"visual.proj": torch.zeros(3, 4)}))


def rekey(path):
    rewrite(path, lambda tensors: tensors.update({"visual.projection": tensors.pop("visual.proj")}))


def poison(path):
    rewrite(path, lambda tensors: tensors["visual.proj"].view(-1)[7:8].fill_(float("nan")))


def rebase(path):
    rewrite(path, lambda tensors: None, base_sha256="0" * 64)


BROKEN_CHECKPOINTS = {
    "truncated": (truncate, "is not a whole safetensors file"),
    "reshaped": (reshape, "tensor 'visual.proj' has shape (3, 4)"),
    "re-keyed": (rekey, "lacks tensor 'visual.proj'"),
    "NaN": (poison, "tensor 'visual.proj' holds NaN"),
    "of another base": (rebase, "was fine-tuned from another base"),
    "with a flipped bit": (
        flip,
        "is damaged: its tensors do not have the hash that its header states; delete it and run again",
    ),
}


@pytest.mark.parametrize("fault", BROKEN_CHECKPOINTS)
def test_a_broken_checkpoint_is_one_line_that_names_the_file(fault, grid):
    breaks, line = BROKEN_CHECKPOINTS[fault]
    path = grid.setting / "checkpoints/letters.safetensors"
    breaks(path)
    target = grid.setting / "merges/dare/shapes__letters.json"
    target.unlink()
    told = failing_line(grid, "results/tiny/merges/dare/shapes__letters.json", "merge_tiny_letters_shapes")
    assert "results/tiny/checkpoints/letters.safetensors" in told
    assert line in told
    assert not target.exists()
    assert not [name for name in target.parent.iterdir() if name.name.startswith(".")]


@pytest.mark.parametrize("feature", ["spectra/letters.safetensors", "probes/letters.safetensors", "inner_products.npz"])
def test_a_flipped_bit_in_a_feature_is_found_and_remade_by_the_command_that_is_told(feature, grid):
    path, tables = grid.setting / "features" / feature, grid.tables()
    metric = {"spectra": "subspace_overlap", "probes": "activation_cosine_similarity"}.get(
        path.parent.name, "task_vector_cosine_similarity"
    )
    target = f"results/tiny/metrics/{metric}/shapes__letters.json"
    whole = bytearray(path.read_bytes())
    whole[within(path, "/left") if path.parent.name == "spectra" else len(whole) // 2] ^= 16
    path.write_bytes(whole)
    (grid.folder / target).unlink()
    told = failing_line(grid, target, "metric_tiny_0")
    assert f"results/tiny/features/{feature}" in told and "delete it and run again" in told
    path.unlink()
    grid.run()
    assert grid.tables() == tables


@pytest.mark.parametrize(
    "target, line",
    [
        ("metrics/subspace_overlp/shapes__letters.json", "unknown metric 'subspace_overlp'; did you mean 'subspace_overlap'?"),
        ("merges/dara/shapes__letters.json", "unknown method of tiny 'dara'; did you mean 'dare'?"),
        ("merged/dara/shapes__letters.safetensors", "unknown method of tiny 'dara'; did you mean 'dare'?"),
        ("subsets/dara/000.json", "unknown method of tiny 'dara'; did you mean 'dare'?"),
    ],
)
def test_a_file_of_an_unknown_metric_or_method_is_refused_by_that_name(target, line, grid):
    result = grid.run("--dry-run", "--quiet", "--", f"results/tiny/{target}", check=False)
    assert result.returncode != 0
    assert line in result.stdout + result.stderr


def test_a_fine_tuned_accuracy_of_zero_leaves_normalised_accuracy_undefined(grid):
    path = grid.setting / "checkpoints/letters.json"
    single = json.loads(path.read_text())
    single["fine_tuned"]["accuracy"] = 0.0
    path.write_text(json.dumps(single))
    told = failing_line(grid, "results/tiny/merges/dare/shapes__letters.json", "merge_tiny_letters_shapes")
    assert "task letters: its fine-tuned accuracy is 0" in told


def test_more_calibration_images_than_images(grid):
    grid.write_config(deepcopy(small.SMALL) | {"calibration": {"images_per_task": 5000}})
    told = failing_line(grid, "results/tiny/features/gradients/letters.safetensors", "gradients_tiny_letters")
    assert "letters" in told and "5000" in told


def npz(**changes):
    rng = numpy.random.default_rng(0)
    arrays = {
        "train_images": rng.integers(0, 255, (40, 12, 12), dtype=numpy.uint8),
        "train_labels": numpy.arange(40) % 2,
        "test_images": rng.integers(0, 255, (20, 12, 12), dtype=numpy.uint8),
        "test_labels": numpy.arange(20) % 2,
        "class_names": numpy.array(["one", "two"]),
    }
    return arrays | changes


BROKEN_IMAGES = {
    "mismatched lengths": (npz(train_labels=numpy.arange(39) % 2), "train"),
    "wrong dtype": (npz(train_images=numpy.zeros((40, 12, 12), dtype=numpy.float32)), "float32"),
    "labels out of range": (npz(test_labels=numpy.arange(20) % 3), "test"),
    "an empty split": (npz(test_images=numpy.zeros((0, 12, 12), numpy.uint8), test_labels=numpy.zeros(0, int)), "test"),
    "one class": (npz(class_names=numpy.array(["one"]), train_labels=[0] * 40, test_labels=[0] * 20), "class"),
    "a missing array": ({key: value for key, value in npz().items() if key != "test_labels"}, "test_labels"),
    "pickled class names": (npz(class_names=numpy.array(["one", None], dtype=object)), "class_names"),
}  # fmt: skip


@pytest.mark.parametrize("fault", BROKEN_IMAGES)
def test_broken_image_data_is_one_line_that_names_the_task_or_file(fault, root, tmp_path):
    arrays, word = BROKEN_IMAGES[fault]
    grid = small.Grid.new(root, tmp_path / "grid")
    numpy.savez(grid.folder / "birds.npz", **arrays)
    path = grid.folder / "config/tasks.tsv"
    path.write_text(path.read_text() + "birds\tnpz\tbirds.npz\t\t\t\t\t\n")
    told = failing_line(grid, "results/images/32px/birds.safetensors", "images")
    assert "birds" in told and word in told


BROKEN_PICTURES = {
    "a picture cut short": ("folder", "birds", "birds/train/wren/3.png: is no whole picture"),
    "a data set not in the cache": ("huggingface", "owner/birds", "owner/birds: is no folder here, not in the cache"),
}


@pytest.mark.parametrize("fault", BROKEN_PICTURES)
def test_pictures_that_cannot_be_had_are_one_line_and_leave_no_file(fault, root, tmp_path):
    source, where, line = BROKEN_PICTURES[fault]
    grid = small.Grid.new(root, tmp_path / "grid")
    grid.add_pictures("birds", source, where)
    truncate(grid.folder / "birds/train/wren/3.png")
    told = failing_line(grid, "results/images/32px/birds.safetensors", "images")
    assert told.startswith("mergecast: error: task birds: ") and line in told
    assert [path for path in grid.results.glob("images/**/*") if path.is_file()] == []


def failing_line(grid, target, rule) -> str:
    """Run one target that must fail by itself, and return the one line that says why."""
    result = grid.run("--allowed-rules", rule, "--forcerun", rule, "--", target, check=False)
    assert result.returncode != 0
    told = set(re.findall(r"^mergecast: error: .*$", result.stderr + result.stdout, re.MULTILINE))
    assert len(told) == 1, result.stderr
    assert "Traceback" not in result.stderr + result.stdout
    return told.pop()
