"""Trained on one setting, tested on another: whether what is said of merging holds beyond where it was learnt."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

from ...errors import MergecastError
from ...prediction import scores
from ...prediction.design import Design, build, of_metrics
from ...prediction.splits import FEWEST_TASKS
from .. import _refit

COLUMNS = [
    "predictor", "method", "train_setting", "test_setting", "target", *_refit.SCORES, "n_metrics", "n_tasks",
]  # fmt: skip


OF_COVARIATES = "directed_ridge"


def make(tables: Mapping[str, Mapping], settings: Mapping[str, Mapping]) -> dict[str, pd.DataFrame]:
    """Between the settings that share the headline target and the predictor of the analyses; and, where all have covariates,
    of a forecaster of these."""
    alike: dict = {}
    for name, setting in settings.items():
        measured = {table: tables[name][table] for table in ("metrics", "merges", "directed") if table in tables[name]}
        built = of_metrics(setting, measured)
        alike.setdefault((setting["predictor"], setting["target"]), {})[name] = built
        if "traits" in tables[name]:
            alike.setdefault((OF_COVARIATES, setting["target"]), {})[name] = _of_covariates(setting, tables[name])
    seeds = {name: setting["seed"] for name, setting in settings.items()}
    parts = [transfer(designs, predictor, target, seeds=seeds) for (predictor, target), designs in alike.items()]
    return {"transfer": pd.concat(parts, ignore_index=True)[COLUMNS]}


def _of_covariates(setting: Mapping, tables: Mapping) -> Design:
    parts = {name: tables[name] for name in ("merges", "traits", "pair_traits", "library")}
    return build("traits", setting["methods"], setting["target"], tasks=sorted(setting["tasks"]), **parts)


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
        left, right = (design.restricted(shared.tasks, shared.features, shared.methods) for design in (train, test))
        names = {"features": left.features, "tasks": left.tasks}
        seed, scaled = (seeds or {}).get(train_name, 0), train_name != test_name
        make = _refit.maker(predictor, len(shared.methods), setting=train_name, parameters=parameters, seed=seed, **names)
        predictions = [fold for task in shared.tasks if (fold := _fold(left, right, task, make, train_name, scaled=scaled))]
        names = {"predictor": predictor, "train_setting": train_name, "test_setting": test_name, "target": target}
        size = {"n_metrics": len(shared.features), "n_tasks": len(shared.tasks)}
        for method, row in zip(shared.methods, _refit.score_rows(predictions), strict=True):
            rows.append({**names, "method": method, **row, **size})
    return pd.DataFrame(rows, columns=COLUMNS)


def _both(left: tuple[str, ...], right: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in left if name in right)


def _rows(design: Design, task: str, *, held: bool) -> np.ndarray:
    return np.array([row for row, pair in enumerate(design.pairs) if (task in pair) == held], dtype=int)


def _fold(left: Design, right: Design, task: str, make, setting: str, *, scaled: bool) -> scores.Held | None:
    """Fitted without a task on the one setting, tested with it on the other; columns standardised over all pairs, or not.

    A library holds the other tasks of its own setting.
    """
    train, held, rest = _rows(left, task, held=False), _rows(right, task, held=True), _rows(right, task, held=False)
    if not len(held):
        return None
    if not len(train):
        raise MergecastError(f"setting {setting}: every shared pair has task {task!r}, so nothing trains without it; add pairs")
    seen, new = left.given(train), right.given(rest)
    if scaled:
        seen, new = (_refit.standardised(X)[0] for X in (seen, new))
    model = make(task, [left.pairs[row] for row in train])
    model.fit(seen[train], left.Y[train])
    _, whole = right.whole(held)
    return scores.Held(whole @ right.Y[held], whole @ _refit.predict(model, new[held]), left.Y[train].mean(axis=0))
