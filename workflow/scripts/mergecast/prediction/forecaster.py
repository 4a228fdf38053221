"""A fitted forecaster as two files, `NAME.safetensors` and `NAME.json`: numbers and what they are. NumPy alone, no pickle.

It forecasts what a merge of the kept and the other task keeps of the kept one, for every merge method, from columns named
by role: `kept NAME`, `other NAME`, `pair NAME`, `kept task NAME`, `other task NAME`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from ..errors import MergecastError
from ..files import atomic, digest, write_json
from ..pretenders import pretender

FORMAT = 1  # of the files; another is refused
CASES = {0: "both tasks seen", 1: "one task unseen", 2: "both tasks unseen"}
ROUNDING = 1e-9
LIBRARY = "library"
VIEWS = ("0.0", "0.5", "head", "labels")  # what of the feature `views` of a task of the library is kept


@dataclass(frozen=True)
class Forecaster:
    """y = intercept + coef · z, z = (clip(x, low, high) − mean) / scale; a model for each of the three `CASES`.

    `about`: what the JSON file holds: `predictor`, `target`, `features` (F names of columns), `methods` (M), `tasks`, `rows`
    (n oriented pairs (kept, other) that it was fitted on), `levels` (L), `scores` by case, `refused` by case and level,
    `checkpoints` (content hash by task), `base` (content hash), `code` (hash by feature), `images` and `seed` of the
    features, `versions`. `arrays`: `coef` (3, M, F) and `intercept` (3, M) by case; `mean`, `scale`, `low`, `high`,
    `typical` (F,), the last the mean of the rows; `level` (M,), the mean of what was measured; `half_width` (3, L, M), NaN
    where refused; `X` (n, F), `Y` (n, M), the rows; `left_out` (n, M), their forecasts by models that had not seen their pair.
    `library`: by task what others are tried on, `VIEWS` of its feature `views`: how the base and the model half way see its
    images, its head and the images' labels.
    """

    about: Mapping
    arrays: Mapping[str, np.ndarray]
    library: Mapping[str, Mapping[str, np.ndarray]] = field(default_factory=dict)

    @property
    def features(self) -> list[str]:
        """Names of the F columns."""
        return list(self.about["features"])

    @property
    def covariates(self) -> list[str]:
        """Names of the columns that are measured, and say not merely which task it is."""
        return [name for name in self.features if task_of(name) is None]

    @property
    def methods(self) -> list[str]:
        """Names of the M merge methods."""
        return list(self.about["methods"])

    def predict(self, X: np.ndarray, unseen: int) -> np.ndarray:
        """What the merged model keeps of the kept task.

        Parameters
        ----------
        X : (n, F) array
            Rows of columns in the order of `features`.
        unseen : int
            How many tasks of the rows' pairs are in no pair that it was fitted on: 0, 1 or 2.

        Returns
        -------
        (n, M) array
            In units of the target.
        """
        return self._scaled(X) @ self.arrays["coef"][unseen].T + self.arrays["intercept"][unseen]

    def contributions(self, X: np.ndarray, unseen: int) -> np.ndarray:
        """How far each column moves the forecast from that of a row with typical values.

        Parameters
        ----------
        X : (n, F) array
        unseen : int
            As for `predict`.

        Returns
        -------
        (n, M, F) array
            In units of the target; the sum over columns is the forecast less that of the typical row.
        """
        moved = self._scaled(X) - self._scaled(self.arrays["typical"][None])
        return moved[:, None, :] * self.arrays["coef"][unseen]

    def outside(self, X: np.ndarray) -> np.ndarray:
        """Whether a value lies beyond those of the rows that it was fitted on, where it counts as their end.

        Parameters
        ----------
        X : (n, F) array

        Returns
        -------
        (n, F) array of bool
        """
        return (self.arrays["low"] - X > ROUNDING) | (X - self.arrays["high"] > ROUNDING)

    def distances(self, X: np.ndarray, unseen: int) -> np.ndarray:
        """How far rows are from those that it was fitted on, in what the forecast looks at.

        Parameters
        ----------
        X : (k, F) array
        unseen : int
            As for `predict`.

        Returns
        -------
        (k, n) array
            √Σ_j (β_j (z_j − z'_j))² over the covariates, β the mean of the coefficients over methods: in units of the target.
        """
        weight = self.arrays["coef"][unseen].mean(axis=0) * [name in self.covariates for name in self.features]
        ours, theirs = (self._scaled(rows) * weight for rows in (X, self.arrays["X"]))
        return np.sqrt(((ours[:, None, :] - theirs[None]) ** 2).sum(axis=2))

    def half_width(self, unseen: int, level: float) -> np.ndarray | None:
        """Half the width of the interval around a pair's forecast.

        Parameters
        ----------
        unseen : int
            As for `predict`.
        level : float
            One of the levels.

        Returns
        -------
        (M,) array or None
            None where the level is refused: `about["refused"]` says why.
        """
        width = self.arrays["half_width"][unseen, list(self.about["levels"]).index(level)]
        return None if np.isnan(width).any() else width

    def columns(
        self,
        pairs: Sequence[tuple[str, str]],
        traits: Mapping[str, Mapping[str, float]],
        harms: Mapping[str, Mapping[str, float]],
        pair_traits: Mapping[tuple[str, str], Mapping[str, float]],
        known: Mapping[str, str],
    ) -> np.ndarray:
        """Rows of columns for oriented pairs of checkpoints.

        Parameters
        ----------
        pairs : sequence of (str, str)
            (kept, other).
        traits, harms : mapping from checkpoint to mapping from name to float
            What is measured of a checkpoint; `harms` is what it does to the tasks of the library, the mean over them.
        pair_traits : mapping from (kept, other) to mapping from name to float
        known : mapping from checkpoint to str
            The task of the study that a checkpoint is, for those that are one.

        Returns
        -------
        (n, F) array

        Raises
        ------
        MergecastError
            Naming the covariate that is missing.
        """
        given = (traits, harms, pair_traits, known)
        return np.array([[self._value(column, pair, *given) for column in self.features] for pair in pairs])

    def _value(self, column, pair, traits, harms, pair_traits, known):
        role, _, name = column.partition(" ")
        if (task := task_of(column)) is not None:
            return float(known.get(pair[role == "other"]) == task)
        if role == "pair":
            source = pair_traits[pair]
        else:
            one = pair[role == "other"]
            source = {**traits[one], **harms.get(one, {})}
        if name not in source:
            raise MergecastError(f"forecaster: its covariate {column!r} was not measured; choose another forecaster")
        return float(source[name])

    def _scaled(self, X):
        return (np.clip(X, self.arrays["low"], self.arrays["high"]) - self.arrays["mean"]) / self.arrays["scale"]


def task_of(column: str) -> str | None:
    """The task that a column indicates, or None for a covariate.

    Parameters
    ----------
    column : str

    Returns
    -------
    str or None

    Examples
    --------
    >>> task_of("kept task digits"), task_of("kept scaling_0.5")
    ('digits', None)
    """
    _, _, name = column.partition(" ")
    return name.removeprefix("task ") if name.startswith("task ") else None


def save(folder, name: str, forecaster: Forecaster) -> None:
    """Write a forecaster as `folder/NAME.safetensors` and `folder/NAME.json`, each whole or not at all.

    Parameters
    ----------
    folder : Path or str
    name : str
    forecaster : Forecaster

    Raises
    ------
    MergecastError
        If a file cannot be written.
    """
    arrays = {key: np.ascontiguousarray(array, dtype=np.float64) for key, array in forecaster.arrays.items()}
    arrays |= {
        f"{LIBRARY}/{task}/{key}": np.ascontiguousarray(array)
        for task, views in forecaster.library.items()
        for key, array in views.items()
    }
    with atomic(Path(folder) / f"{name}.safetensors") as temporary:
        save_file(arrays, temporary)
    write_json(Path(folder) / f"{name}.json", {**forecaster.about, "format": FORMAT, "arrays_sha256": _hash(arrays)})


def load(folder, name: str) -> Forecaster:
    """A forecaster as it was written.

    Parameters
    ----------
    folder : Path or str
    name : str

    Returns
    -------
    Forecaster

    Raises
    ------
    MergecastError
        Naming the file that is missing or damaged, of another format, or whose numbers are not those that its JSON file was
        written with.
    """
    path, numbers = (Path(folder) / f"{name}{end}" for end in (".json", ".safetensors"))
    for file in (path, numbers):
        if not file.is_file():
            raise MergecastError(f"{file}: no such file; make the forecaster of the study, with `snakemake {file}`")
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        form, stated = about["format"], about["arrays_sha256"]
    except (ValueError, KeyError, TypeError) as error:
        found = pretender(path, "forecaster") or f"is no whole description of a forecaster ({error}); delete it and run again"
        raise MergecastError(f"{path}: {found}") from error
    if form != FORMAT:
        raise MergecastError(f"{path}: has format {form}, and this version reads {FORMAT}; make the forecaster again")
    try:
        arrays = load_file(numbers)
    except (SafetensorError, OSError) as error:
        found = pretender(numbers, "forecaster") or f"is not a whole safetensors file ({error}); delete it and run again"
        raise MergecastError(f"{numbers}: {found}") from error
    if _hash(arrays) != stated:
        raise MergecastError(f"{numbers}: does not hold the numbers that {path} was written with; make both again")
    library: dict = {}
    for key in [key for key in arrays if key.startswith(f"{LIBRARY}/")]:
        _, task, view = key.split("/")
        library.setdefault(task, {})[view] = arrays.pop(key)
    return Forecaster(about, arrays, library)


def _hash(arrays: Mapping[str, np.ndarray]) -> str:
    return digest((name, str(array.dtype), array.shape, array.tobytes()) for name, array in sorted(arrays.items()))
