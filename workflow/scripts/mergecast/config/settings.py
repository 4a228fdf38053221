"""The configuration, resolved: what a schema cannot check is checked here, before any job starts.

`resolve` turns the plain mapping of config.yaml and the rows of tasks.tsv into one `Setting` per backbone × recipe, or per
set of tables brought, with every list spelt out and every method's parameters complete. It imports neither torch nor
scikit-learn.
"""

from dataclasses import dataclass
from math import comb

from .. import catalogue, features, merging, metrics, prediction
from ..catalogue import select
from ..errors import MergecastError
from ..grid import tiles
from ..grid.informative import informative
from ..models import architectures
from ..models.external import check_files, checkpoint_paths
from ..prediction import splits
from ..prediction.design import OF_CHECKPOINTS, TARGETS
from ..prediction.splits import FEWEST_TASKS
from ..tables.external import ExternalTables, compare, folder, read_tables
from ..tasks.rows import check_row
from . import consistency

# What a configuration that says nothing else gets. A mapping given replaces the whole mapping; what it leaves out is
# filled in from here.
DEFAULTS = {
    "targets": ["normalised_accuracy"],
    "splits": {
        "loto": {"permutations": 200, "costly": 20},
        "l2to": {"permutations": 199, "costly": 1},
        "disjoint": {"halves": 50, "permutations": 50, "costly": 4},
    },
    "bootstrap": 1000,
    "intervals": [0.8, 0.9],
    "subsets": {"size": 3, "count": 12},
    "analysis": {"predictor": "ridge", "calibration_sizes": [2, 5, 20]},
    "features": {"images": 200, "optional": []},
    "measure": "all",
}
SPLITS = tuple(DEFAULTS["splits"])
# Needed once in the configuration if any setting starts from models, and of no use to a setting of tables.
OF_MODELS = ("device", "calibration", "evaluation", "tile")
CHECKPOINTS_AT_A_TIME = {"features": 1}  # a job each, unless `tile` says more
FEWEST_MEASURED = 4  # pairs that a forecaster can be fitted on and tried on
PER_SETTING = ("tasks", "metrics", "methods", "method_parameters", "predictors", "seed", *OF_MODELS, *DEFAULTS)
MOST_LINES = 10


