"""Coefficients of metrics: whose they are, their means over folds, and how far two vectors of them agree."""

import numpy as np
import pandas as pd

from .. import prediction
from ..prediction import scores
from . import _checks

AGREEMENT = ["top5_overlap", "sign_agreement", "coefficient_r"]
NEEDED = ["method", "predictor", "fold", "feature", "coefficient"]
TOP = 5


def of_metrics(coefficients: pd.DataFrame, predictor: str | None = None) -> pd.DataFrame:
    """The rows of the coefficients of metrics: of one predictor, or of every one that learns from metrics.

    Raises MergecastError for a missing column or value, several targets, a predictor that is not in the table.
    """
    _checks.require(coefficients, "coefficients", NEEDED)
    names = _checks.chosen(coefficients["predictor"], "predictor with coefficients", predictor)
    if predictor is None:
        names = [name for name in names if prediction.inputs(name) == "metrics"]
    rows = coefficients[coefficients["predictor"].isin(names)]
    _checks.require(rows, "coefficients of metrics", NEEDED)
    _checks.one_target(rows, "coefficients")
    _checks.numbers(rows, "coefficients", ["coefficient"])
    return rows


def means_over_folds(rows: pd.DataFrame) -> dict[tuple[str, str], pd.Series]:
    """Mean coefficient over folds by metric, of every (predictor, method)."""
    means = rows.groupby(["predictor", "method", "feature"], sort=False)["coefficient"].mean()
    return {key: group.droplevel([0, 1]) for key, group in means.groupby(level=[0, 1], sort=False)}


def compare(left: pd.Series, right: pd.Series) -> dict[str, float]:
    """How two vectors of coefficients agree on the metrics (their index) that both have.

    `top5_overlap` in [0, 1]: share of the five metrics with the largest |coefficient| that are the same (of those other
    than 0, where there are fewer; then of the longer of the two lists), NaN where one vector is all zeros. `sign_agreement` in
    [0, 1]: share of equal signs among the metrics that neither leaves at 0, NaN if there is none. `coefficient_r` in
    [−1, 1]: Pearson's r of the two vectors, NaN where one is constant.
    """
    shared = [metric for metric in left.index if metric in right.index]
    x, y = left[shared].to_numpy(float), right[shared].to_numpy(float)
    r, both, tops = scores.pearson(x, y), (x != 0) & (y != 0), (_top(x), _top(y))
    return {
        "top5_overlap": len(tops[0] & tops[1]) / max(map(len, tops)) if all(tops) else np.nan,
        "sign_agreement": float(np.mean(np.sign(x[both]) == np.sign(y[both]))) if both.any() else np.nan,
        "coefficient_r": np.nan if r is None else r,
    }


def _top(values: np.ndarray) -> set[int]:
    """Positions of the largest magnitudes; of equal ones the first."""
    order = np.argsort(-np.abs(values), kind="stable")[:TOP]
    return {int(i) for i in order if values[i] != 0}


def agreements(rows: list[dict], columns: list[str]) -> pd.DataFrame:
    """The table of such comparisons."""
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(AGREEMENT, float))
