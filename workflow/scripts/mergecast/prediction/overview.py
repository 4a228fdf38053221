"""The score table in short: one row per predictor, mean over merge methods."""

import pandas as pd

from .. import catalogue
from ..errors import MergecastError

COLUMNS = ["mean_r", "low", "high", "null", "null_sd", "p_below_05", "pooled_r", "r2", "mae", "undefined"]


def over_methods(scores: pd.DataFrame, *, target: str = "", split: str = "loto", method: str = "") -> pd.DataFrame:
    """`predictor`, `kind` and `COLUMNS`, baselines last, each group from the highest mean r to the lowest.

    Means over the methods of the table, or the numbers of one `method`: `low` and `high` are the ends of the bootstrap
    interval of `mean_r`, or of `pooled_r` where folds are single pairs, and `null`, `null_sd` belong to the same;
    `p_below_05` is the share of methods with p < 0.05, `undefined` that of folds without a correlation.

    Parameters
    ----------
    scores : DataFrame
    target : str, default ""
        The first of the table unless given.
    split : str, default "loto"
    method : str, default ""
        All of the table unless given.

    Returns
    -------
    DataFrame

    Raises
    ------
    MergecastError
        For a target, split or method that is not there.
    """
    target = target or scores["target"].iloc[0]
    mine = scores
    for column, value in (("target", target), ("split", split), ("method", method)):
        if value:
            known = list(dict.fromkeys(mine[column]))
            if value not in known:
                raise MergecastError(f"scores: {catalogue.unknown(column, value, known)}")
            mine = mine[mine[column] == value]
    pooled = mine["null_statistic"] == "pooled_r"
    rows = mine.assign(
        low=mine["pooled_r_low"].where(pooled, mine["mean_r_low"]),
        high=mine["pooled_r_high"].where(pooled, mine["mean_r_high"]),
        null=mine["null_mean"],
        p_below_05=(mine["p"] < 0.05).where(mine["p"].notna()).astype(float),
        undefined=mine["n_undefined"] / mine["n_folds"],
    )
    means = rows.groupby(["predictor", "kind"], sort=False)[COLUMNS].mean().reset_index()
    order = means["mean_r"].fillna(means["pooled_r"])
    means = means.assign(order=order, last=means["kind"] == "baseline")
    return means.sort_values(["last", "order"], ascending=[True, False], kind="stable")[["predictor", "kind", *COLUMNS]]
