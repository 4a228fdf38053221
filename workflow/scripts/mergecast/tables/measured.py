"""Tidy tables: read exactly as written; and those of what was measured, one row per observation, in the order given."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from ..errors import MergecastError

NAMES = (
    "task", "task_a", "task_b", "tasks", "fold", "method", "method_a", "method_b", "predictor", "metric", "feature", "category",
    "subset", "setting_a", "setting_b", "train_setting", "test_setting", "name", "undefined",
    "right",
)  # fmt: skip

CHECKPOINTS = [
    "task", "zero_shot_accuracy", "fine_tuned_accuracy", "zero_shot_loss", "fine_tuned_loss", "chance_accuracy", "n_classes",
    "n_test_images", "task_vector_norm", "relative_norm", "source", "checkpoint_sha256", "base_sha256",
]  # fmt: skip
DIRECTED = ["task_a", "task_b", "metric", "value"]
MERGES = ["task_a", "task_b", "method", "task", "accuracy", "normalised_accuracy", "loss", "n_images"]
FINE_TUNED = "fine_tuned"  # what the table of correct images calls a model before merging
CORRECT = ["method", "task_a", "task_b", "task", "n_images", "right"]
TIMINGS = ["kind", "name", "checkpoints", "merges", "forwards", "seconds"]
SUBSETS = ["method", "subset", "tasks", "task", "accuracy", "normalised_accuracy"]


def read(path) -> pd.DataFrame:
    """Read a table written as CSV: numbers exactly as written, names as text (a task may be called "007" or "NA").

    Parameters
    ----------
    path : Path or str

    Returns
    -------
    DataFrame
        An empty cell is NaN.

    Raises
    ------
    MergecastError
        When the file is missing or is no table.
    """
    if not Path(path).is_file():
        raise MergecastError(f"{path}: no such table; check the path, or make it with `snakemake {path}`")
    try:
        return pd.read_csv(path, dtype=dict.fromkeys(NAMES, str), keep_default_na=False, na_values=[""])
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise MergecastError(f"{path}: is not a CSV table ({reason}); correct it or make it again") from error


def by_name(paths: Iterable) -> dict[str, pd.DataFrame]:
    """Tables by the names of their files: tables/metrics.csv is "metrics".

    Parameters
    ----------
    paths : iterable of Path or str

    Returns
    -------
    dict of DataFrame

    Raises
    ------
    MergecastError
        As `read` does.
    """
    return {Path(path).stem: read(path) for path in paths}


def checkpoints(evaluations: Iterable[dict]) -> pd.DataFrame:
    """One row per task: what base and fine-tuned checkpoint reach on its test images.

    Parameters
    ----------
    evaluations : iterable of dict
        Results of the evaluations of tasks.

    Returns
    -------
    DataFrame
        Columns `CHECKPOINTS`. Accuracies in [0, 1], losses in nats.
    """
    rows = [
        evaluation
        | {f"{model}_{key}": evaluation[model][key] for model in ("zero_shot", "fine_tuned") for key in ("accuracy", "loss")}
        | {
            "checkpoint_sha256": evaluation["inputs"]["checkpoints"][evaluation["task"]],
            "base_sha256": evaluation["inputs"]["base"],
        }
        for evaluation in evaluations
    ]
    return pd.DataFrame(rows, columns=CHECKPOINTS)


def twins(table: pd.DataFrame) -> list[list[str]]:
    """Tasks whose checkpoints are one and the same.

    Parameters
    ----------
    table : DataFrame
        Of `checkpoints`.

    Returns
    -------
    list of list of str
        Two tasks or more each; empty where all differ.
    """
    groups = table.groupby("checkpoint_sha256", sort=False)["task"].agg(list)
    return [tasks for tasks in groups if len(tasks) > 1]


def metrics(values: Iterable[dict]) -> pd.DataFrame:
    """One row per pair, one column per metric, both in the order in which they first occur.

    Parameters
    ----------
    values : iterable of dict
        Results of metrics on pairs.

    Returns
    -------
    DataFrame
    """
    rows: dict[tuple[str, str], dict] = {}
    for value in values:
        a, b = value["tasks"]
        rows.setdefault((a, b), {"task_a": a, "task_b": b})[value["metric"]] = value["value"]
    return pd.DataFrame(list(rows.values()))


def directed(values: Iterable[dict]) -> pd.DataFrame:
    """One row per pair and metric that has a direction.

    Parameters
    ----------
    values : iterable of dict
        Results of metrics on pairs.

    Returns
    -------
    DataFrame
        Columns `DIRECTED`. `value` in [-1, 1], above 0 where task_a's side is the larger.
    """
    rows = [(*value["tasks"], value["metric"], value["directed"]) for value in values if "directed" in value]
    return pd.DataFrame(rows, columns=DIRECTED)


def merges(results: Iterable[dict]) -> pd.DataFrame:
    """One row per pair, method and task of the pair.

    Parameters
    ----------
    results : iterable of dict
        Results of merges of pairs.

    Returns
    -------
    DataFrame
        Columns `MERGES`.
    """
    rows = [
        {"task_a": result["tasks"][0], "task_b": result["tasks"][1], "method": result["method"], "task": task} | score
        for result in results
        for task, score in result["results"].items()
    ]
    return pd.DataFrame(rows, columns=MERGES)


def correct(evaluations: Iterable[dict], results: Iterable[dict]) -> pd.DataFrame:
    """Which test images each model was right on: one row per fine-tuned model, then per pair, method and task of the pair.

    Parameters
    ----------
    evaluations : iterable of dict
        Results of the evaluations of tasks.
    results : iterable of dict
        Results of merges of pairs.

    Returns
    -------
    DataFrame
        Columns `CORRECT`. `right` is text (`files.pack_bits`), in the order of the task's test images. Of a fine-tuned model,
        `method` is "fine_tuned" and the pair is empty.
    """
    rows = [
        {"method": FINE_TUNED, "task": one["task"], "n_images": one["n_test_images"], "right": one["fine_tuned"]["right"]}
        for one in evaluations
    ]
    rows += [
        {"task_a": result["tasks"][0], "task_b": result["tasks"][1], "method": result["method"], "task": task} | score
        for result in results
        for task, score in result["results"].items()
    ]
    return pd.DataFrame(rows, columns=CORRECT)


def subsets(results: Iterable[dict]) -> pd.DataFrame:
    """One row per merged subset, method and task of the subset.

    Parameters
    ----------
    results : iterable of dict
        Results of merges of subsets.

    Returns
    -------
    DataFrame
        Columns `SUBSETS`. `tasks` names all tasks of the subset, set apart by "|".
    """
    rows = [
        {"method": result["method"], "subset": result["subset"], "tasks": "|".join(result["tasks"]), "task": task} | score
        for result in results
        for task, score in result["results"].items()
    ]
    return pd.DataFrame(rows, columns=SUBSETS)


def timings(jobs: Iterable[dict], images: Mapping[str, Mapping[str, int]], folder: Path) -> pd.DataFrame:
    """One row per job of a feature, of merges or of an evaluation: what it took and what it did.

    Parameters
    ----------
    jobs : iterable of dict
        `kind` ("feature", "merge" or "evaluation"), `name` (of the feature or method), `file` (of its benchmark, without the
        ending), `tasks` whose checkpoints it read; of merges, their `pairs`; of features, `forwards` as they declare them.
    images : mapping from task to mapping
        Numbers of images: "val", those that features look at, and "test".
    folder : Path
        Where Snakemake wrote the benchmarks.

    Returns
    -------
    DataFrame
        With the columns `TIMINGS`. A job whose benchmark is not there has no row.
    """
    rows = []
    for job in jobs:
        path, pairs = folder / f"{job['file']}.tsv", job.get("pairs", [])
        if not path.is_file():
            continue
        own, others = job.get("forwards", (0, 0))
        every = sum(counts["val"] for counts in images.values())
        forwards = sum(own * images[task]["val"] + others * (every - images[task]["val"]) for task in job["tasks"])
        forwards += sum(images[task]["test"] for pair in pairs for task in pair)
        if job["kind"] == "evaluation":
            forwards += sum(2 * images[task]["test"] for task in job["tasks"])  # by the base and by the checkpoint
        seconds = float(pd.read_csv(path, sep="\t")["s"].iloc[-1])
        rows.append((job["kind"], job["name"], len(job["tasks"]), len(pairs), forwards, seconds))
    return pd.DataFrame(rows, columns=TIMINGS)
