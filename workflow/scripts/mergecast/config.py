"""The configuration, resolved: what a schema cannot check is checked here, before any job starts.

`resolve` turns the plain mapping of config.yaml and the rows of tasks.tsv into one `Setting` per backbone × recipe, with
every list spelt out and every method's parameters complete. It imports neither torch nor scikit-learn.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

from . import catalogue, merging, metrics, prediction
from . import tasks as image_tasks
from .errors import MergecastError

COLUMNS = ("task", "source", "path", "options", "classes", "prompts", "epochs", "steps")
PER_SETTING = (
    "tasks", "metrics", "methods", "method_parameters", "predictors", "target", "calibration", "evaluation", "tile", "seed",
    "device",
)  # fmt: skip
FEWEST_LOTO_TASKS = 4


@dataclass(frozen=True)
class Setting:
    """One backbone × fine-tuning recipe, with the part of the grid that is asked for."""

    name: str
    base: str
    tasks: tuple[str, ...]
    metrics: tuple[str, ...]
    methods: dict[str, dict]
    predictors: tuple[str, ...]
    recipe: dict
    target: str
    calibration: dict
    evaluation: dict
    tile: dict
    seed: int
    device: str

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Every pair (a, b) with a before b, ordered by b: appending a task appends its row."""
        return tuple((a, b) for row, b in enumerate(self.tasks) for a in self.tasks[:row])


def read_tasks(path) -> dict[str, dict]:
    """Rows of tasks.tsv by task name, in file order, empty cells as "".

    Raises MergecastError for a missing file or column, a repeated name, or a name that cannot be part of a file name.
    """
    try:
        with open(path, encoding="utf-8", newline="") as handle:
            reader = csv.DictReader((line for line in handle if not line.startswith("#")), delimiter="\t")
            rows, header = list(reader), reader.fieldnames or []
    except FileNotFoundError as error:
        raise MergecastError(f"{path}: no such file; `tasks_file` names the table of tasks") from error
    if missing := [column for column in COLUMNS if column not in header]:
        raise MergecastError(
            f"{path}: lacks the column {missing[0]!r}; the columns are {', '.join(COLUMNS)}, separated by tabs"
        )
    tasks: dict[str, dict] = {}
    for number, row in enumerate(rows, start=1):
        name = (row["task"] or "").strip()
        if not name or "__" in name or not all(letter.isalnum() or letter in "-_." for letter in name):
            raise MergecastError(
                f"{path}: task {name!r} (row {number}): a name takes letters, digits, '-', '.' and single '_' only"
            )
        if name in tasks:
            raise MergecastError(f"{path}: task {name!r} occurs twice; give one of them another name")
        tasks[name] = {column: (row[column] or "").strip() for column in COLUMNS}
    return tasks


def explain(error) -> str:
    """One line for a jsonschema ValidationError of the configuration: the key, what is wrong with it, what fits."""
    where = ".".join(map(str, error.absolute_path)) or "the configuration"
    fits, value = error.validator_value, error.instance
    if error.validator == "additionalProperties":
        known = list(error.schema["properties"])
        extra = next(key for key in value if key not in known)
        return f"{where}: {catalogue.unknown('key', extra, known)}"
    if error.validator == "required":
        lacking = next(key for key in fits if key not in value)
        return f"{where}: lacks the key {lacking!r}; add it (config/README.md says what it means)"
    if error.validator == "oneOf" and all("required" in option for option in fits):
        return f"{where}: give exactly one of {' and '.join(option['required'][0] for option in fits)}"
    if error.validator == "oneOf":
        return f"{where}: is {value!r}; give a list of names, or all"
    if error.validator == "type":
        return f"{where}: is {value!r}; it must be of type {fits if isinstance(fits, str) else ' or '.join(fits)}"
    if error.validator in ("enum", "const"):
        return f"{where}: is {value!r}; it must be one of {', '.join(map(str, fits if isinstance(fits, list) else [fits]))}"
    return f"{where}: {error.message}; see config/README.md for what it may be"


def resolve(config: dict, tasks: dict[str, dict]) -> dict[str, Setting]:
    """Every setting of a configuration that has passed its schema. Raises MergecastError for the first fault found."""
    for name, base in config["bases"].items():
        _check_base(f"bases.{name}", base, tasks)
    settings = {}
    for name, own in config["settings"].items():
        merged = {key: config[key] for key in PER_SETTING if key in config} | {k: v for k, v in own.items() if v is not None}
        settings[name] = _setting(name, merged, config["bases"], tasks)
    return settings


