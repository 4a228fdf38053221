"""Input functions of all stages: names of files, declared source code and parameters."""

from mergecast import features, metrics, prediction
from mergecast.catalogue import unknown
from mergecast.analysis import declared
from mergecast.prediction import design
from mergecast.models import external
from mergecast.grid import tiles
from mergecast.grid.subsets import draw_subsets
from mergecast.models.architectures import description
from mergecast.tasks import rows
from mergecast.workflow.content import content_hash_of

BASES = config.get("bases") or {}
MODEL_SETTINGS = [name for name, setting in SETTINGS.items() if not setting.tables]
MEASURED_SETTINGS = [name for name, setting in SETTINGS.items() if setting.tables or setting.measured]
TABLE_SETTINGS = [name for name, setting in SETTINGS.items() if setting.tables]


def one_of(names):
    """A regular expression for just these names; for none, one that matches nothing."""
    return "|".join(map(re.escape, names)) or "(?!)"


# Methods and metrics are any word, as their names would make longer patterns, one for every pair; rules refuse unknown ones.
wildcard_constraints:
    setting=one_of(SETTINGS),
    base=one_of(BASES),
    task=one_of(sorted({*TASKS, *(task for setting in SETTINGS.values() for task in setting.tasks)})),
    a=one_of(TASKS),
    b=one_of(TASKS),
    size=r"\d+",
    method=r"\w+",
    metric=r"\w+",
    predictor=one_of(sorted({name for setting in SETTINGS.values() for name in setting.predictors})),


def of(path):
    """A file of the setting at hand: "heads/{task}.safetensors" -> results/{setting}/heads/{task}.safetensors."""
    return f"results/{{setting}}/{path}"


def every(pattern, setting, tasks=None):
    """The same kind of file for every task of a setting, or for those given, in the order of tasks.tsv."""
    return [f"results/{setting}/{pattern.format(task=task)}" for task in tasks or SETTINGS[setting].tasks]


def clip(setting):
    """The whole CLIP, image and text tower, that a setting starts from."""
    return f"results/bases/{SETTINGS[setting].base}/clip.safetensors"


def images(setting, task):
    """Prepared images of a task at the resolution of a setting's model, shared by all settings of that resolution."""
    return f"results/images/{BASES[SETTINGS[setting].base]['image_size']}px/{task}.safetensors"


def model(base):
    """OpenCLIP's name of a base's model, and a hash of the file that describes it: weights alone do not say every key in it."""
    name = BASES[base]["model"]
    return {"name": name, **contents(description(name))}


def contents(*paths):
    """Files and folders of a user by the hash of their content, a parameter of what reads them; none for an empty path."""
    return {os.path.basename(path): content_hash_of(path) for path in paths if path}


def by_content(*paths):
    """Files of a user as inputs that count by their `contents`, and not by their time."""
    return [ancient(path) for path in paths if path]


def base_files(base):
    """The files of a base that a user brings: its weights, or an index and shards; none for another kind."""
    return external.files(BASES[base]["path"]) if BASES[base]["kind"] == "file" else []


def corpus_images(base):
    """Prepared images of the tasks that a base is pre-trained on, if it is."""
    names = BASES[base].get("corpus", {}).get("tasks", [])
    return [f"results/images/{BASES[base]['image_size']}px/{task}.safetensors" for task in names]


def corpus_modules(base):
    """What the base script loads by name: pre-training, only if the base is pre-trained."""
    return ["training.pretrain"] if BASES[base]["kind"] == "pretrain" else []


def calibration(setting, metric):
    """The calibration of a setting, for metrics that depend on the number of calibration images."""
    needs = metrics.find(metric).needs
    return dict(SETTINGS[setting].calibration) if any(map(features.calibrated, needs)) else {}


def method_code(setting, method, script="merge.py"):
    """The code of one of a setting's methods, and of the script that runs it."""
    if method not in SETTINGS[setting].methods:
        raise MergecastError(unknown(f"method of {setting}", method, SETTINGS[setting].methods))
    return code(script, f"merging.{method}")


def merge_parameters(setting, method):
    """Parameters of one method, spelt out, so that changing one method's parameter reruns that method alone."""
    return dict(sorted(SETTINGS[setting].methods[method].items()))


