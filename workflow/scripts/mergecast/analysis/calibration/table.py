"""How much metrics measured on calibration images change with the number of images."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ...errors import MergecastError
from ...prediction import scores
from ...prediction.design import PAIR
from .. import _checks, _pairs

COLUMNS = ["n_images", "metric", "method", "mean", "sd", "spearman_with_largest", "spearman_with_target"]


def make(tables: Mapping[str, pd.DataFrame], setting: Mapping) -> dict[str, pd.DataFrame]:
    """Against the headline target."""
    return {"calibration": calibration(tables["calibration_metrics"], tables["merges"], setting["target"])}


def calibration(calibration_metrics: pd.DataFrame, merges: pd.DataFrame, target: str) -> pd.DataFrame:
    """One row per number of images, metric and method, from the metrics of the pairs at several numbers of images.

    All values are over the pairs that were merged with the method and have the metric at this number and at the largest;
    those missing in either table are left out.

    Parameters
    ----------
    calibration_metrics : DataFrame
        Columns n_images (per task), task_a, task_b and one per metric.
    merges : DataFrame
    target : str

    Returns
    -------
    DataFrame
        `mean` and population `sd` over pairs, in units of the metric; `spearman_with_largest` in [−1, 1]: with the same
        metric at the largest number of images; `spearman_with_target` in [−1, 1]: with the pair's `target`. NaN where
        undefined.

    Raises
    ------
    MergecastError
        For a missing column, a pair measured twice, a target that belongs to one of the two tasks, and where no pair is left.
    """
    _pairs.symmetric(target, "calibration sizes")
    _checks.require(calibration_metrics, "calibration_metrics", ["n_images", *PAIR])
    metrics = [name for name in calibration_metrics.columns if name not in ("n_images", *PAIR)]
    sizes, values = _by_size(calibration_metrics, metrics), _pairs.measured(merges, target)
    largest, rows = sizes[max(sizes)], []
    for n_images, table in sizes.items():
        for metric in metrics:
            for method, merged in values.items():
                both = table[metric].dropna().index.intersection(largest[metric].dropna().index)
                pairs = [pair for pair in both if pair in merged]
                if not pairs:
                    raise MergecastError(
                        f"table calibration_metrics: {metric} at {n_images} images has no pair merged with {method!r}; "
                        "measure the pairs that were merged"
                    )
                now, most = (at_size.loc[pairs, metric].to_numpy(float) for at_size in (table, largest))
                measured = np.array([merged[pair] for pair in pairs])
                rows.append((
                    n_images, metric, method, float(now.mean()), float(now.std()), scores.spearman(most, now),
                    scores.spearman(measured, now),
                ))  # fmt: skip
    floats = dict.fromkeys(["spearman_with_largest", "spearman_with_target"], float)
    return pd.DataFrame(rows, columns=COLUMNS).astype(floats)


def _by_size(table: pd.DataFrame, metrics: list[str]) -> dict[int, pd.DataFrame]:
    """The metrics by pair, for every number of images, ascending."""
    if not metrics:
        raise MergecastError("table calibration_metrics: has no metric; choose an activation or gradient metric")
    tables = {}
    for n_images, rows in table.groupby("n_images"):
        index = pd.Index(_pairs.keys(rows), tupleize_cols=False)
        if not index.is_unique:
            a, b = index[index.duplicated()][0]
            raise MergecastError(f"table calibration_metrics: pair {a}__{b} stands twice at {n_images} images; remove one row")
        tables[int(n_images)] = rows[metrics].set_axis(index)
    return tables