def _setting(name: str, own: dict, bases: dict, tasks: dict[str, dict]) -> Setting:
    where = f"settings.{name}"
    if not own.get("base"):
        raise MergecastError(f"{where}: names no base; add `base:` with one of: {', '.join(bases)}")
    if own["base"] not in bases:
        raise MergecastError(f"{where}.base: {catalogue.unknown('base', own['base'], bases)}")
    chosen = _select(f"{where}.tasks", "task", own["tasks"], tuple(tasks))
    for task in chosen:
        _check_task(tasks[task])
    if len(chosen) < 2:
        raise MergecastError(f"{where}.tasks: names {len(chosen)} task; a pair needs at least 2")
    kinds = prediction.kinds()
    predictors = _select(f"{where}.predictors", "predictor", own["predictors"], tuple(kinds))
    if len(chosen) < FEWEST_LOTO_TASKS:
        raise MergecastError(
            f"{where}.tasks: names {len(chosen)} tasks; leave-one-task-out needs at least {FEWEST_LOTO_TASKS}, add tasks"
        )
    return Setting(
        name=name,
        base=own["base"],
        tasks=tuple(sorted(chosen, key=list(tasks).index)),
        metrics=_select(f"{where}.metrics", "metric", own["metrics"], tuple(metrics.catalogue())),
        methods=_methods(where, own),
        predictors=predictors + tuple(name for name, kind in kinds.items() if kind == "baseline" and name not in predictors),
        recipe=own["recipe"],
        target=own["target"],
        calibration=own["calibration"],
        evaluation=own["evaluation"],
        tile=own["tile"],
        seed=own["seed"],
        device=own["device"],
    )


def _check_base(where: str, base: dict, tasks: dict[str, dict]) -> None:
    for task in base.get("corpus", {}).get("tasks", []):
        if task not in tasks:
            raise MergecastError(f"{where}.corpus.tasks: {catalogue.unknown('task', task, tasks)}")
    if base["kind"] == "file" and not Path(base["path"]).is_file():
        raise MergecastError(f"{where}.path: {base['path']!r} is no file; put the weights there or correct the path")


def _select(where: str, kind: str, chosen, known: tuple[str, ...]) -> tuple[str, ...]:
    """The names chosen by a list or by `all`; unknown, repeated and empty choices are errors."""
    if chosen == "all" or chosen == ["all"]:
        return known
    if isinstance(chosen, str):
        raise MergecastError(f"{where}: {chosen!r} must be a list of names, or all")
    if not chosen:
        raise MergecastError(f"{where}: is empty; name at least one {kind}, or all")
    for position, name in enumerate(chosen):
        if name not in known:
            raise MergecastError(f"{where}: {catalogue.unknown(kind, name, known)}")
        if name in chosen[:position]:
            raise MergecastError(f"{where}: names {name!r} twice; remove one")
    return tuple(chosen)


def _methods(where: str, own: dict) -> dict[str, dict]:
    chosen = _select(f"{where}.methods", "method", own["methods"], merging.methods())
    given = own.get("method_parameters") or {}
    for name in given:
        if name not in merging.methods():
            raise MergecastError(f"{where}.method_parameters: {catalogue.unknown('method', name, merging.methods())}")
    try:
        return {name: merging.check_parameters(name, given.get(name) or {}, models=2) for name in chosen}
    except MergecastError as error:
        raise MergecastError(f"{where}.method_parameters: {error}") from error


def _check_task(row: dict) -> None:
    where = f"task {row['task']!r}"
    sources = image_tasks.known_sources()
    if row["source"] not in sources:
        raise MergecastError(f"{where}: {catalogue.unknown('source', row['source'], sources)}")
    if row["source"] == "npz" and not row["path"]:
        raise MergecastError(f"{where}: source npz needs `path`, the file with its images")
    if row["path"] and not Path(row["path"]).is_file():
        raise MergecastError(f"{where}: path {row['path']!r} is no file; put the images there or correct tasks.tsv")
    for key in ("epochs", "steps"):
        if row[key] and not (row[key].isdigit() and int(row[key]) > 0):
            raise MergecastError(f"{where}: {key} {row[key]!r} must be a whole number above 0, or empty")
    if row["epochs"] and row["steps"]:
        raise MergecastError(f"{where}: gives epochs and steps; leave one of them empty")
    if row["prompts"] and any(template.count("{}") != 1 for template in row["prompts"].split("|")):
        raise MergecastError(f"{where}: every prompt, separated by '|', needs one '{{}}' where the class name goes")
