"""Split-half scores: targets of the training pairs from one half of each task's test images, scored on the other half.

The images of a task that happen to be hard are hard for all its pairs. A forecaster that is learnt and scored on the same
images shares that chance with what it is scored on; here it does not.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from ... import prediction
from ...files import unpack_bits
from ...prediction import design, folds, scores
from ...seeding import seed_for
from ...tables.measured import FINE_TUNED

COLUMNS = ["predictor", "kind", "method", "target", "q2", "centred_r", "mae", "q2_same", "n_forecasts"]
MEASURED = "measured"  # the pair's own value on the other half of the images, as if it were a forecast
SPLIT = "l2to"
PARTS = ("measured", "predicted", "level")


def make(tables: Mapping[str, pd.DataFrame], setting: Mapping) -> dict[str, pd.DataFrame]:
    """Of the headline target, with both tasks unseen; predictors whose refits take long are left out."""
    names = [name for name in setting["predictors"] if not prediction.costly(name)]
    found = split_half(tables, names, setting["methods"], setting["tasks"], setting["target"], seed=setting["seed"])
    return {"split_half": found}


def split_half(
    tables: Mapping[str, pd.DataFrame], predictors: Sequence[str], methods, tasks, target: str, *, seed: int = 0
) -> pd.DataFrame:
    """One row per predictor and method, and one for what was measured on the other half.

    Parameters
    ----------
    tables : mapping from name to DataFrame
        Those of `TAKES`.
    predictors, methods, tasks : sequence of str
    target : str
    seed : int, default 0

    Returns
    -------
    DataFrame
        Columns `COLUMNS`: scores on the images that nothing was learnt from, as `scores.of_forecasts` has them; `q2_same`: on
        the images that it was learnt from.
    """
    tasks = sorted(tasks)
    learnt, held = (tables["merges"].assign(**values) for values in halves(tables["correct"], tables["merges"], seed=seed))
    rows = []
    for name in predictors:
        seen = {table: tables[table] for table in design.INPUTS[prediction.inputs(name)]}
        built = design.build(prediction.inputs(name), methods, target, tasks=tasks, merges=learnt, **seen)
        found = folds.run(built, folds.FoldSpec(name, target, SPLIT, setting="split half", seed=seed))
        truth = [design.target_of(held, method, target, tasks) for method in methods]
        same, other = [], []
        for of_methods in zip(*(found.folds[method] for method in methods), strict=True):
            each = [scores.held(fold) for fold in of_methods]
            joined = scores.Held(*(np.concatenate([getattr(one, part) for one in each], axis=-1) for part in PARTS))
            pair = tuple(of_methods[0]["predictions"][0][side] for side in design.PAIR)
            unseen = np.array([[values[pair if pair in values else pair[::-1]] for values in truth]])
            same.append(joined)
            other.append(scores.Held(unseen, joined.predicted, joined.level))
        rows += _rows(name, prediction.kind(name), methods, target, other, same)
    measured = [scores.Held(one.measured, other_half.measured, one.level) for one, other_half in zip(other, same, strict=True)]
    itself = [scores.Held(one.measured, one.measured, one.level) for one in same]
    return pd.DataFrame(rows + _rows(MEASURED, "measured", methods, target, measured, itself), columns=COLUMNS)


def halves(correct: pd.DataFrame, merges: pd.DataFrame, *, seed: int) -> list[dict[str, np.ndarray]]:
    """Accuracy and normalised accuracy of each row of the merges, on either half of its task's test images.

    Parameters
    ----------
    correct, merges : DataFrame
    seed : int

    Returns
    -------
    list of two mappings
        `accuracy` and `normalised_accuracy`, (rows,) arrays. A fine-tuned model that is right on no image of a half is taken
        to be right on half of one.
    """
    bits, single = {}, {}
    for method, a, b, task, count, text in correct[["method", *design.PAIR, "task", "n_images", "right"]].itertuples(
        index=False
    ):
        right = np.asarray(unpack_bits(text, int(count)), dtype=float)
        order = np.random.default_rng(seed_for("split half", task, seed=seed)).permutation(len(right))
        means = [right[part].mean() for part in np.array_split(order, 2)]
        if method == FINE_TUNED:
            single[task] = [max(mean, 0.5 / (len(right) // 2)) for mean in means]
        else:
            bits[method, a, b, task] = means
    keys = list(merges[["method", *design.PAIR, "task"]].itertuples(index=False, name=None))
    return [
        {
            "accuracy": np.array([bits[key][half] for key in keys]),
            "normalised_accuracy": np.array([bits[key][half] / single[key[3]][half] for key in keys]),
        }
        for half in (0, 1)
    ]


def _rows(name, kind, methods, target, other, same) -> list[tuple]:
    on_other, on_same = scores.of_forecasts(other), scores.of_forecasts(same)
    columns = (on_other["q2"], on_other["centred_r"], on_other["mae"], on_same["q2"])
    return [(name, kind, method, target, *values, len(other)) for method, *values in zip(methods, *columns, strict=True)]
