"""Whether merge methods agree on which metrics matter and in which direction."""

from collections.abc import Mapping
from itertools import combinations

import pandas as pd

from .._coefficients import AGREEMENT, agreements, compare, means_over_folds, of_metrics

METHODS = ["predictor", "method_a", "method_b", *AGREEMENT]


def make(tables: Mapping[str, pd.DataFrame], setting: Mapping) -> dict[str, pd.DataFrame]:
    """From the coefficients of the headline target, of every predictor that has some."""
    coefficients = tables["coefficients"]
    return {"method_agreement": between_methods(coefficients[coefficients["target"] == setting["target"]])}


def between_methods(coefficients: pd.DataFrame, predictor: str | None = None) -> pd.DataFrame:
    """One row per predictor and two methods, of a table of coefficients of one target.

    Parameters
    ----------
    coefficients : DataFrame
    predictor : str, optional
        That one alone; otherwise every one that learns from metrics.

    Returns
    -------
    DataFrame
        Columns `METHODS`; see `compare`.

    Raises
    ------
    MergecastError
        As `stability` does.
    """
    rows = []
    for (name, a), left, (_, b), right in _couples(means_over_folds(of_metrics(coefficients, predictor))):
        rows.append({"predictor": name, "method_a": a, "method_b": b, **compare(left, right)})
    return agreements(rows, METHODS)


def _couples(means):
    for (a, left), (b, right) in combinations(means.items(), 2):
        if a[0] == b[0]:
            yield a, left, b, right
