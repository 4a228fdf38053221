"""Input functions of all stages: names of files, the pair grid cut into tiles, declared source code and parameters."""

from mergecast import metrics, prediction
from mergecast.catalogue import unknown
from mergecast.prediction import design
from mergecast.models import external
from mergecast.grid.subsets import draw_subsets
from mergecast.tasks.rows import stamp

BASES = config.get("bases") or {}
MODEL_SETTINGS = [name for name, setting in SETTINGS.items() if not setting.tables]
TABLE_SETTINGS = [name for name, setting in SETTINGS.items() if setting.tables]
FEATURE_FILES = {
    "inner_products": lambda setting, tasks: [f"results/{setting}/features/inner_products.npz"],
    "spectra": lambda setting, tasks: every("features/spectra/{task}.safetensors", setting, tasks),
    "probes": lambda setting, tasks: every("features/probes/{task}.safetensors", setting, tasks),
    "encoder_gradients": lambda setting, tasks: [f"results/{setting}/features/gradient_products.npz"],
}


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


def model(setting):
    """OpenCLIP's name of a setting's model."""
    return BASES[SETTINGS[setting].base]["model"]


def chunks(sequence, size):
    """Consecutive pieces of at most `size` items."""
    return [sequence[start : start + size] for start in range(0, len(sequence), size)]


def rows(setting):
    """Rows of the pair triangle: (task, the tasks before it)."""
    return [(task, SETTINGS[setting].tasks[:row]) for row, task in enumerate(SETTINGS[setting].tasks) if row]


def metric_tiles(setting):
    """Pairs packed row by row into tiles of about `tile.metrics` pairs; a row is never divided."""
    tiles = [[]]
    for task, before in rows(setting):
        if tiles[-1] and len(tiles[-1]) + len(before) > SETTINGS[setting].tile["metrics"]:
            tiles.append([])
        tiles[-1] += [(other, task) for other in before]
    return tiles


def merge_tiles(setting):
    """Chunks of one row each, of at most `tile.merges` pairs, so that a new task adds tiles and changes none."""
    return [
        [(other, task) for other in chunk]
        for task, before in rows(setting)
        for chunk in chunks(before, SETTINGS[setting].tile["merges"])
    ]


def tasks_of(pairs):
    """The tasks that occur in pairs, in the order of tasks.tsv."""
    return [task for task in TASKS if any(task in pair for pair in pairs)]


def identifier(*parts):
    """A rule name from names that may hold dots and dashes; other names give another one."""
    return re.sub(r"\W", lambda found: f"_{ord(found[0]):x}_", "_".join(map(str, parts)))


def image_row(task):
    """What decides a task's images and class names; how long it is trained is no part of that."""
    return {key: value for key, value in TASKS[task].items() if key not in ("steps", "epochs")}


def image_file(task):
    """The file a task's images come from, if it is one: a folder counts by its stamp, an id of the hub by itself."""
    path = TASKS[task]["path"]
    return path if os.path.isfile(path) else []


def corpus_images(base):
    """Prepared images of the tasks that a base is pre-trained on, if it is."""
    names = BASES[base].get("corpus", {}).get("tasks", [])
    return [f"results/images/{BASES[base]['image_size']}px/{task}.safetensors" for task in names]


def corpus_modules(base):
    """What the base script loads by name: pre-training, only if the base is pre-trained."""
    return ["training.pretrain"] if BASES[base]["kind"] == "pretrain" else []


def recipe(setting, task):
    """The recipe of a setting, with the task's own length where tasks.tsv gives one."""
    given = dict(SETTINGS[setting].recipe)
    own = {key: int(TASKS[task][key]) for key in ("epochs", "steps") if TASKS[task][key]}
    if own:
        given = {key: value for key, value in given.items() if key not in ("epochs", "steps")} | own
    return dict(sorted(given.items()))


def feature_files(setting, tasks, metric):
    """The files of just those features that a metric declares it needs."""
    return [path for need in metrics.find(metric).needs for path in FEATURE_FILES[need](setting, tasks)]


def calibration(setting, metric):
    """The calibration of a setting, for metrics that look at images."""
    looks = {"probes", "encoder_gradients"} & set(metrics.find(metric).needs)
    return dict(SETTINGS[setting].calibration) if looks else {}


def method_code(setting, method, script="merge.py"):
    """The code of one of a setting's methods, and of the script that runs it."""
    if method not in SETTINGS[setting].methods:
        raise MergecastError(unknown(f"method of {setting}", method, SETTINGS[setting].methods))
    return code(script, f"merging.{method}")


def merge_parameters(setting, method):
    """Parameters of one method, spelt out, so that changing one method's parameter reruns that method alone."""
    return dict(sorted(SETTINGS[setting].methods[method].items()))