@dataclass(frozen=True)
class Setting:
    """One backbone × fine-tuning recipe, or one set of tables brought, with the part of the grid that is asked for.

    `targets`: the first is forecast under every split and analysed, the others under leave-one-task-out alone. `splits`: the
    options of each split. `measured`: the pairs that are merged; the others are forecast alone, by the forecaster of this
    setting or, where nothing is merged, by that of the setting `forecaster`. `subsets`: {size, count} of the k-way merges, or
    None. `tables`: paths of the tables brought, or None; then base, recipe, calibration, evaluation, tile and device are
    given. A setting of tables has None for those, its methods have no parameters, `subsets` and
    `analysis["calibration_sizes"]` say what its tables hold (None and [] if nothing), and `chosen` keeps what tasks, metrics
    and methods said. `checkpoints`: paths by task of those brought, or None; the recipe is None if that is all of them.
    """

    name: str
    base: str | None
    tasks: tuple[str, ...]
    metrics: tuple[str, ...]
    methods: dict[str, dict]
    predictors: tuple[str, ...]
    recipe: dict | None
    targets: tuple[str, ...]
    splits: dict[str, dict]
    bootstrap: int
    intervals: tuple[float, ...]
    features: dict
    subsets: dict | None
    analysis: dict
    calibration: dict | None
    evaluation: dict | None
    tile: dict | None
    seed: int
    device: str | None
    measured: tuple[tuple[str, str], ...] = ()
    forecaster: str | None = None
    checkpoints: dict[str, str] | None = None
    tables: dict[str, str] | None = None
    chosen: dict | None = None

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Every pair of its tasks, row by row (see `grid.tiles`). Tables may lack some."""
        return tuple(tiles.pairs(self.tasks))

    @property
    def measured_tasks(self) -> tuple[str, ...]:
        """The tasks that are merged with another; of tables brought, all."""
        return tuple(tiles.members(self.measured, self.tasks)) if self.base else self.tasks


def resolve(config: dict, tasks: dict[str, dict]) -> dict[str, Setting]:
    """Every setting of a configuration that has passed its schema.

    Parameters
    ----------
    config : dict
    tasks : mapping from task to dict
        Rows of tasks.tsv, as `read_tasks` gives them.

    Returns
    -------
    mapping from name to Setting
        In the order of the configuration; then those of the folder `published`.

    Raises
    ------
    MergecastError
        For the first fault found.
    """
    consistency.check(config)
    bases, settings = config.get("bases") or {}, _given(config)
    for name, setting in settings.items():
        _check_origin(f"settings.{name}", setting, bases)
    if any("tables" not in setting for setting in settings.values()):
        for key in ("tasks_file", *OF_MODELS):
            if key not in config:
                raise MergecastError(f"the configuration: lacks the key {key!r}; add it (config/README.md says what it means)")
    for name, base in bases.items():
        _check_base(f"bases.{name}", base, tasks)
    resolved = {
        name: _of_tables(name, _merged(config, setting))
        if "tables" in setting
        else _of_models(name, _merged(config, setting), bases, tasks)
        for name, setting in settings.items()
    }
    _check_forecasters(resolved)
    return resolved


def remarks(config: dict, settings: dict[str, Setting]) -> list[str]:
    """What a reader should know of the tables brought, one line each: what is used, what is left out and why, what is a copy.

    Parameters
    ----------
    config : dict
    settings : mapping from name to Setting
        As `resolve` gives them.

    Returns
    -------
    list of str
        Empty where no tables are brought.
    """
    lines, merges = [], {}
    for name, setting in settings.items():
        if setting.tables:
            external = read_tables(setting.tables, setting.chosen, f"settings.{name}")
            merges[name] = external.tables["merges"]
            lines += _account(name, external)
            if "splits" not in config:
                lost = [split for split in SPLITS if split not in setting.splits]
                lines += [f"{name}: leaves out split {split}: too few tasks, or pairs, for it" for split in lost]
    if config.get("published"):
        for name, missing in folder.find(config["published"])[1].items():
            lines.append(f"{name}: is left out; {config['published']} lacks {', '.join(missing)}")
            table = folder.merges(config["published"], name)
            merges |= {} if table is None else {name: table}
    return lines + compare.copies(merges)


def _account(name: str, external: ExternalTables) -> list[str]:
    """What is used of a setting's tables, and what is not; of each kind the first few."""
    pairs, dropped = len(external.tables["metrics"]), external.dropped
    lines = [
        f"{name}: takes {pairs} pairs of {len(external.tasks)} tasks, metrics: {len(external.metrics)}, "
        f"methods: {len(external.methods)}"
    ]
    for what, rows in dropped.groupby("what", sort=False):
        lines += [f"{name}: leaves out {what} {row.name_}: {row.reason}" for row in _few(rows)]
        if len(rows) > MOST_LINES:
            more = len(rows) - MOST_LINES
            lines.append(f"{name}: and {more} more of this kind; results/{name}/tables/dropped.csv lists all")
    return lines


def _few(rows):
    return rows.head(MOST_LINES).rename(columns={"name": "name_"}).itertuples()


def _given(config: dict) -> dict[str, dict]:
    """The settings as written, and one of tables for every whole setting in the folder `published`.

    A key left empty counts as not given, but for `subsets`: there, null means none.
    """
    settings = {
        name: {key: value for key, value in setting.items() if value is not None or key == "subsets"}
        for name, setting in (config.get("settings") or {}).items()
    }
    if config.get("published"):
        for name, paths in folder.find(config["published"])[0].items():
            if name in settings:
                raise MergecastError(f"settings.{name}: is in the folder `published` too; give it another name")
            settings[name] = {"tables": paths}
    if not settings and "published" in config:
        raise MergecastError(
            "published: names no folder; add `--config published=DIR`, the folder that holds the published tables"
        )
    if not settings:
        raise MergecastError("the configuration: lacks the key 'settings'; add it (config/README.md says what it means)")
    return settings


def _merged(config: dict, setting: dict) -> dict:
    """The keys of one setting: its own, then those of the whole configuration."""
    return {key: config[key] for key in PER_SETTING if key in config} | setting


def _check_origin(where: str, setting: dict, bases: dict) -> None:
    """A setting starts from models or from tables, and gives the keys of one of them."""
    if "tables" in setting:
        for key in ("base", "recipe", "checkpoints", "method_parameters", *OF_MODELS, "subsets", "measure", "forecaster"):
            if key in setting:
                raise MergecastError(f"{where}: gives both tables and {key}; tables have no models, leave out one of them")
        return
    if not setting.get("base"):
        raise MergecastError(
            f"{where}: names no base; add `base:` with one of: {', '.join(bases)} (or `tables:`, to bring yours)"
        )
    if setting["base"] not in bases:
        raise MergecastError(f"{where}.base: {catalogue.unknown('base', setting['base'], bases)}")


