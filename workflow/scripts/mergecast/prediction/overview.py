"""The score table in short: one row per predictor, mean over merge methods."""

import pandas as pd

from .. import catalogue
from ..errors import MergecastError

COLUMNS = ["q2", "low", "high", "null", "null_sd", "p_below_05", "mae", "centred_r", "mean_r", "undefined"]


def over_methods(scores: pd.DataFrame, *, target: str = "", split: str = "loto", method: str = "") -> pd.DataFrame:
    """`predictor`, `kind` and `COLUMNS`, baselines last, each group from the highest Q² to the lowest.

    Means over the methods of the table, or the numbers of one `method`: `low` and `high` are the ends of the bootstrap
    interval of Q², `null` and `null_sd` its null; `p_below_05` is the share of methods with p < 0.05 (empty with fewer than
    199 relabellings), `undefined` that of folds without a correlation.

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
    rows = mine.assign(
        low=mine["q2_low"],
        high=mine["q2_high"],
        null=mine["null_q2"],
        null_sd=mine["null_q2_sd"],
        p_below_05=(mine["p_q2"] < 0.05).where(mine["p_q2"].notna()).astype(float),
        undefined=mine["n_undefined"] / mine["n_folds"],
    )
    means = rows.groupby(["predictor", "kind"], sort=False)[COLUMNS].mean().reset_index()
    means = means.assign(last=means["kind"] == "baseline")
    return means.sort_values(["last", "q2"], ascending=[True, False], kind="stable")[["predictor", "kind", *COLUMNS]]
