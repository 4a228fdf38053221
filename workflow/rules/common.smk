"""Input functions of all stages: names of files, the pair grid cut into tiles, declared source code and parameters."""

from mergecast import metrics, prediction

BASES = config["bases"]
FORECAST_TABLES = ["predictions", "folds", "scores", "coefficients"]
TABLES = ["checkpoints", "metrics", "merges", *FORECAST_TABLES, "correlations"]
# What each figure is drawn from, as files of its setting.
FIGURES = {
    "pairs": ["tables/merges.csv"],
    "predicted": ["tables/predictions.csv", "tables/scores.csv"],
    "folds": ["tables/folds.csv"],
    "coefficients": ["tables/coefficients.csv"],
    "correlations": ["tables/correlations.csv"],
    "training": ["tables/checkpoints.csv"],
}
FEATURE_FILES = {
    "inner_products": lambda setting, tasks: [f"results/{setting}/features/inner_products.npz"],
    "spectra": lambda setting, tasks: every("features/spectra/{task}.safetensors", setting, tasks),
    "probes": lambda setting, tasks: every("features/probes/{task}.safetensors", setting, tasks),
    "encoder_gradients": lambda setting, tasks: [f"results/{setting}/features/gradient_products.npz"],
}


wildcard_constraints:
    setting="|".join(map(re.escape, SETTINGS)),
    base="|".join(map(re.escape, BASES)),
    task="|".join(map(re.escape, TASKS)),
    a="|".join(map(re.escape, TASKS)),
    b="|".join(map(re.escape, TASKS)),
    size=r"\d+",
    method="|".join(sorted({name for setting in SETTINGS.values() for name in setting.methods})),
    metric="|".join(sorted({name for setting in SETTINGS.values() for name in setting.metrics})),
    predictor="|".join(sorted({name for setting in SETTINGS.values() for name in setting.predictors})),


def code(script, *modules):
    """The script of a rule, the modules it loads by name, and whatever these import: inputs, compared by checksum."""
    return [os.path.relpath(path) for path in closure(script, *modules)]


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
    """A rule name from names that may hold dots and dashes."""
    return re.sub(r"\W", "_", "_".join(map(str, parts)))


def image_row(task):
    """What decides a task's images and class names; how long it is trained is no part of that."""
    return {key: value for key, value in TASKS[task].items() if key not in ("steps", "epochs")}


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


def merge_parameters(setting, method):
    """Parameters of one method, spelt out, so that changing one method's parameter reruns that method alone."""
    return dict(sorted(SETTINGS[setting].methods[method].items()))


def every_table(setting):
    """All tables of a setting."""
    return [f"results/{setting}/tables/{table}.csv" for table in TABLES]


def pair_files(kind, setting):
    """One kind of pair result, a file a pair, in the order of the grid."""
    return [f"results/{setting}/{kind}/{a}__{b}.json" for a, b in SETTINGS[setting].pairs]


def predictor_module(name):
    """The module of a predictor or baseline, whose fold jobs rerun when it is edited."""
    return f"{prediction.WINGS[prediction.kind(name)]}.{name}"


def tables_seen(setting, predictor):
    """Only the table a predictor declares as its input, so that a new metric refits no baseline."""
    table = {"metrics": "metrics", "singles": "checkpoints"}.get(prediction.inputs(predictor))
    return [f"results/{setting}/tables/{table}.csv"] if table else []


def every_figure(setting):
    """All figures of a setting, in both formats."""
    return [f"results/{setting}/figures/{figure}.{kind}" for figure in FIGURES for kind in ("svg", "pdf")]


def curves(setting):
    """Training curves of every task."""
    return every("curves/{task}.csv", setting)
