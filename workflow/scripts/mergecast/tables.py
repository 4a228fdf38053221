"""Tidy tables: read exactly as written; and those of what was measured, one row an observation, in the order given."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from .errors import MergecastError

NAMES = ("task", "task_a", "task_b", "held_out_task", "method", "predictor", "metric", "feature")

CHECKPOINTS = [
    "task", "zero_shot_accuracy", "fine_tuned_accuracy", "zero_shot_loss", "fine_tuned_loss", "chance_accuracy", "n_classes",
    "n_test_images", "task_vector_norm", "relative_norm", "source", "checkpoint_sha256", "base_sha256",
]  # fmt: skip
MERGES = ["task_a", "task_b", "method", "task", "accuracy", "normalised_accuracy", "loss", "n_images"]


def read(path) -> pd.DataFrame:
    """Read a table written as CSV: numbers exactly as written, names as text (a task may be called "007" or "NA").

    Raises MergecastError when the file is missing or is no table.
    """
    if not Path(path).is_file():
        raise MergecastError(f"{path}: no such table; check the path, or make it with `snakemake {path}`")
    try:
        return pd.read_csv(path, dtype=dict.fromkeys(NAMES, str), keep_default_na=False, na_values=[""])
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise MergecastError(f"{path}: is not a CSV table ({reason}); correct it or make it again") from error


def checkpoints(singles: Iterable[dict]) -> pd.DataFrame:
    """One row a task: what base and fine-tuned checkpoint reach on its test images. Accuracies in [0, 1], losses in nats."""
    rows = [
        single
        | {f"{model}_{key}": single[model][key] for model in ("zero_shot", "fine_tuned") for key in ("accuracy", "loss")}
        | {
            "checkpoint_sha256": single["inputs"]["checkpoints"][single["task"]],
            "base_sha256": single["inputs"]["base"],
        }
        for single in singles
    ]
    return pd.DataFrame(rows, columns=CHECKPOINTS)


def metrics(values: Iterable[dict]) -> pd.DataFrame:
    """One row a pair, one column a metric, both in the order in which they first occur."""
    rows: dict[tuple[str, str], dict] = {}
    for value in values:
        a, b = value["tasks"]
        rows.setdefault((a, b), {"task_a": a, "task_b": b})[value["metric"]] = value["value"]
    return pd.DataFrame(list(rows.values()))


def merges(results: Iterable[dict]) -> pd.DataFrame:
    """One row a pair, method and task of the pair."""
    rows = [
        {"task_a": result["tasks"][0], "task_b": result["tasks"][1], "method": result["method"], "task": task} | score
        for result in results
        for task, score in result["results"].items()
    ]
    return pd.DataFrame(rows, columns=MERGES)
