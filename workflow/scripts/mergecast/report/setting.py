"""What the page knows of one setting: its tables, its curves, and words about its parts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pandas as pd

from .. import tables
from ..plots import headline, of_analyst, require

TABLES = ("checkpoints", "metrics", "merges", "predictions", "folds", "scores", "coefficients", "correlations")
ANALYSES = ("coverage", "ablation", "stability", "method_agreement", "greedy", "greedy_metrics", "calibration",
            "subset_ranking", "subset_scores", "selection", "dropped")  # fmt: skip
ACROSS = ("transfer", "setting_agreement")


@dataclass(frozen=True)
class Setting:
    """One backbone × fine-tuning recipe.

    name           e.g. "tiny_AdamW"
    tables         the tidy tables by name: all of `TABLES`, and those of `ANALYSES` that there are
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
    def target(self) -> str:
        """The headline target: the first of the configuration's `targets`, or else the first that was forecast."""
        return next(iter(self.configuration.get("targets") or self.tables["folds"].target))

    @cached_property
    def headline(self) -> dict[str, pd.DataFrame]:
        """The tables, those of the forecast cut down to leave-one-task-out and the headline target."""
        require(self.tables["folds"], "folds", "split", "target", "method", "predictor", "kind", "fold", "pearson")
        cut = {
            name: headline(self.tables[name], name, self.target)
            for name in ("predictions", "folds", "scores", "coefficients")
            if name != "coefficients" or len(self.tables[name])
        }
        return {**self.tables, **cut}

    @property
    def categories(self) -> dict[str, str]:
        """Category of every metric, in the order to show; metrics without a description come last."""
        known = {info["name"]: info.get("category", "metric") for info in self.metrics_info}
        present = dict.fromkeys(self.tables["correlations"].metric, "other")
        return {name: category for name, category in known.items() if name in present} | {
            name: category for name, category in present.items() if name not in known
        }


def read_setting(
    folder, *, configuration=None, metrics_info=(), methods_info=(), predictors_info=(), names=None, curves=None
) -> Setting:
    """The setting in `folder` (results/{setting}): its tables in tables/, its curves in curves/, in order of tasks.

    `names`: which analyses to read, by the stem of their tables; `curves`: of which tasks. By default all that are there,
    which may be left from an earlier configuration. An analysis that was not asked for has no table, and no section on the
    page. Raises MergecastError when one of `TABLES`, or a table or curve that is named, is missing or is not CSV.
    """
    folder = Path(folder)
    found = {name: tables.read(folder / "tables" / f"{name}.csv") for name in TABLES}
    paths = {name: folder / "tables" / f"{name}.csv" for name in ANALYSES}
    found |= {name: tables.read(path) for name, path in paths.items() if _asked(path, names)}
    found = of_analyst(found, ((configuration or {}).get("analysis") or {}).get("predictor"))
    paths = [folder / "curves" / f"{task}.csv" for task in found["checkpoints"].task]
    read = {path.stem: tables.read(path) for path in paths if _asked(path, curves)}
    return Setting(folder.name, found, read, configuration or {}, metrics_info, methods_info, predictors_info)


def stems(paths, folder) -> set[str]:
    """Names of those of the files that lie in a folder."""
    return {path.stem for path in map(Path, paths) if path.parent == folder}


def _asked(path, names) -> bool:
    """Whether a file is one of those named; without names, whether it is there."""
    return path.exists() if names is None else path.stem in names
