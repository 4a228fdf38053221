"""How stable each metric's coefficient is over the folds: how often it is selected, and with which sign."""

import numpy as np
import pandas as pd

from .. import prediction
from . import _checks

COLUMNS = ["predictor", "method", "metric", "selected", "sign_agreement", "mean", "sd", "n_folds"]
NEEDED = ["method", "predictor", "fold", "feature", "coefficient"]


def stability(coefficients: pd.DataFrame, predictor: str | None = None) -> pd.DataFrame:
    """One row a predictor, method and metric, in the order of the table of coefficients (of one target).

    `selected`: share of folds with a coefficient other than 0, in [0, 1]; `sign_agreement`: share of the more frequent
    sign among those, in [0.5, 1], NaN if there is none; `mean` and population `sd` of the coefficient over folds, in
    units of the target per scaled unit of the metric. `predictor`: that one alone; otherwise every one that learns from
    metrics.
    Raises MergecastError for a missing column or value, several targets, a predictor that is not in the table.
    """
    rows = of_metrics(coefficients, predictor)
    value = rows["coefficient"]
    rows = rows.assign(positive=value > 0, negative=value < 0)
    groups = rows.groupby(["predictor", "method", "feature"], sort=False)
    table = groups.agg(
        positive=("positive", "sum"),
        negative=("negative", "sum"),
        mean=("coefficient", "mean"),
        sd=("coefficient", lambda values: float(np.std(values))),
        n_folds=("coefficient", "size"),
    ).reset_index(names=["predictor", "method", "metric"])
    kept = table["positive"] + table["negative"]
    table["selected"] = kept / table["n_folds"]
    table["sign_agreement"] = table[["positive", "negative"]].max(axis=1) / kept.where(kept > 0)
    return table[COLUMNS]


def of_metrics(coefficients: pd.DataFrame, predictor: str | None = None) -> pd.DataFrame:
    """The rows of the coefficients of metrics: of one predictor, or of every one that learns from metrics.

    Raises MergecastError as `stability` does.
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