def _of_models(name: str, setting: dict, bases: dict, tasks: dict[str, dict]) -> Setting:
    where = f"settings.{name}"
    chosen = select(f"{where}.tasks", "task", setting["tasks"], tuple(tasks))
    for task in chosen:
        check_row(tasks[task])
    if len(chosen) < 2:
        raise MergecastError(f"{where}.tasks: names {len(chosen)} task; a pair needs at least 2")
    ordered = tuple(sorted(chosen, key=list(tasks).index))
    measured = _measured(f"{where}.measure", setting.get("measure", DEFAULTS["measure"]), ordered, setting["seed"])
    merged = tiles.members(measured, ordered)
    if measured and len(merged) < FEWEST_TASKS["loto"]:
        what = "names" if len(merged) == len(chosen) else "merges"
        raise MergecastError(
            f"{where}.tasks: {what} {len(merged)} tasks; leave-one-task-out needs at least {FEWEST_TASKS['loto']}, add tasks"
        )
    forecast = _forecast(where, setting if measured else setting | {"splits": {}}, len(merged))
    if not measured:
        forecast["predictors"] = ()
    elif len(measured) < len(tiles.pairs(ordered)):
        asked = setting.get("splits") or ["loto"]
        forecast["splits"] = _possible(where, forecast["splits"], asked, measured, merged)
    return Setting(
        name=name,
        base=setting["base"],
        tasks=ordered,
        metrics=select(f"{where}.metrics", "metric", setting["metrics"], tuple(metrics.catalogue())),
        methods=_methods(where, setting),
        recipe=setting.get("recipe"),
        checkpoints=checkpoint_paths(where, setting, chosen, tuple(tasks)),
        subsets=_subsets(where, setting, len(merged)) if measured else None,
        measured=measured,
        forecaster=setting.get("forecaster"),
        **forecast,
        **{key: setting[key] for key in OF_MODELS} | {"tile": CHECKPOINTS_AT_A_TIME | setting["tile"]},
    )


def _measured(where: str, measure, tasks: tuple[str, ...], seed: int) -> tuple[tuple[str, str], ...]:
    """The pairs that are merged, row by row."""
    pairs = tiles.pairs(tasks)
    if measure == "all":
        return tuple(pairs)
    if measure == "none":
        return ()
    if "tasks" in measure and isinstance(measure, dict):
        some = select(f"{where}.tasks", "task", measure["tasks"], tasks)
        return tuple(pair for pair in pairs if {*pair} <= {*some})
    if isinstance(measure, dict):
        count = measure["pairs"]
        if not FEWEST_MEASURED <= count <= len(pairs):
            raise MergecastError(
                f"{where}.pairs: is {count}, and {len(tasks)} tasks have {len(pairs)} pairs; give {FEWEST_MEASURED} to "
                f"{len(pairs)}"
            )
        chosen = {*informative(tasks, count, seed=seed)}
    else:
        chosen = {_pair(where, name, tasks) for name in measure}
        if len(chosen) < max(FEWEST_MEASURED, len(measure)):
            fault = "names a pair twice" if len(chosen) < len(measure) else f"names {len(chosen)} pairs"
            raise MergecastError(f"{where}: {fault}; name {FEWEST_MEASURED} different pairs or more, or say none")
    return tuple(pair for pair in pairs if pair in chosen)


def _pair(where: str, name: str, tasks: tuple[str, ...]) -> tuple[str, str]:
    """The tasks of a pair A__B, in their order."""
    named = name.split("__")
    if len(named) != 2 or named[0] == named[1]:
        raise MergecastError(f"{where}: {name!r} is no pair; write it as A__B, two tasks of the setting")
    for task in named:
        if task not in tasks:
            raise MergecastError(f"{where}: {name!r}: {catalogue.unknown('task', task, tasks)}")
    return tuple(sorted(named, key=tasks.index))


