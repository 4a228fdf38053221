"""How stable each metric's coefficient is over the folds: how often it is selected, and with which sign."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from .._coefficients import of_metrics

COLUMNS = ["predictor", "method", "metric", "selected", "sign_agreement", "mean", "sd", "n_folds"]


def stability(coefficients: pd.DataFrame, predictor: str | None = None) -> pd.DataFrame:
    """One row per predictor, method and metric, in the order of the table of coefficients (of one target).

    Parameters
    ----------
    coefficients : DataFrame
    predictor : str, optional
        That one alone; otherwise every one that learns from metrics.

    Returns
    -------
    DataFrame
        `selected`: share of folds with a coefficient other than 0, in [0, 1]; `sign_agreement`: share of the more frequent
        sign among those, in [0.5, 1], NaN if there is none; `mean` and population `sd` of the coefficient over folds, in
        units of the target per scaled unit of the metric.

    Raises
    ------
    MergecastError
        For a missing column or value, several targets, a predictor that is not in the table.
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


def make(tables: Mapping[str, pd.DataFrame], setting: Mapping) -> dict[str, pd.DataFrame]:
    """From the coefficients of the headline target, of every predictor that has some."""
    coefficients = tables["coefficients"]
    return {"stability": stability(coefficients[coefficients["target"] == setting["target"]])}
