"""Every kind of thing that a result is declared to depend on, changed one after another: exactly what depends on it runs."""

import json
import os
import re
import shutil
from contextlib import contextmanager
from copy import deepcopy

import numpy
import pytest

import grid as small
from planner import Job, Planner

CONFIG, TASKS, SCHEMA = "config/config.yaml", "config/tasks.tsv", "workflow/schemas/config.schema.yaml"
CODE = "workflow/scripts/mergecast"
EVERYTHING, NOTHING = (".*",), ()
PAGE = "results/report.html"
DARE = ("merges/dare/", "subsets/dare/")
FOLDS = ("folds/", "nulls/")
# What is planned again beside a table of calibration: the features at further sizes, which go when the table is there.
CALIBRATION = ("calibration/", r"tables/calibration_metrics.csv")


@pytest.fixture(scope="module")
def grid(finished, tmp_path_factory) -> small.Grid:
    """A copy of the finished run, whose files `changed` changes and puts back."""
    return finished.copy(tmp_path_factory.mktemp("stale") / "grid")


@pytest.fixture(scope="module")
def planner(grid):
    with Planner(grid) as process:
        yield process


@contextmanager
def changed(folder, files: dict):
    """Files with other content, or with a time of change (`None`: now), until the block ends; then as they were."""
    before = {path: ((folder / path).read_bytes(), (folder / path).stat()) for path in files if (folder / path).exists()}
    try:
        for path, content in files.items():
            if content is None:
                os.utime(folder / path)
            else:
                put(folder / path, content)
        yield
    finally:
        for path in files:
            (folder / path).unlink()
        for path, (content, status) in before.items():
            (folder / path).write_bytes(content)
            os.utime(folder / path, ns=(status.st_atime_ns, status.st_mtime_ns))


def put(path, content) -> None:
    """Other content under a name, and older than what was there, as `mv`, `cp -p`, `tar` and `rsync` leave it."""
    older = path.stat().st_mtime_ns - 10**12 if path.exists() else 10**18
    aside = path.with_name(f".{path.name}.aside")
    aside.write_bytes(content if isinstance(content, bytes) else content.encode())
    os.utime(aside, ns=(older, older))
    os.replace(aside, path)


def expected(jobs: list[Job], roots: tuple[str, ...]) -> set[int]:
    """Jobs that make a file of `roots`, regular expressions of paths (without `results/tiny/`), and all that follows them."""
    short = [[path.removeprefix("results/tiny/") for path in job.outputs] for job in jobs]
    for root in roots:
        assert any(re.match(root, path) for paths in short for path in paths), f"no job makes {root}"
    found = {place for place, paths in enumerate(short) if any(re.match(root, path) for root in roots for path in paths)}
    while more := {place for place, job in enumerate(jobs) if place not in found and found & set(job.after)}:
        found |= more
    return found


def outputs(jobs: list[Job], places: set[int]) -> list[str]:
    return sorted(path for place in places for path in jobs[place].outputs)


def check(planner: Planner, roots: tuple[str, ...], *targets: str, **config) -> None:
    """What would run is what makes the roots and what follows from it, no job more and none less."""
    jobs = planner.plan(*targets, **config)
    running = {place for place, job in enumerate(jobs) if job.runs and job.outputs}
    assert outputs(jobs, running) == outputs(jobs, expected(jobs, roots) if roots else set())


def config(**keys):
    """A change of the configuration; of the setting `tiny` where the value is a function of it."""

    def files(grid) -> dict:
        found = deepcopy(small.SMALL)
        for key, value in keys.items():
            value(found[key]) if callable(value) else found.update({key: value})
        return {CONFIG: json.dumps(found)}

    return files


def setting(**keys):
    return config(settings=lambda settings: settings["tiny"].update(keys))


def recipe(**keys):
    return config(settings=lambda settings: settings["tiny"]["recipe"].update(keys))


def base(**keys):
    return config(bases=lambda bases: bases["tiny"].update(keys))