def _check_forecasters(settings: dict[str, Setting]) -> None:
    """Where nothing is merged, another setting has to lend its forecaster; elsewhere there is no use for it."""
    able = [name for name, other in settings.items() if other.base and other.measured]
    for name, setting in settings.items():
        where = f"settings.{name}"
        if setting.base and not setting.measured and not setting.forecaster:
            lenders = ", ".join(able) or "none"
            raise MergecastError(f"{where}: measures none, so it cannot learn; add `forecaster:` with one of: {lenders}")
        if setting.forecaster and setting.measured:
            raise MergecastError(f"{where}.forecaster: is for a setting with `measure: none`; leave it out")
        if setting.forecaster and setting.forecaster not in able:
            raise MergecastError(f"{where}.forecaster: {catalogue.unknown('setting that merges', setting.forecaster, able)}")
        if setting.forecaster and settings[setting.forecaster].base != setting.base:
            raise MergecastError(
                f"{where}.forecaster: {setting.forecaster} starts from base {settings[setting.forecaster].base}, not from "
                f"{setting.base}; name a setting of the same base"
            )


def _of_tables(name: str, setting: dict) -> Setting:
    where = f"settings.{name}"
    chosen = {key: setting[key] for key in ("tasks", "metrics", "methods")}
    external = read_tables(setting["tables"], chosen, where)
    forecast = _forecast(where, setting, len(external.tasks))
    pairs = list(external.tables["metrics"][["task_a", "task_b"]].itertuples(index=False, name=None))
    forecast["splits"] = _possible(where, forecast["splits"], setting.get("splits") or ["loto"], pairs, external.tasks)
    sizes, subsets = external.tables.get("calibration_metrics"), external.tables.get("subsets")
    forecast["analysis"]["calibration_sizes"] = [] if sizes is None else sorted(map(int, sizes["n_images"].unique()))
    return Setting(
        name=name,
        base=None,
        tasks=external.tasks,
        metrics=external.metrics,
        methods={method: {} for method in external.methods},
        recipe=None,
        subsets=None
        if subsets is None
        else {"size": subsets["tasks"].iloc[0].count("|") + 1, "count": subsets["subset"].nunique()},
        **forecast,
        **dict.fromkeys(OF_MODELS),
        tables=dict(setting["tables"]),
        chosen=chosen,
    )


def _forecast(where: str, setting: dict, n_tasks: int) -> dict:
    """The keys of the forecast, which settings of models and of tables share, with their defaults."""
    kinds = prediction.kinds()
    if setting.get("tables"):
        kinds = _of_brought_tables(where, setting["predictors"], kinds)
    predictors = select(f"{where}.predictors", "predictor", setting["predictors"], tuple(kinds))
    return {
        "predictors": predictors + tuple(name for name, kind in kinds.items() if kind == "baseline" and name not in predictors),
        "targets": select(f"{where}.targets", "target", setting.get("targets", DEFAULTS["targets"]), TARGETS),
        "splits": _splits(where, setting.get("splits"), n_tasks),
        "bootstrap": setting.get("bootstrap", DEFAULTS["bootstrap"]),
        "intervals": tuple(setting.get("intervals", DEFAULTS["intervals"])),
        "analysis": _analysis(where, setting, predictors),
        "features": _features(where, setting.get("features") or {}),
        "seed": setting["seed"],
    }


def _of_brought_tables(where: str, chosen, kinds: dict[str, str]) -> dict[str, str]:
    """The predictors and baselines that need no checkpoint; MergecastError for one that was chosen by name and needs one."""
    possible = {name: kind for name, kind in kinds.items() if prediction.inputs(name) not in OF_CHECKPOINTS}
    for name in [] if chosen == "all" else chosen:
        if name in kinds and name not in possible:
            raise MergecastError(
                f"{where}.predictors: {name!r} is fitted on features of checkpoints, which tables do not hold; leave it out"
            )
    return possible


def _features(where: str, configured: dict) -> dict:
    """How many images covariates are measured on, and which optional features are asked for."""
    chosen = DEFAULTS["features"] | configured
    if chosen["optional"]:
        known = features.optional()
        chosen["optional"] = list(select(f"{where}.features.optional", "optional feature", chosen["optional"], known))
    return chosen


def _splits(where: str, configured: dict | None, n_tasks: int) -> dict[str, dict]:
    """The options of every split asked for, in the order of SPLITS; by default every split that has enough tasks."""
    for name in configured or {}:
        if n_tasks < FEWEST_TASKS[name]:
            raise MergecastError(
                f"{where}.splits: {name} needs at least {FEWEST_TASKS[name]} tasks and there are {n_tasks}; leave it out"
            )
    asked = {name: {} for name in SPLITS if n_tasks >= FEWEST_TASKS[name]} if configured is None else configured
    return {name: DEFAULTS["splits"][name] | asked[name] for name in SPLITS if name in asked}