def merge_tiles(setting, measured=False):
    """Pairs by job of merging: those that are measured in tiles of a row, then the others one by one, unless only the measured
    are asked for."""
    resolved = SETTINGS[setting]
    asked, size = {*resolved.measured}, resolved.tile["merges"]
    rows = [[pair for pair in row if pair in asked] for row in tiles.rows(resolved.tasks)]
    alone = [] if measured else [[pair] for pair in resolved.pairs if pair not in asked]
    return [tile for row in rows for tile in tiles.chunks(row, size)] + alone


def feature_tiles(setting, name):
    """Tasks by job of a feature: some checkpoints at a time, or all at once for a feature of the grid."""
    resolved = SETTINGS[setting]
    size = resolved.tile["features"] if features.find(name).scope == "checkpoint" else len(resolved.tasks)
    return tiles.chunks(list(resolved.tasks), size)


def has_subsets(setting):
    """Whether merges of several tasks are measured, or were brought."""
    return bool(SETTINGS[setting].subsets)


def has_calibration(setting):
    """Whether metrics at several numbers of calibration images are computed, or were brought."""
    resolved = SETTINGS[setting]
    return bool(resolved.analysis["calibration_sizes"]) if resolved.tables else calibrated(setting)


def has_traits(setting):
    """Whether covariates of a setting's checkpoints are measured: a forecaster is fitted on them, or one asked about them."""
    resolved = SETTINGS[setting]
    return bool(resolved.forecaster) or any(prediction.inputs(name) == "traits" for name in resolved.predictors)


# The forecasters that are kept, and the predictor that each is.
FORECASTERS = {"images": "mixed", "weights": "weights"}


def forecasters(setting):
    """Those of a setting: of models that were merged, for a target that is the mean of two sides."""
    resolved = SETTINGS[setting]
    able = resolved.measured and resolved.targets[0] in design.SYMMETRIC
    return [kind for kind, name in FORECASTERS.items() if able and name in resolved.predictors]


def lent_by(setting):
    """The setting whose forecaster forecasts the pairs of a setting: its own, or the one that it names; None without one."""
    lender = SETTINGS[setting].forecaster or setting
    return lender if "images" in forecasters(lender) else None


def explored(setting):
    """The tables of forecasts of every pair that a setting has: all, if there is a forecaster."""
    return list(declared.EXPLORED) if lent_by(setting) else []


def measured_tables(setting):
    """Names of the tables of what was measured, here or elsewhere."""
    further = {
        "subsets": has_subsets,
        "calibration_metrics": has_calibration,
        "merges": lambda setting: setting in MEASURED_SETTINGS,
        "correct": lambda setting: SETTINGS[setting].measured,
        "dropped": lambda setting: SETTINGS[setting].tables,
        **dict.fromkeys(TRAITS, has_traits),
        "timings": lambda setting: has_traits(setting) and setting in MEASURED_SETTINGS,
    }
    return ["checkpoints", "metrics", *(name for name, there in further.items() if there(setting))]


def pair_files(kind, setting, pairs=None):
    """One kind of pair result, one file per pair, or per pair given, in the order of the grid."""
    return [
        f"results/{setting}/{kind}/{a}__{b}.json"
        for a, b in SETTINGS[setting].pairs
        if pairs is None or (a, b) in pairs
    ]


def predictor_module(name):
    """The module of a predictor or baseline, whose fold jobs rerun when it is edited."""
    return f"{prediction.WINGS[prediction.kind(name)]}.{name}"


# The tables of covariates, and the TABLE of the features of each.
TRAITS = {"traits": "traits", "pair_traits": "pairs", "library": "library"}


def covariates(setting):
    """The features of a setting whose numbers are covariates, by table."""
    return {table: features.of_table(kind, SETTINGS[setting].features["optional"]) for table, kind in TRAITS.items()}


def traits(setting):
    """The same features in one list."""
    return [name for names in covariates(setting).values() for name in names]


