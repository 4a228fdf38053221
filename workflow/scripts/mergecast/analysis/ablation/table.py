"""What a whole category of metrics is worth: the predictor refitted without it, and with nothing else."""

from collections.abc import Mapping

import pandas as pd

from ... import prediction
from ...errors import MergecastError
from ...prediction.design import Design, of_metrics
from .. import _refit

COLUMNS = ["predictor", "method", "category", "kept", "n_metrics", *_refit.SCORES, "difference"]
OTHER = "other"


def make(tables: Mapping[str, pd.DataFrame], setting: Mapping) -> dict[str, pd.DataFrame]:
    """With the predictor of the analyses, under leave-one-task-out."""
    design, names = of_metrics(setting, tables), setting["categories"]
    return {"ablation": ablation(design, setting["predictor"], names, setting=setting["name"], seed=setting["seed"])}


def ablation(
    design: Design,
    predictor: str,
    categories: dict[str, str],
    *,
    split: str = "loto",
    setting: str = "",
    parameters: dict | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """One row per method, category and what is `kept`: "all", "without" the category, "only" the category.

    Everything is refitted in every fold, its hyper-parameters chosen again. Categories without a metric of the design are
    left out, and so is one that holds all of them.

    Parameters
    ----------
    design : Design
        Of metrics.
    predictor : str
    categories : dict of str
        The category of each metric; a metric without one is in "other".
    split : str, default "loto"
    setting : str
        Its name is part of the seed.
    parameters : dict, optional
        Of the predictor.
    seed : int, default 0

    Returns
    -------
    DataFrame
        The row "all" of a method has the category "all". Scores are those of `_refit.score_rows`; `difference` is `mean_r`
        less that of "all" of the same method, NaN if either is undefined.

    Raises
    ------
    MergecastError
        For an unknown split, predictor or parameter, and for a predictor that does not learn from metrics.
    """
    if prediction.inputs(predictor) != "metrics":
        raise MergecastError(f"predictor {predictor!r} does not learn from metrics; name one that does")
    make = _refit.maker(predictor, len(design.methods), split=split, setting=setting, parameters=parameters, seed=seed)
    members = {category: [] for category in [*categories.values(), OTHER]}
    for metric in design.features:
        members[categories.get(metric, OTHER)].append(metric)
    every = list(design.features)
    variants = [("all", "all", every)]
    for category, of_category in members.items():
        if of_category and len(of_category) < len(every):
            variants += [
                (category, "without", [metric for metric in every if metric not in of_category]),
                (category, "only", of_category),
            ]
    rows = []
    for category, kept, metrics in variants:
        scores = _refit.score_rows(_refit.forecasts(design.with_features(metrics), make, split=split))
        names = {"predictor": predictor, "category": category, "kept": kept, "n_metrics": len(metrics)}
        rows += [{**names, "method": method, **row} for method, row in zip(design.methods, scores, strict=True)]
    table = pd.DataFrame(rows)
    whole = table[table["kept"] == "all"].set_index("method")["mean_r"]
    table["difference"] = table["mean_r"] - table["method"].map(whole)
    order = {method: place for place, method in enumerate(design.methods)}
    return table.sort_values("method", key=lambda names: names.map(order), kind="stable", ignore_index=True)[COLUMNS]