def _possible(where: str, chosen: dict, asked, pairs, tasks) -> dict[str, dict]:
    """The splits that these pairs allow, since tables may lack some; one that was asked for and is not possible is an error."""
    possible = {}
    for name, options in chosen.items():
        try:
            splits.check(name, pairs, tasks, **({"halves": options["halves"]} if "halves" in options else {}))
            possible[name] = options
        except MergecastError as error:
            if name in asked:
                raise MergecastError(f"{where}.splits: {error}, or leave the split out") from error
    return possible


def _subsets(where: str, setting: dict, n_tasks: int) -> dict | None:
    """Size and number of the k-way merges; unless it is given, the number is no more than there are subsets."""
    options = setting.get("subsets", {})
    if options is None:
        return None
    size = options.get("size", DEFAULTS["subsets"]["size"])
    if size > n_tasks:
        raise MergecastError(f"{where}.subsets.size: is {size}, but there are {n_tasks} tasks; give {n_tasks} or less")
    count = options.get("count", min(DEFAULTS["subsets"]["count"], comb(n_tasks, size)))
    if count > comb(n_tasks, size):
        raise MergecastError(
            f"{where}.subsets.count: is {count}, but {n_tasks} tasks have {comb(n_tasks, size)} subsets of {size}; ask for less"
        )
    return {"size": size, "count": count}


def _analysis(where: str, setting: dict, predictors: tuple[str, ...]) -> dict:
    """The predictor of the analyses, one of those chosen and with a coefficient per metric; the calibration sizes.

    Where none is named it is the default or, if that is not chosen, the first that is and has coefficients.
    """
    analysis = DEFAULTS["analysis"] | setting.get("analysis", {})
    weighing = [other for other in prediction.kinds() if _weighs_metrics(other)]
    if "predictor" not in setting.get("analysis", {}) and analysis["predictor"] not in predictors:
        analysis["predictor"] = next((other for other in predictors if other in weighing), analysis["predictor"])
    name = analysis["predictor"]
    if name not in weighing:
        raise MergecastError(f"{where}.analysis.predictor: {catalogue.unknown('predictor with coefficients', name, weighing)}")
    if name not in predictors:
        here = [other for other in predictors if other in weighing]
        raise MergecastError(
            f"{where}.analysis.predictor: is {name!r}, which is not among `predictors`; add it there"
            + (f" or take {' or '.join(here)}" if here else "")
        )
    return {"predictor": name, "calibration_sizes": list(analysis["calibration_sizes"])}


def _weighs_metrics(name: str) -> bool:
    """Whether this is a predictor with a coefficient for each metric."""
    return prediction.kind(name) == "predictor" and prediction.inputs(name) == "metrics" and prediction.has_coefficients(name)


def _check_base(where: str, base: dict, tasks: dict[str, dict]) -> None:
    for task in base.get("corpus", {}).get("tasks", []):
        if task not in tasks:
            raise MergecastError(f"{where}.corpus.tasks: {catalogue.unknown('task', task, tasks)}")
        check_row(tasks[task])
    architectures.check(where, base["model"], base["image_size"])
    if base["kind"] == "file":
        check_files(f"{where}.path", base["path"], "weights")


def _methods(where: str, setting: dict) -> dict[str, dict]:
    chosen = select(f"{where}.methods", "method", setting["methods"], merging.methods())
    parameters = setting.get("method_parameters") or {}
    for name in parameters:
        if name not in merging.methods():
            raise MergecastError(f"{where}.method_parameters: {catalogue.unknown('method', name, merging.methods())}")
        for key, value in (parameters[name] or {}).items():
            if isinstance(value, list | dict):
                raise MergecastError(
                    f"{where}.method_parameters.{name}.{key}: is {value!r}; give one value for all models (values per "
                    "model are for `mergecast merge`)"
                )
    try:
        checked = {
            name: merging.check_parameters(name, parameters.get(name) or {}, models=2) for name in (*chosen, *parameters)
        }
    except MergecastError as error:
        raise MergecastError(f"{where}.method_parameters: {error}") from error
    return {name: checked[name] for name in chosen}