def timed_jobs(setting):
    """Jobs whose cost counts: what they are, the tasks whose checkpoints they read, and the pairs that they merge and test."""
    resolved = SETTINGS[setting]
    jobs = [{"kind": "evaluation", "name": "", "file": f"evaluate/{task}", "tasks": [task]} for task in resolved.tasks]
    for name in features.with_needs(traits(setting)):
        feature = features.find(name)
        for tasks in feature_tiles(setting, name):
            stem = feature.stem.format(task=tasks[0])
            jobs.append({"kind": "feature", "name": name, "file": stem, "tasks": tasks, "forwards": feature.forwards})
    for pairs in merge_tiles(setting, measured=True):
        for method in resolved.methods:
            stem = f"merges/{method}/{pairs[0][0]}__{pairs[0][1]}"
            tasks = tiles.members(pairs, TASKS)
            jobs.append({"kind": "merge", "name": method, "file": stem, "tasks": tasks, "pairs": pairs})
    return jobs


def tables_seen(setting, predictor):
    """The merges, and only the table a predictor declares as its input, so that a new metric refits no baseline."""
    names = design.INPUTS[prediction.inputs(predictor)]
    return tables_files(
        setting, "merges", *names, *(["directed"] if "metrics" in names and has_directed(setting) else [])
    )


def tables_files(setting, *names):
    """Tables of a setting by name."""
    return [f"results/{setting}/tables/{name}.csv" for name in names]


def has_directed(setting):
    """Whether a directed target asks for the directed values of metrics, and the models are here to give them."""
    return bool(set(SETTINGS[setting].targets) & set(design.DIRECTED)) and not SETTINGS[setting].tables


def forecast_grid(setting):
    """Splits and their options by target: the headline target under every split, the others under loto."""
    splits = SETTINGS[setting].splits
    first, *others = SETTINGS[setting].targets
    return {first: splits, **{target: {"loto": splits["loto"]} for target in others}}


def predictor_files(pattern, setting):
    """The same kind of file for every predictor of a setting."""
    return [f"results/{setting}/{pattern.format(predictor=name)}" for name in SETTINGS[setting].predictors]


def curves(setting):
    """Training curves of the tasks that are fine-tuned here: a checkpoint that was brought has none."""
    resolved = SETTINGS[setting]
    tasks = [] if resolved.tables else resolved.tasks
    return [f"results/{setting}/curves/{task}.csv" for task in tasks if task not in (resolved.checkpoints or {})]


def subsets(setting):
    """Random subsets of a setting's tasks to be merged, by id; none where none are asked for or there are no models."""
    whole = SETTINGS[setting]
    merged = whole.base and whole.subsets
    return draw_subsets(whole.measured_tasks, **whole.subsets, seed=whole.seed) if merged else {}


def subset_tiles(setting):
    """Subsets in consecutive tiles: their number may grow, and full tiles stay. Twice a tile of pairs, to save starts."""
    merges = [{"subset": name, "tasks": tasks} for name, tasks in subsets(setting).items()]
    return tiles.chunks(merges, 2 * SETTINGS[setting].tile["merges"]) if merges else []


def subset_files(setting):
    """The results of every method on every subset."""
    names = subsets(setting)
    return [f"results/{setting}/subsets/{method}/{name}.json" for method in SETTINGS[setting].methods for name in names]


def calibration_metrics(setting):
    """The metrics of a setting that look at images, in the setting's order."""
    return [name for name in SETTINGS[setting].metrics if calibration(setting, name)]


def calibrated(setting):
    """Whether metrics of a setting are computed at further numbers of calibration images."""
    resolved = SETTINGS[setting]
    return bool(resolved.measured and resolved.analysis.get("calibration_sizes") and calibration_metrics(setting))


def further_sizes(setting):
    """Numbers of calibration images per task whose features are made beside those of the setting's own number."""
    resolved = SETTINGS[setting]
    return sorted({*resolved.analysis["calibration_sizes"]} - {resolved.calibration["images_per_task"]})


def library(setting):
    """What the checkpoints of others are tried on, of every task that was merged: how the base and the halfway model see it."""
    return feature_files(setting, "views", SETTINGS[setting].measured_tasks)


def feature_codes(setting):
    """The hash of the code of every feature that covariates are made of, without the job that computes it."""
    return {
        name: code(f"mergecast/features/{name}.py")
        for name in features.with_needs(sorted({name for names in covariates(setting).values() for name in names}))
    }
