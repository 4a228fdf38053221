"""Trained on one setting, tested on another: whether what is said of merging holds beyond where it was learnt."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

from ...errors import MergecastError
from ...prediction import scores
from ...prediction.design import Design, of_metrics
from ...prediction.splits import FEWEST_TASKS
from .. import _refit

COLUMNS = [
    "predictor", "method", "train_setting", "test_setting", "target", *_refit.SCORES, "n_metrics", "n_tasks",
]  # fmt: skip


def make(tables: Mapping[str, Mapping], settings: Mapping[str, Mapping]) -> dict[str, pd.DataFrame]:
    """Between the settings that share the headline target and the predictor of the analyses."""
    alike: dict = {}
    for name, setting in settings.items():
        built = of_metrics(setting, tables[name])
        alike.setdefault((setting["predictor"], setting["target"]), {})[name] = built
    seeds = {name: setting["seed"] for name, setting in settings.items()}
    parts = [transfer(designs, predictor, target, seeds=seeds) for (predictor, target), designs in alike.items()]
    return {"transfer": pd.concat(parts, ignore_index=True)[COLUMNS]}


@dataclass(frozen=True)
class _Shared:
    tasks: tuple[str, ...]
    features: tuple[str, ...]
    methods: tuple[str, ...]

    @property
    def enough(self) -> bool:
        return len(self.tasks) >= FEWEST_TASKS["loto"] and bool(self.features) and bool(self.methods)


def transfer(
    designs: dict[str, Design],
    predictor: str,
    target: str,
    *,
    parameters: dict | None = None,
    seeds: dict[str, int] | None = None,
) -> pd.DataFrame:
    """One row per method and ordered pair of settings that share at least 4 tasks, one column and one method.

    For each shared task h, the predictor is fitted on the training setting's pairs of shared tasks without h and forecasts
    the test setting's pairs of shared tasks with h: neither setting has shown it that task. Columns are the shared ones, of
    mean 0 and s.d. 1 over the shared pairs of their own setting, since recipes shift them. A setting against itself is the
    plain leave-one-task-out on all it has, for comparison. A shared task without a pair to forecast makes no fold.

    Parameters
    ----------
    designs : dict of Design
        By name of setting, built for the predictor's INPUTS and the same target.
    predictor, target : str
    parameters : dict, optional
        Of the predictor.
    seeds : dict of int, optional
        Those of the settings, 0 unless given.

    Returns
    -------
    DataFrame
        Scores are those of `_refit.score_rows`; `n_metrics`: columns that are shared.

    Raises
    ------
    MergecastError
        For an unknown predictor or parameter, and for a fold with nothing to train on.
    """
    rows = []
    for (train_name, train), (test_name, test) in product(designs.items(), repeat=2):
        shared = _Shared(*(_both(getattr(train, key), getattr(test, key)) for key in ("tasks", "features", "methods")))
        if not shared.enough:
            continue
        left, right = (_restricted(design, shared, scaled=train_name != test_name) for design in (train, test))
        seed = (seeds or {}).get(train_name, 0)
        make = _refit.maker(predictor, len(shared.methods), setting=train_name, parameters=parameters, seed=seed)
        predictions = [fold for task in shared.tasks if (fold := _fold(left, right, task, make, train_name))]
        names = {"predictor": predictor, "train_setting": train_name, "test_setting": test_name, "target": target}
        size = {"n_metrics": len(shared.features), "n_tasks": len(shared.tasks)}
        for method, row in zip(shared.methods, _refit.score_rows(predictions), strict=True):
            rows.append({**names, "method": method, **row, **size})
    return pd.DataFrame(rows, columns=COLUMNS)


def _both(left: tuple[str, ...], right: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in left if name in right)


@dataclass(frozen=True)
class _Part:
    pairs: list[tuple[str, str]]
    X: np.ndarray
    Y: np.ndarray

    def rows(self, task: str, *, held: bool) -> np.ndarray:
        return np.array([row for row, pair in enumerate(self.pairs) if (task in pair) == held], dtype=int)


def _restricted(design: Design, shared: _Shared, *, scaled: bool) -> _Part:
    """The pairs of shared tasks, their shared metrics, standardised over these pairs or not, and their shared methods."""
    rows = [row for row, pair in enumerate(design.pairs) if set(pair) <= set(shared.tasks)]
    columns = [design.features.index(name) for name in shared.features]
    methods = [design.methods.index(name) for name in shared.methods]
    X, Y = design.X[np.ix_(rows, columns)], design.Y[np.ix_(rows, methods)]
    return _Part([design.pairs[row] for row in rows], _refit.standardised(X)[0] if scaled else X, Y)


def _fold(left: _Part, right: _Part, task: str, make, setting: str) -> scores.Held | None:
    train, held = left.rows(task, held=False), right.rows(task, held=True)
    if not len(held):
        return None
    if not len(train):
        raise MergecastError(f"setting {setting}: every shared pair has task {task!r}, so nothing trains without it; add pairs")
    model = make(task, [left.pairs[row] for row in train])
    model.fit(left.X[train], left.Y[train])
    return scores.Held(right.Y[held], _refit.predict(model, right.X[held]), left.Y[train].mean(axis=0))