def cell(task: str, column: str, value: str):
    """A change of one cell of tasks.tsv."""

    def files(grid) -> dict:
        rows = [line.split("\t") for line in (grid.folder / TASKS).read_text().splitlines()]
        next(row for row in rows if row[0] == task)[small.HEADER.index(column)] = value
        return {TASKS: "".join("\t".join(row) + "\n" for row in rows)}

    return files


def lines(path: str, change):
    """A change of the lines of a file."""
    return lambda grid: {path: "\n".join(change((grid.folder / path).read_text().splitlines())) + "\n"}


def edited(path: str, comment: str = "# edited"):
    return lines(path, lambda found: [*found, comment])


def replaced(path: str, old: str, new: str):
    """Text in the place of other text, which must be there."""

    def files(grid) -> dict:
        text = (grid.folder / path).read_text()
        assert old in text
        return {path: text.replace(old, new)}

    return files


def touched(*patterns: str):
    return lambda grid: {
        str(path.relative_to(grid.folder)): None for pattern in patterns for path in grid.folder.glob(pattern) if path.is_file()
    }


DIGITS = "|".join(map(str, range(10)))
CHANGES = {
    # what is no change
    "nothing": (lambda grid: {}, NOTHING),
    "a comment in the configuration": (lambda grid: {CONFIG: "# words\n" + (grid.folder / CONFIG).read_text()}, NOTHING),
    "a default spelt out": (config(published=None), (PAGE,)),
    "a touch of configuration, tasks, code and templates": (touched("config/*", f"{CODE}/**/*.*", "workflow/rules/*"), NOTHING),
    "a comment in the table of tasks": (lines(TASKS, lambda found: ["# words", *found]), NOTHING),
    # the configuration
    "the seed": (config(seed=1), EVERYTHING),
    "the seed of a setting": (setting(seed=1), ("checkpoints/", "tables/calibration", PAGE)),
    "the device of a setting": (setting(device="auto"), ("checkpoints/", PAGE)),
    "the recipe": (recipe(learning_rate=2e-3), ("checkpoints/.*safetensors", PAGE)),
    "steps of pre-training": (base(training={"steps": 41, "batch_size": 64, "warmup_steps": 4}), ("results/bases/",)),
    "threads of pre-training": (base(threads=2), ("results/bases/",)),
    "pictures of pre-training": (base(corpus={"procedural": 257}), ("results/bases/",)),
    "a parameter of a method": (config(method_parameters={"dare": {"drop": 0.5}}), (*DARE, PAGE)),
    "images an evaluation takes at once": (
        config(evaluation={"batch_size": 32}),
        ("checkpoints/.*json", "merges/", "subsets/"),
    ),
    "images a task of the calibration": (
        config(calibration={"images_per_task": 5}),
        ("features/probes/", "metrics/activation_cosine_similarity/", *CALIBRATION),
    ),
    "further sizes of the calibration": (config(analysis={"predictor": "ridge", "calibration_sizes": [3]}), CALIBRATION),
    "draws of the bootstrap": (config(bootstrap=21), ("tables/scores.csv", "tables/subset_ranking.csv", PAGE)),
    "levels of intervals": (config(intervals=[0.9]), FOLDS),
    "relabellings": (config(splits={"loto": {"permutations": 7, "costly": 2}}), (*FOLDS, "tables/correlations.csv")),
    "a further split's absence spelt out": (config(splits={"loto": {"costly": 2, "permutations": 6}}), (PAGE,)),
    "a further target": (
        config(targets=["normalised_accuracy", "retained", "accuracy"]),
        (*FOLDS, "tables/selection.csv", "figures/pairs.svg"),
    ),
    "a further subset": (config(subsets={"size": 3, "count": 3}), ("subsets/.*/002.json", "tables/subsets.csv", PAGE)),
    "a further metric": (
        config(metrics=[*small.METRICS, "weight_space_angle"]),
        ("metrics/weight_space_angle/", "figures/coefficients.svg", "figures/pairs.svg", "figures/greedy.svg", PAGE),
    ),
    "a further predictor": (config(predictors=["ridge", "lasso"]), ("folds/lasso", PAGE)),
    # orders
    "another order of metrics": (
        config(metrics=small.METRICS[::-1]),
        ("tables/metrics.csv", "figures/pairs.svg", "figures/greedy.svg", PAGE),
    ),
    "another order of methods": (config(methods=small.METHODS[::-1]), ("tables/merges.csv", "tables/subsets.csv", *FOLDS)),
    "another order of predictors": (config(predictors=["train_mean", "ridge"]), ("tables/predictions.csv", PAGE)),
    "another order of tasks": (
        lines(TASKS, lambda found: [found[0], found[2], found[1], *found[3:]]),
        ("features/(inner|probes)", "metrics/", "merges/", "subsets/", "calibration/", "tables/checkpoints.csv"),
    ),
    # rows of the table of tasks
    "the length of one task's training": (cell("lines", "steps", "21"), ("checkpoints/lines.safetensors", "calibration/")),
    "names of classes": (cell("digits", "classes", DIGITS), ("results/images/32px/digits",)),
    "prompts": (cell("lines", "prompts", "a drawing of {}"), ("results/images/32px/lines",)),
    "options of a source": (cell("shapes", "options", "figure=shapes train=130 test=60"), ("results/images/32px/shapes",)),
    # code, and what stands beside it
    "a comment in the code": (edited(f"{CODE}/merging/dare.py"), NOTHING),
    "a merge method": (replaced(f"{CODE}/merging/dare.py", "yield scale /", "yield 1.0 * scale /"), DARE),
    "a metric": (
        replaced(f"{CODE}/metrics/subspace.py", "_overlap(a.left, b.left)", "0.0 + _overlap(a.left, b.left)"),
        ("metrics/subspace_overlap/", "tables/ablation.csv", PAGE),
    ),
    "a metric that is not asked for": (
        replaced(f"{CODE}/metrics/subspace.py", "LARGEST = 100", "LARGEST = 99"),
        (PAGE,),
    ),
    "a script": (replaced("workflow/scripts/clip.py", "training.done()", "training.done() or None"), ("results/bases/",)),
    "what every script shares": (replaced("workflow/scripts/job.py", "gc.freeze()", "gc.freeze() or None"), EVERYTHING),
    "an analysis": (replaced(f"{CODE}/analysis/greedy/table.py", "LEAST = 1e-10", "LEAST = 2e-10"), ("tables/greedy.csv",)),
    "a figure": (
        replaced(f"{CODE}/analysis/training/figure.py", "POINTS = 100", "POINTS = 50"),
        ("figures/training.svg", PAGE),
    ),
    "the description of the model": (
        replaced(f"{CODE}/models/tiny-clip.json", '"layers": ', '"layers": 1'),
        ("results/bases/", "base.safetensors"),
    ),
    "the description of another model": (replaced(f"{CODE}/models/mini-clip.json", '"layers": ', '"layers": 1'), NOTHING),
    "a template of the page": (edited(f"{CODE}/report/templates/page.css", "/* edited */"), (PAGE,)),
    "the schema, without a default": (edited(SCHEMA), NOTHING),
    "a default in the schema": (
        replaced(SCHEMA, '        bootstrap: {$ref: "#/$defs/bootstrap"}', "        bootstrap: {type: integer, default: 30}"),
        ("tables/scores.csv", "tables/subset_ranking.csv", PAGE),
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_runs_what_depends_on_it_and_nothing_else(change, grid, planner):
    files, roots = CHANGES[change]
    with changed(grid.folder, files(grid)):
        check(planner, roots)


# What a user gives: images in two ways, weights of a base, a checkpoint, tables.
GIVEN = {
    "images/npz": "mine/images.npz",
    "images/birds": "birds/test/wren/0.png",
    "bases/filed": "mine/clip.safetensors",
    "brought/checkpoints": "mine/letters.safetensors",
    "told/tables": "mine/metrics.csv",
}
TARGETS = (
    "results/images/32px/npz.safetensors",
    "results/images/32px/birds.safetensors",
    "results/bases/filed/clip.safetensors",
    "results/brought/checkpoints/letters.safetensors",
    "results/told/tables/metrics.csv",
)


@pytest.fixture(scope="module")
def mine(finished, tmp_path_factory) -> small.Grid:
    """The finished run with a file of each kind that a user may give, and what is made of them at once."""
    grid = finished.copy(tmp_path_factory.mktemp("mine") / "grid")
    own = grid.folder / "mine"
    own.mkdir()
    rng = numpy.random.default_rng(0)
    numpy.savez(own / "images.npz", **images(rng))
    shutil.copy(grid.results / "bases/tiny/clip.safetensors", own)
    shutil.copy(grid.setting / "checkpoints/letters.safetensors", own)
    for name in ("metrics", "merges", "checkpoints"):
        shutil.copy(grid.setting / f"tables/{name}.csv", own)
    grid.add_pictures("birds", "folder", "birds")
    with open(grid.folder / TASKS, "a") as table:
        table.write("npz\tnpz\tmine/images.npz\t\t\t\t\t\n")
    setup = deepcopy(small.SMALL) | {"subsets": None}
    tiny = setup["settings"]["tiny"]
    tiny["tasks"] = list(small.TASKS)
    setup["bases"]["filed"] = {"kind": "file", "model": "tiny-clip", "image_size": 32, "path": "mine/clip.safetensors"}
    setup["settings"]["brought"] = tiny | {"checkpoints": {"letters": "mine/letters.safetensors"}}
    tables = {"metrics": "mine/metrics.csv", "merges": "mine/merges.csv", "singles": "mine/checkpoints.csv"}
    setup["settings"]["told"] = {"tables": tables, "analysis": {"predictor": "ridge"}, "targets": ["normalised_accuracy"]}
    grid.write_config(setup)
    grid.run(*TARGETS)
    return grid


def images(rng) -> dict:
    """Arrays of an NPZ source: two classes, enough images of each."""
    found = {"class_names": numpy.array(["dark", "light"])}
    for part, count in (("train", 40), ("test", 10)):
        found[f"{part}_images"] = rng.integers(0, 256, (count, 32, 32, 3), dtype=numpy.uint8)
        found[f"{part}_labels"] = numpy.arange(count) % 2
    return found


@pytest.fixture(scope="module")
def planner_of_mine(mine):
    with Planner(mine) as process:
        yield process


def flipped(content: bytes) -> bytes:
    """As many other bytes; numbers of a table stay numbers."""
    return content.replace(b"0.1", b"0.2") if content[:5] == b"task_" else content[:-1] + bytes([content[-1] ^ 1])


@pytest.mark.parametrize("kind", GIVEN)
def test_another_file_of_the_same_size_and_an_older_time_remakes_what_was_made_of_it(kind, mine, planner_of_mine):
    path = mine.folder / GIVEN[kind]
    other = flipped(path.read_bytes())
    assert len(other) == path.stat().st_size and other != path.read_bytes()
    with changed(mine.folder, {GIVEN[kind]: other}):
        check(planner_of_mine, (f"results/{kind.replace('images', 'images/32px')}",), *TARGETS)


def test_a_touch_of_what_a_user_gives_remakes_nothing(mine, planner_of_mine):
    with changed(mine.folder, dict.fromkeys(GIVEN.values())):
        check(planner_of_mine, NOTHING, *TARGETS)


def test_a_further_picture_in_a_folder_remakes_its_task(mine, planner_of_mine):
    picture = (mine.folder / GIVEN["images/birds"]).read_bytes()
    with changed(mine.folder, {"birds/test/wren/another.png": picture}):
        check(planner_of_mine, ("results/images/32px/birds",), *TARGETS)
