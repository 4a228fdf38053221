"""A finished study opened: its tables and its forecasters."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from .. import features, tables
from ..catalogue import unknown
from ..errors import MergecastError
from ..prediction.design import SYMMETRIC
from ..prediction.forecaster import Forecaster, load
from ..workflow.code_hash import code
from .reasons import owner

KINDS = ("images", "weights")


@dataclass(frozen=True)
class Study:
    """The results of one setting, `results/{setting}`. Nothing is read before it is asked for."""

    folder: Path

    @property
    def name(self) -> str:
        """Of the setting."""
        return self.folder.name

    @cached_property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Every table by name.

        Raises
        ------
        MergecastError
            If one is no CSV.
        """
        return {path.stem: tables.read(path) for path in sorted((self.folder / "tables").glob("*.csv"))}

    @property
    def target(self) -> str:
        """What is forecast: the first target of its scores that is one value per pair."""
        first = self.table("scores")["target"].iloc[0] if self.has("scores") else SYMMETRIC[0]
        return first if first in SYMMETRIC else SYMMETRIC[0]

    def has(self, table: str) -> bool:
        """Whether there is a table.

        Parameters
        ----------
        table : str

        Returns
        -------
        bool
        """
        return (self.folder / "tables" / f"{table}.csv").is_file()

    def table(self, name: str) -> pd.DataFrame:
        """One table.

        Parameters
        ----------
        name : str

        Returns
        -------
        DataFrame

        Raises
        ------
        MergecastError
            With the closest name, if the study has none of that name.
        """
        path = self.folder / "tables" / f"{name}.csv"
        if not self.has(name):
            there = sorted(other.stem for other in path.parent.glob("*.csv"))
            raise MergecastError(f"{path}: {unknown('table', name, there)}; make it with `snakemake {path}`")
        return tables.read(path)

    def forecaster(self, kind: str = "images") -> Forecaster:
        """A kept forecaster.

        Parameters
        ----------
        kind : {"images", "weights"}, default "images"

        Returns
        -------
        Forecaster

        Raises
        ------
        MergecastError
            If there is none, it is damaged, or its features are computed by other code than that of today.
        """
        if kind not in KINDS:
            raise MergecastError(unknown("forecaster", kind, KINDS))
        kept = load(self.folder / "forecaster", kind)
        for name in _made_from(kept.covariates):
            if kept.about["code"].get(name) != code(f"mergecast/features/{name}.py"):
                raise MergecastError(
                    f"{self.folder / 'forecaster' / f'{kind}.json'}: its feature {name!r} was computed by other code than "
                    "that of today; run the study again, which remakes what has changed"
                )
        return kept

    def prepared(self, task: str, size: int) -> Path:
        """The prepared images of a task of the study.

        Parameters
        ----------
        task : str
        size : int
            Side of the images in pixels.

        Returns
        -------
        Path
        """
        return self.folder.parent / "images" / f"{size}px" / f"{task}.safetensors"


def load_study(path) -> Study:
    """Open the results of one setting of a workflow.

    Parameters
    ----------
    path : Path or str
        `results/{setting}`.

    Returns
    -------
    Study

    Raises
    ------
    MergecastError
        If the folder is missing, or is not that of a setting.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise MergecastError(f"{path}: no such folder; give the results of a setting, such as results/tiny_AdamW")
    if not (folder / "tables").is_dir():
        settings = sorted(other.parent.name for other in folder.glob("*/tables") if other.parent.name != "across")
        hint = f"give one of its settings: {', '.join(str(folder / name) for name in settings)}" if settings else ""
        raise MergecastError(f"{path}: holds no tables; {hint or 'give the results of a setting, such as results/tiny_AdamW'}")
    return Study(folder)


def _made_from(covariates: Iterable[str]) -> tuple[str, ...]:
    """The features that covariates are made of, with what these are made from."""
    return features.with_needs(dict.fromkeys(owner(column.partition(" ")[2])[0] for column in covariates))
