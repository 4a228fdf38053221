"""Mistakes of many kinds in the demo's two files, one each: the change, and what the one line about it must say.

A change edits `config/config.yaml` or `config/tasks.tsv` in a folder that holds copies of them; "N" stands for any number of a
line. Others, made in smaller configurations, are in tests/workflow/test_errors.py and tests/unit/test_config.py.
"""

import csv
import re
import shutil
from pathlib import Path

import yaml

CONFIG, TASKS = "config/config.yaml", "config/tasks.tsv"
RECIPE = "settings.tiny_AdamW.recipe"


def demo(root: Path, folder: Path) -> Path:
    """A folder with copies of the demo's two files, in which a run would start."""
    (folder / "config").mkdir(parents=True, exist_ok=True)
    for name in (CONFIG, TASKS):
        shutil.copy(root / name, folder / name)
    return folder


def without_numbers(told: str) -> str:
    """What was told, whatever the lines of the file are numbered."""
    return re.sub(r"\bline \d+", "line N", told)


def changed(path: str, change):
    """A change of the mapping that holds the key at the end of a dotted path: `change(mapping, key)`."""

    def mutate(folder: Path) -> None:
        file = folder / CONFIG
        config = yaml.safe_load(file.read_text())
        *above, key = path.split(".")
        holder = config
        for name in above:
            holder = holder[name]
        change(holder, key)
        file.write_text(yaml.safe_dump(config, sort_keys=False))

    return mutate


def sets(path: str, value):
    return changed(path, lambda holder, key: holder.update({key: value}))


def drops(path: str):
    return changed(path, lambda holder, key: holder.pop(key))


def renames(path: str, name):
    return changed(path, lambda holder, key: holder.update({name: holder.pop(key)}))


def rewrites(file: str, old: str, new: str):
    """A change of a file's text; the old text must be there, so that no mutation is none."""

    def mutate(folder: Path) -> None:
        text = (folder / file).read_text()
        assert old in text, f"{file} has no {old!r}"
        (folder / file).write_text(text.replace(old, new, 1))

    return mutate


def becomes(file: str, content: bytes):
    def mutate(folder: Path) -> None:
        (folder / file).write_bytes(content)

    return mutate


def cell(task: str, column: str, text: str):
    """A change of one cell of the table of tasks."""

    def mutate(folder: Path) -> None:
        with open(folder / TASKS, newline="") as handle:
            header, *rows = csv.reader(handle, delimiter="\t")
        next(row for row in rows if row[0] == task)[header.index(column)] = text
        (folder / TASKS).write_text("".join("\t".join(row) + "\n" for row in [header, *rows]))

    return mutate


