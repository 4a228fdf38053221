"""Q² and MAE with both tasks unseen against passes, merges and seconds, for ways to know how a pair merges."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ... import prediction
from ...prediction import design, folds, scores, splits
from ...seeding import seed_for
from . import _costs, _peeks
from ._costs import SIZES, Option

COLUMNS = [
    "option", "q2", "mae", "checkpoints", "methods", "forwards", "merges", "seconds", "on_frontier", "n_forecasts",
]  # fmt: skip
ANCHORS, PEEKS = (1, 3, 5), (10, 20, 50, 200)
ADDITIVE = "additive"
NOTHING = {"kept": (), "other": (), "pair": ()}
WEIGHTS = {"kept": ("length_whole",), "other": ("length_whole",), "pair": ()}
ALONE = {"other": (), "pair": ()}


@dataclass(frozen=True)
class _Way:
    """How an option forecasts: with which predictor, on which covariates, after how many anchors."""

    option: Option
    predictor: str
    parameters: Mapping


FEATURES = {"own": 5, "cross": 1}


def _anchored(count: int) -> str:
    return f"{count} anchor{'s' if count > 1 else ''}"


WAYS = (
    _Way(Option("training mean"), "train_mean", {}),
    _Way(Option("weights only"), "directed_ridge", WEIGHTS),
    _Way(Option("scaling", own=5), "directed_ridge", ALONE),
    _Way(Option(ADDITIVE, **FEATURES), "directed_ridge", {}),
    *(_Way(Option(_anchored(k), anchors=k), "mixed", NOTHING) for k in ANCHORS),
    *(_Way(Option(f"{_anchored(k)} + additive", anchors=k, **FEATURES), "mixed", {}) for k in ANCHORS),
)


def make(tables: Mapping[str, pd.DataFrame], setting: Mapping) -> dict[str, pd.DataFrame]:
    """Of the headline target, for library and new checkpoints of the same kind."""
    costs = _costs.unit_costs(tables["timings"])
    return {
        "frontier": frontier(tables, setting["methods"], setting["tasks"], costs, most=setting["images"], seed=setting["seed"]),
        "unit_costs": pd.DataFrame({"unit": list(costs), "seconds": list(costs.values())}),
    }


def frontier(
    tables: Mapping[str, pd.DataFrame],
    methods: Sequence[str],
    tasks: Sequence[str],
    costs: Mapping[str, float],
    *,
    most: int = 200,
    seed: int = 0,
) -> pd.DataFrame:
    """One row per option, number of checkpoints and number of methods.

    Parameters
    ----------
    tables : mapping from name to DataFrame
        "merges", "checkpoints", "correct", "traits", "pair_traits" and "library".
    methods, tasks : sequence of str
    costs : mapping from unit to float
        From `_costs.unit_costs`.
    most : int, default 200
        Validation images of a task that features look at.
    seed : int, default 0

    Returns
    -------
    DataFrame
        Columns `COLUMNS`: `q2` and `mae` with both tasks unseen, means over methods, scored on half of the test images, from
        which nothing was peeked; `forwards` passes of an image,
        `merges` and `seconds` (starts of jobs left out) for all pairs of so many new checkpoints by so many methods. What was
        paid for the library of measured tasks is in none of them. `on_frontier`: no other option is as cheap and as good.
    """
    tasks = sorted(tasks)
    parts = {name: tables[name] for name in ("merges", "traits", "pair_traits", "library")}
    oriented = design.build("traits", methods, tasks=tasks, **parts)
    pairs = oriented.whole(np.arange(len(oriented.pairs)))[0]
    flags, values = _peeks.rows_of(tables["correct"]), {}
    chance = dict(zip(tables["checkpoints"]["task"], tables["checkpoints"]["chance_accuracy"], strict=True))
    peeks = {images: _peeks.peeked(flags, chance, pairs, methods, images, seed=seed) for images in PEEKS}
    _, left = peeks[PEEKS[0]]
    for way in WAYS:
        held = _forecast(oriented, way, seed)
        values[way.option] = np.concatenate([fold.predicted for fold in held])
    level = np.array([fold.level for fold in held])
    additive = next(forecast for option, forecast in values.items() if option.name == ADDITIVE)
    for images, (peek, _) in peeks.items():
        values[Option(f"{images} images", peek=images)] = peek
        both = _peeks.joined(additive, peek, left, pairs)
        values[Option(f"{images} images + additive", peek=images, **FEATURES)] = both
    made = [(option, _scored(left, forecast, level)) for option, forecast in values.items()]
    test = float(tables["checkpoints"]["n_test_images"].mean())
    rows = [
        row
        for n in SIZES
        for m in dict.fromkeys((1, len(methods)))
        for row in _on_frontier([_row(option, said, n, m, most, test, costs) for option, said in made])
    ]
    return pd.DataFrame(rows, columns=COLUMNS).assign(n_forecasts=len(pairs))


def _forecast(oriented, way: _Way, seed: int) -> list[scores.Held]:
    """What every fold of leave-two-out forecasts, its two tasks merged with some others first if there are anchors.

    For "train_mean", INPUTS are not looked at. The training mean is that of the pairs without either task.
    """
    module, made = prediction.find(way.predictor), []
    for fold in splits.l2to(oriented.pairs, oriented.tasks):
        rows = np.concatenate([fold.train, _anchors(oriented, fold, way.option.anchors, seed)]).astype(int)
        X = oriented.given(fold.train)
        pairs = [oriented.pairs[row] for row in rows]
        model = folds.make(
            module,
            pairs,
            dict(way.parameters),
            len(oriented.methods),
            seed_for("frontier", way.option.name, fold.name, seed=seed),
            2,
            features=oriented.features,
            tasks=oriented.tasks,
        ).fit(X[rows], oriented.Y[rows])
        _, whole = oriented.whole(fold.validation)
        measured, predicted = whole @ oriented.Y[fold.validation], whole @ model.predict(X[fold.validation])
        made.append(scores.Held(measured, predicted, oriented.Y[fold.train].mean(axis=0)))
    return made


def _anchors(oriented, fold: splits.Fold, count: int, seed: int) -> list[int]:
    """Rows of the merges of either held-out task with so many others, the same for both."""
    held = set(oriented.pairs[fold.validation[0]])
    others = sorted(set(oriented.tasks) - held)
    random = np.random.default_rng(seed_for("anchors", fold.name, seed=seed))
    chosen = {others[place] for place in random.permutation(len(others))[:count]}
    return [row for row, pair in enumerate(oriented.pairs) if len(held & set(pair)) == 1 and chosen & set(pair)]


def _scored(measured, predicted, level) -> dict:
    """As `scores.of_forecasts`, of values that no fold made."""
    return scores.of_forecasts(
        [scores.Held(measured[row : row + 1], predicted[row : row + 1], level[row]) for row in range(len(measured))]
    )


def _row(option: Option, said: Mapping, n: int, methods: int, images: int, test: float, costs: Mapping[str, float]) -> dict:
    forwards, merges = option.forwards(n, methods, images, test), option.merges(n, methods)
    read = n if option.own or option.cross or merges or option.name == "weights only" else 0
    seconds = costs["forward"] * forwards + costs["merge"] * merges + costs["checkpoint"] * read
    return {
        "option": option.name,
        "q2": float(np.mean(said["q2"])),
        "mae": float(np.mean(said["mae"])),
        "checkpoints": n,
        "methods": methods,
        "forwards": round(forwards),
        "merges": merges,
        "seconds": seconds,
    }


def _on_frontier(rows: list[dict]) -> list[dict]:
    """Each row with whether none of the others costs no more and is no worse, one of both truly."""
    for row in rows:
        row["on_frontier"] = not any(
            other["seconds"] <= row["seconds"]
            and other["q2"] >= row["q2"]
            and (other["seconds"] < row["seconds"] or other["q2"] > row["q2"])
            for other in rows
        )
    return rows