def has_subsets(setting):
    """Whether merges of several tasks are measured, or were brought."""
    return bool(SETTINGS[setting].subsets)


def has_calibration(setting):
    """Whether metrics at several numbers of calibration images are computed, or were brought."""
    given = SETTINGS[setting]
    return bool(given.analysis["calibration_sizes"]) if given.tables else calibrated(setting)


def measured_tables(setting):
    """Names of the tables of what was measured, here or elsewhere."""
    further = {
        "subsets": has_subsets,
        "calibration_metrics": has_calibration,
        "dropped": lambda setting: SETTINGS[setting].tables,
    }
    return ["checkpoints", "metrics", "merges", *(name for name, there in further.items() if there(setting))]


def pair_files(kind, setting):
    """One kind of pair result, a file a pair, in the order of the grid."""
    return [f"results/{setting}/{kind}/{a}__{b}.json" for a, b in SETTINGS[setting].pairs]


def predictor_module(name):
    """The module of a predictor or baseline, whose fold jobs rerun when it is edited."""
    return f"{prediction.WINGS[prediction.kind(name)]}.{name}"


def tables_seen(setting, predictor):
    """The merges, and only the table a predictor declares as its input, so that a new metric refits no baseline."""
    names = {"metrics": ["metrics"], "checkpoints": ["checkpoints"]}.get(prediction.inputs(predictor), [])
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


def loto_folds(setting):
    """(method, held-out task) of every fold that is a file of its own."""
    return [(method, task) for method in SETTINGS[setting].methods for task in SETTINGS[setting].tasks]


def other_folds(setting):
    """(split, method) of the further splits, all folds of which are one file."""
    return [
        (split, method) for split in SETTINGS[setting].splits if split != "loto" for method in SETTINGS[setting].methods
    ]


def every_fold(setting):
    """All fold files of a setting, predictor by predictor."""
    return [
        path
        for predictor in SETTINGS[setting].predictors
        for path in [
            *(f"results/{setting}/folds/{method}/{predictor}/{task}.json" for method, task in loto_folds(setting)),
            *(f"results/{setting}/splits/{split}/{method}/{predictor}.json" for split, method in other_folds(setting)),
        ]
    ]


def curves(setting):
    """Training curves of the tasks that are fine-tuned here: a checkpoint that was brought has none."""
    given = SETTINGS[setting]
    tasks = [] if given.tables else given.tasks
    return [f"results/{setting}/curves/{task}.csv" for task in tasks if task not in (given.checkpoints or {})]


def subsets(setting):
    """Random subsets of a setting's tasks to be merged, by id; none where none are asked for or there are no models."""
    given = SETTINGS[setting]
    drawn = given.base and given.subsets
    return draw_subsets(given.tasks, **given.subsets, seed=given.seed) if drawn else {}


def subset_tiles(setting):
    """Subsets in consecutive tiles: their number may grow, and full tiles stay. Twice a tile of pairs, to save starts."""
    merges = [{"subset": name, "tasks": tasks} for name, tasks in subsets(setting).items()]
    return chunks(merges, 2 * SETTINGS[setting].tile["merges"]) if merges else []


def subset_files(setting):
    """The results of every method on every subset."""
    names = subsets(setting)
    return [f"results/{setting}/subsets/{method}/{name}.json" for method in SETTINGS[setting].methods for name in names]


def calibration_metrics(setting):
    """The metrics of a setting that look at images, in the order of the catalogue."""
    return [name for name in metrics.catalogue() if name in SETTINGS[setting].metrics and calibration(setting, name)]


def calibrated(setting):
    """Whether metrics of a setting are computed at further numbers of calibration images."""
    given = SETTINGS[setting]
    return bool(given.base and given.analysis.get("calibration_sizes") and calibration_metrics(setting))


def further_sizes(setting):
    """Numbers of calibration images a task whose features are made beside those of the setting's own number."""
    given = SETTINGS[setting]
    return sorted({*given.analysis["calibration_sizes"]} - {given.calibration["images_per_task"]})


def calibration_folders(setting):
    """The folder of features of each number of calibration images, the setting's own among them, in ascending order."""
    own = SETTINGS[setting].calibration["images_per_task"]
    further = {size: f"results/{setting}/calibration/{size}" for size in further_sizes(setting)}
    return dict(sorted({own: f"results/{setting}/features", **further}.items()))


def further_files(setting, feature, *names):
    """Files of these names for each further number of calibration images, if a metric of the setting needs the feature."""
    needed = any(feature in metrics.find(name).needs for name in calibration_metrics(setting))
    sizes = further_sizes(setting) if needed else []
    return [f"results/{setting}/calibration/{size}/{name}" for size in sizes for name in names]