MUTATIONS = {
    # The file itself.
    "tab for indentation": (
        rewrites(CONFIG, "  loto:", "\tloto:"),
        "config/config.yaml: line N: found character '\\t' that cannot start any token",
    ),
    "bracket left open": (
        rewrites(CONFIG, "retained]", "retained"),
        "config/config.yaml: line N: expected ',' or ']', but got ':'",
    ),
    "quote left open": (
        rewrites(CONFIG, "device: auto", "device: 'auto"),
        "config/config.yaml: line N: found unexpected end of stream",
    ),
    "colon forgotten": (rewrites(CONFIG, "seed: 0", "seed 0"), "config/config.yaml: line N: could not find expected ':'"),
    "key indented too far": (
        rewrites(CONFIG, "device: auto", "  device: auto"),
        "config/config.yaml: line N: mapping values are not allowed here",
    ),
    "key twice": (
        rewrites(CONFIG, "device: auto", "device: auto\nseed: 1"),
        "config/config.yaml: line N: the key 'seed' is in line N already; remove one",
    ),
    "key twice in a recipe": (
        rewrites(CONFIG, "optimizer: AdamW,", "optimizer: AdamW, steps: 5,"),
        "config/config.yaml: line N: the key 'steps' is in line N already; remove one",
    ),
    "name of nothing": (
        rewrites(CONFIG, "tasks: all", "tasks: *all"),
        "config/config.yaml: line N: found undefined alias 'all'",
    ),
    "two documents": (rewrites(CONFIG, "bases:", "---\nbases:"), "config/config.yaml: line N: but found another document"),
    "empty file": (becomes(CONFIG, b""), "config/config.yaml: holds no keys; write lines of `key: value`"),
    "list of keys": (
        becomes(CONFIG, b"- seed: 0\n- tasks: all\n"),
        "config/config.yaml: holds no keys; write lines of `key: value`",
    ),
    "file in another encoding": (
        becomes(CONFIG, "# Größe\nseed: 0\n".encode("latin-1")),
        "config/config.yaml: is not UTF-8 text (invalid start byte); save it as UTF-8",
    ),
    # Keys.
    "key in capitals": (renames("seed", "Seed"), "the configuration: unknown key 'Seed'; did you mean 'seed'"),
    "number for a key": (renames("seed", 0), "the configuration: unknown key 0"),
    "key of a setting at the top": (
        renames("seed", "recipe"),
        "the configuration: unknown key 'recipe'; did you mean 'device'",
    ),
    "key of the top in a setting": (
        sets("settings.tiny_AdamW.bases", {}),
        "settings.tiny_AdamW: unknown key 'bases'; did you mean 'base'",
    ),
    "misspelt key of calibration": (
        renames("calibration.images_per_task", "images_per_tasks"),
        "calibration: unknown key 'images_per_tasks'; did you mean 'images_per_task'",
    ),
    "misspelt key of evaluation": (
        renames("evaluation.batch_size", "batchsize"),
        "evaluation: unknown key 'batchsize'; did you mean 'batch_size'",
    ),
    "misspelt key of tile": (renames("tile.merges", "merge"), "tile: unknown key 'merge'; did you mean 'merges'"),
    "misspelt key of a split": (
        renames("splits.l2to.costly", "costy"),
        "splits.l2to: unknown key 'costy'; did you mean 'costly'",
    ),
    "misspelt key of a corpus": (
        renames("bases.tiny.corpus.procedural", "procedual"),
        "bases.tiny.corpus: unknown key 'procedual'; did you mean 'procedural'",
    ),
    "missing seed": (drops("seed"), "the configuration: lacks the key 'seed'; add it"),
    "missing tasks": (drops("tasks"), "the configuration: lacks the key 'tasks'; add it"),
    "missing bases": (drops("bases"), "settings.tiny_AdamW.base: unknown base 'tiny'; Known: none"),
    "missing key of tile": (drops("tile.metrics"), "tile: lacks the key 'metrics'; add it"),
    "base without a model": (drops("bases.tiny.model"), "bases.tiny: lacks the key 'model'; add it"),
    "base without a corpus": (drops("bases.tiny.corpus"), "bases.tiny: lacks the key 'corpus'; add it"),
    "recipe without an optimizer": (
        drops(f"{RECIPE}.optimizer"),
        "settings.tiny_AdamW.recipe: lacks the key 'optimizer'; add it",
    ),
    "recipe without a length": (drops(f"{RECIPE}.steps"), "settings.tiny_AdamW.recipe: give exactly one of steps and epochs"),
    # Types.
    "half a seed": (sets("seed", 0.5), "seed: is 0.5; it must be of type integer"),
    "seed that is a truth": (sets("seed", True), "seed: is True; it must be of type integer"),
    "device of another word": (sets("device", "gpu"), "device: is 'gpu'; it must be one of auto, cpu, cuda"),
    "tasks left empty": (sets("tasks", None), "tasks: is None; give a list of names, or all"),
    "tasks by number": (sets("tasks", [1, 2, 3, 4]), "tasks: is [1, 2, 3, 4]; give a list of names, or all"),
    "list in a list": (
        sets("metrics", [["subspace_overlap"]]),
        "metrics: is [['subspace_overlap']]; give a list of names, or all",
    ),
    "splits as a list": (sets("splits", ["loto", "l2to"]), "splits: is ['loto', 'l2to']; it must be of type object"),
    "split left empty": (sets("splits.loto", None), "splits.loto: is None; it must be of type object"),
    "one interval without a list": (sets("intervals", 0.8), "intervals: is 0.8; it must be of type array"),
    "interval in quotes": (sets("intervals", ["0.8"]), "intervals.0: is '0.8'; it must be of type number: write 0.8"),
    "analysis by a name": (sets("analysis", "ridge"), "analysis: is 'ridge'; it must be of type object"),
    "one calibration size without a list": (
        sets("analysis.calibration_sizes", 5),
        "analysis.calibration_sizes: is 5; it must be of type array",
    ),
    "number of pairs with a point": (sets("tile.merges", 10.0), "tile.merges: is 10.0; give a whole number, without a point"),
    "steps with a point": (
        sets(f"{RECIPE}.steps", 130.0),
        "settings.tiny_AdamW.recipe.steps: is 130.0; give a whole number, without a point",
    ),
    "exponent without a point": (
        rewrites(CONFIG, "{optimizer: AdamW, learning_rate: 1.0e-3", "{optimizer: AdamW, learning_rate: 1e-3"),
        "settings.tiny_AdamW.recipe.learning_rate: is '1e-3'; it must be of type number: write 0.001",
    ),
    "parameter outside its method": (
        sets("method_parameters", {"ties": 0.2}),
        "method_parameters.ties: is 0.2; it must be of type object or null",
    ),
    "parameters as a list": (sets("method_parameters", ["ties"]), "method_parameters: is ['ties']; it must be of type object"),
    "base by a name": (sets("bases.tiny", "ViT-B-32"), "bases.tiny: is 'ViT-B-32'; it must be of type object"),
    "recipe by a name": (sets(RECIPE, "AdamW"), "settings.tiny_AdamW.recipe: is 'AdamW'; it must be of type object"),
    "settings as a list": (sets("settings", [{"base": "tiny"}]), "settings: is [{'base': 'tiny'}]; it must be of type object"),
    # Ranges.
    "negative seed": (sets("seed", -1), "seed: -1 is less than the minimum of 0"),
    "certain interval": (sets("intervals", [0.8, 1.0]), "intervals.1: 1.0 is greater than or equal to the maximum of 1"),
    "no image to calibrate on": (
        sets("calibration.images_per_task", 0),
        "calibration.images_per_task: 0 is less than the minimum of 1",
    ),
    "no pair in a tile": (sets("tile.merges", 0), "tile.merges: 0 is less than the minimum of 1"),
    "negative number of costly draws": (
        sets("splits.disjoint.costly", -2),
        "splits.disjoint.costly: -2 is less than the minimum of 0",
    ),
    "no thread": (sets("bases.tiny.threads", 0), "bases.tiny.threads: 0 is less than the minimum of 1"),
    "empty corpus": (sets("bases.tiny.corpus.procedural", 0), "bases.tiny.corpus.procedural: 0 is less than the minimum of 1"),
    "pre-training at no rate": (
        sets("bases.tiny.training.learning_rate", 0),
        "bases.tiny.training.learning_rate: 0 is less than or equal to the minimum of 0",
    ),
    "negative decay": (
        sets(f"{RECIPE}.weight_decay", -0.1),
        "settings.tiny_AdamW.recipe.weight_decay: -0.1 is less than the minimum of 0",
    ),
    "momentum of one": (
        sets(RECIPE, {"optimizer": "SGD", "learning_rate": 0.1, "weight_decay": 0, "momentum": 1, "batch_size": 8, "steps": 9}),
        "settings.tiny_AdamW.recipe.momentum: 1 is greater than or equal to the maximum of 1",
    ),
    "no gradient allowed": (
        sets(f"{RECIPE}.clip_norm", 0),
        "settings.tiny_AdamW.recipe.clip_norm: 0 is less than or equal to the minimum of 0",
    ),
    "batch of nothing": (
        sets(f"{RECIPE}.batch_size", 0),
        "settings.tiny_AdamW.recipe.batch_size: 0 is less than the minimum of 1",
    ),
    "learning rate that is no number": (
        sets(f"{RECIPE}.learning_rate", float("nan")),
        "settings.tiny_AdamW.recipe.learning_rate: is nan; give a finite number",
    ),
    "infinite decay": (
        sets("bases.tiny.training.weight_decay", float("inf")),
        "bases.tiny.training.weight_decay: is inf; give a finite number",
    ),
    "parameter that is no number": (
        sets("method_parameters", {"ties": {"keep": float("nan")}}),
        "method_parameters.ties.keep: is nan; give a finite number",
    ),
    "interval that is no number": (sets("intervals", [float("nan")]), "intervals.0: is nan; give a finite number"),
    "endless calibration": (
        sets("calibration.images_per_task", float("inf")),
        "calibration.images_per_task: is inf; it must be of type integer",
    ),
    # Names.
    "predictors left out": (
        sets("predictors", []),
        "settings.tiny_AdamW.predictors: is empty; name at least one predictor, or all",
    ),
    "all and one more": (sets("tasks", ["all", "shapes"]), "settings.tiny_AdamW.tasks: unknown task 'all'"),
    "task in capitals": (
        sets("tasks", ["Shapes", "letters", "lines", "digits"]),
        "settings.tiny_AdamW.tasks: unknown task 'Shapes'; did you mean 'shapes'",
    ),
    "metric twice": (
        sets("metrics", ["subspace_overlap", "subspace_overlap"]),
        "settings.tiny_AdamW.metrics: names 'subspace_overlap' twice; remove one",
    ),
    "method with a dash": (
        sets("methods", ["weight-avg", "ties"]),
        "settings.tiny_AdamW.methods: unknown method 'weight-avg'; did you mean 'weight_avg'",
    ),
    "optimizer in small letters": (
        sets(f"{RECIPE}.optimizer", "adamw"),
        "settings.tiny_AdamW.recipe.optimizer: is 'adamw'; it must be one of AdamW, SGD",
    ),
    "unknown kind of base": (
        sets("bases.tiny.kind", "pretrained"),
        "bases.tiny.kind: is 'pretrained'; it must be one of pretrain, openclip, file",
    ),
    "unknown model": (
        sets("bases.tiny.model", "tiny-clp"),
        "bases.tiny.model: unknown model 'tiny-clp'; did you mean 'tiny-clip'",
    ),
    "setting that is a path": (
        renames("settings.tiny_AdamW", "tiny/AdamW"),
        "settings: the name 'tiny/AdamW' becomes a folder; it must be letters, digits, '-', '.' and '_' only, the",
    ),
    "setting named like a folder of all settings": (
        renames("settings.tiny_AdamW", "images"),
        "settings: 'images' is the name of something else in results/; give the setting another",
    ),
    "setting named like the note in results": (
        renames("settings.tiny_AdamW", "README.md"),
        "settings: 'README.md' is the name of something else in results/; give the setting another",
    ),
    "setting that ends in a line break": (
        renames("settings.tiny_AdamW", "tiny\n"),
        "settings: the name 'tiny\\n' becomes a folder; it must be letters, digits, '-', '.' and '_' only, the first a",
    ),
    "base with a space": (
        renames("bases.tiny", "tiny clip"),
        "bases: the name 'tiny clip' becomes a folder; it must be letters, digits, '-', '.' and '_' only, the first a",
    ),
    "corpus of one task twice": (
        sets("bases.tiny.corpus", {"tasks": ["digits", "digits"]}),
        "bases.tiny.corpus.tasks: ['digits', 'digits'] has non-unique elements",
    ),
    # Contradictions.
    "momentum of AdamW": (
        sets(f"{RECIPE}.momentum", 0.9),
        "settings.tiny_AdamW.recipe: momentum is for SGD; leave it out or set `optimizer: SGD`",
    ),
    "longer warm-up than training": (
        sets(f"{RECIPE}.warmup_steps", 500),
        "settings.tiny_AdamW.recipe: warmup_steps is 500, but there are 130 steps; give less, or more steps",
    ),
    "longer warm-up than pre-training": (
        sets("bases.tiny.training.warmup_steps", 481),
        "bases.tiny.training: warmup_steps is 481, but there are 480 steps; give less, or more steps",
    ),
    "image size of another model": (
        sets("bases.tiny.image_size", 224),
        "bases.tiny.image_size: is 224, but tiny-clip takes images of 32 px; set it to 32",
    ),
    "wrong parameter of a method not chosen": (
        changed("methods", lambda holder, key: holder.update(methods=["dare"], method_parameters={"ties": {"keep": 2}})),
        "settings.tiny_AdamW.method_parameters: method 'ties': parameter 'keep' is 2; give the share of entries kept,",
    ),
    # The table of tasks.
    "table that is a folder": (
        sets("tasks_file", "config"),
        "config: cannot be read (Is a directory); `tasks_file` names the table of tasks",
    ),
    "table in another encoding": (
        becomes(TASKS, "task\tsource\nGrößen\tdigits\n".encode("latin-1")),
        "config/tasks.tsv: is not UTF-8 text (invalid start byte); save it as UTF-8",
    ),
    "empty table": (becomes(TASKS, b""), "config/tasks.tsv: lacks the column 'task'"),
    "table of no task": (
        becomes(TASKS, b"task\tsource\tpath\toptions\tclasses\tprompts\tepochs\tsteps\n"),
        "config/tasks.tsv: holds no task; add a row for each",
    ),
    "spaces for tabs": (rewrites(TASKS, "task\tsource\tpath", "task source path"), "config/tasks.tsv: lacks the column 'task'"),
    "spaces for tabs in a row": (
        rewrites(TASKS, "counts\tprocedural", "counts  procedural"),
        "config/tasks.tsv: task 'counts  procedural' (row 3): a name takes letters, digits, '-', '.' and single '_'",
    ),
    "column twice": (rewrites(TASKS, "classes", "options"), "config/tasks.tsv: lacks the column 'classes'"),
    "cell too many": (
        rewrites(TASKS, "letters\tprocedural\t", "letters\tprocedural\t\t\t\t\t\t\t"),
        "config/tasks.tsv: task 'letters' (row 5): has more cells than columns; take out a tab",
    ),
    "quote left open in a cell": (
        cell("counts", "prompts", '"a count of {}'),
        "config/tasks.tsv: task 'counts' (row 3): a cell begins with a quote that is not closed",
    ),
    "task without a name": (
        cell("counts", "task", ""),
        "config/tasks.tsv: task '' (row 3): a name takes letters, digits, '-', '.' and single '_' only, first a letter",
    ),
    "task that is a path": (
        cell("counts", "task", "../counts"),
        "config/tasks.tsv: task '../counts' (row 3): a name takes letters, digits, '-', '.' and single '_' only, first",
    ),
    "task named by dots": (
        cell("counts", "task", ".."),
        "config/tasks.tsv: task '..' (row 3): a name takes letters, digits, '-', '.' and single '_' only, first a",
    ),
    "task without a source": (
        cell("counts", "source", ""),
        "task 'counts': unknown source ''; Known: digits, folder, huggingface, npz, procedural",
    ),
    "option without a value": (cell("counts", "options", "train"), "task counts: option 'train' must read name=value"),
    "misspelt option": (cell("counts", "options", "trian=3000"), "task counts: unknown option 'trian'; did you mean 'train'"),
    "option in words": (
        cell("counts", "options", "train=many"),
        "task counts: option train must be a whole number from 1, not 'many'",
    ),
    "no test image": (cell("counts", "options", "test=0"), "task counts: option test must be a whole number from 1, not '0'"),
    "unknown figure": (cell("counts", "options", "figure=count"), "task counts: unknown figure 'count'; did you mean 'counts'"),
    "prompt without a place": (
        cell("counts", "prompts", "a count"),
        "task 'counts': every prompt, separated by '|', needs one '{}' where the class name goes",
    ),
    "class without a name": (
        cell("digits", "classes", "0|1|2|3||5|6|7|8|9"),
        "task 'digits': `classes` has a class without a name; give every class, separated by '|', a name of its own",
    ),
    "class twice": (
        cell("digits", "classes", "0|1|2|3|3|5|6|7|8|9"),
        "task 'digits': `classes` names '3' twice; give every class, separated by '|', a name of its own",
    ),
    "epochs in words": (
        cell("counts", "epochs", "ten"),
        "task 'counts': epochs 'ten' must be a whole number above 0, or empty",
    ),
    "no step": (cell("counts", "steps", "0"), "task 'counts': steps '0' must be a whole number above 0, or empty"),
}  # fmt: skip
