"""What the page knows of one setting: its tables, its curves, and words about its parts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from .. import tables

TABLES = ("checkpoints", "metrics", "merges", "predictions", "folds", "scores", "coefficients", "correlations")
NAMES = ("task", "task_a", "task_b", "held_out_task", "method", "metric", "predictor", "feature", "source")
TEXT = dict.fromkeys((*NAMES, "checkpoint_sha256"), str)  # so that a task may be called "1" or "NA"


@dataclass(frozen=True)
class Setting:
    """One backbone × fine-tuning recipe.

    name           e.g. "tiny_AdamW"
    tables         the tidy tables by name, all of `TABLES`
    curves         training curve a task: step, train_loss, validation_accuracy, …
    configuration  anything that says how it was run: nested dictionaries of plain values (versions, hashes, seeds, …)
    metrics_info   {"name", "category", "explanation", "definition"}, in the order to show; only names are needed
    methods_info   {"name", "explanation", "parameters"}
    predictors_info  {"name", "kind", "explanation"}
    """

    name: str
    tables: Mapping[str, pd.DataFrame]
    curves: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    configuration: Mapping = field(default_factory=dict)
    metrics_info: Sequence[Mapping] = ()
    methods_info: Sequence[Mapping] = ()
    predictors_info: Sequence[Mapping] = ()

    @property
    def categories(self) -> dict[str, str]:
        """Category of every metric, in the order to show; metrics without a description come last."""
        known = {info["name"]: info.get("category", "metric") for info in self.metrics_info}
        present = dict.fromkeys(self.tables["correlations"].metric, "other")
        return {name: category for name, category in known.items() if name in present} | {
            name: category for name, category in present.items() if name not in known
        }


def read_setting(folder, *, configuration=None, metrics_info=(), methods_info=(), predictors_info=()) -> Setting:
    """The setting in `folder` (results/{setting}): every table in tables/, every curve in curves/, in order of tasks.

    Raises MergecastError when a table is missing or is not CSV.
    """
    folder = Path(folder)
    found = {name: tables.read(folder / "tables" / f"{name}.csv") for name in TABLES}
    paths = [folder / "curves" / f"{task}.csv" for task in found["checkpoints"].task]
    curves = {path.stem: tables.read(path) for path in paths if path.exists()}
    return Setting(folder.name, found, curves, configuration or {}, metrics_info, methods_info, predictors_info)
