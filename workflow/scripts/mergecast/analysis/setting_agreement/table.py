"""Whether settings agree on which metrics matter and in which direction."""

from collections.abc import Mapping
from itertools import combinations

import pandas as pd

from ...errors import MergecastError
from .._coefficients import AGREEMENT, agreements, compare, means_over_folds, of_metrics

SETTINGS = ["predictor", "method", "setting_a", "setting_b", *AGREEMENT]


def make(tables: Mapping[str, Mapping], settings: Mapping[str, Mapping]) -> dict[str, pd.DataFrame]:
    """The settings that share the headline target and the predictor of the analyses, each with each."""
    alike: dict = {}
    for name, setting in settings.items():
        coefficients = tables[name]["coefficients"]
        mine = coefficients[coefficients["target"] == setting["target"]]
        alike.setdefault((setting["predictor"], setting["target"]), {})[name] = mine
    parts = [between_settings(by_setting, predictor).assign(target=target) for (predictor, target), by_setting in alike.items()]
    return {"setting_agreement": pd.concat(parts, ignore_index=True)[[*SETTINGS, "target"]]}


def between_settings(coefficients: dict[str, pd.DataFrame], predictor: str | None = None) -> pd.DataFrame:
    """One row per predictor, method and two settings that both have it, over the metrics that both have.

    Parameters
    ----------
    coefficients : dict of DataFrame
        The table of each setting, by its name.
    predictor : str, optional
        That one alone; otherwise every one that learns from metrics.

    Returns
    -------
    DataFrame
        Columns `SETTINGS`; see `compare`.

    Raises
    ------
    MergecastError
        As `stability` does, naming the setting.
    """
    means = {}
    for setting, table in coefficients.items():
        try:
            means[setting] = means_over_folds(of_metrics(table, predictor))
        except MergecastError as error:
            raise MergecastError(f"setting {setting}: {error}") from error
    rows = []
    for a, b in combinations(means, 2):
        for key in means[a]:
            if key in means[b] and (means[a][key].index.intersection(means[b][key].index)).size:
                agreement = compare(means[a][key], means[b][key])
                rows.append({"predictor": key[0], "method": key[1], "setting_a": a, "setting_b": b, **agreement})
    return agreements(rows, SETTINGS)
