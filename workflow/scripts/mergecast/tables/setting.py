"""One setting as figures and sections see it: its tables, its curves, and what is known of its parts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from . import reading

FORECAST = ("predictions", "scores", "comparisons", "folds", "coefficients")
OF_FOLDS = ("folds", "coefficients")  # shown fold by fold, so always of leave-one-task-out


@dataclass(frozen=True)
class Setting:
    """One backbone × fine-tuning recipe, or tables made elsewhere; or, named "across", what spans several of them.

    name           e.g. "tiny_AdamW"
    tables         the tidy tables by name, as far as there are any
    curves         one training curve per task: step, train_loss, validation_accuracy, …
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
        """The tables, those of the forecast cut down to the headline target and `split`; folds to leave-one-task-out."""
        cut = {
            name: reading.headline(self.tables[name], name, self.target, "loto" if name in OF_FOLDS else self.split)
            for name in FORECAST
            if name in self.tables and (name not in ("coefficients", "comparisons") or len(self.tables[name]))
        }
        return {**self.tables, **cut}

    @property
    def split(self) -> str:
        """The split of the headline: the hardest question that was asked of every pair."""
        scores = self.tables["scores"]
        return reading.hardest(scores[scores.target == self.target])

    def of_analyst(self, name: str) -> pd.DataFrame:
        """The rows of a table that belong to the predictor of the analyses; without one in the configuration, all.

        Parameters
        ----------
        name : str
            Of a table with a column `predictor`.

        Returns
        -------
        DataFrame
        """
        predictor = (self.configuration.get("analysis") or {}).get("predictor")
        table = self.tables[name]
        return table[table.predictor == predictor] if predictor else table

    @property
    def categories(self) -> dict[str, str]:
        """Category of every metric, in the order to show; metrics without a description come last."""
        known = {info["name"]: info.get("category", "metric") for info in self.metrics_info}
        pair = ("task_a", "task_b")
        named = self.configuration.get("metrics") or [name for name in self.tables["metrics"] if name not in pair]
        present = dict.fromkeys(named, "other")
        return {name: category for name, category in known.items() if name in present} | {
            name: category for name, category in present.items() if name not in known
        }
