"""Whether merge methods, or settings, agree on which metrics matter and in which direction."""

from itertools import combinations

import numpy as np
import pandas as pd

from ..errors import MergecastError
from ..prediction import scores
from .stability import of_metrics

AGREEMENT = ["top5_overlap", "sign_agreement", "coefficient_r"]
METHODS = ["predictor", "method_a", "method_b", *AGREEMENT]
SETTINGS = ["predictor", "method", "setting_a", "setting_b", *AGREEMENT]
TOP = 5


def between_methods(coefficients: pd.DataFrame, predictor: str | None = None) -> pd.DataFrame:
    """One row a predictor and two methods, of a table of coefficients of one target; see `compare`.

    Raises MergecastError as `stability` does.
    """
    rows = []
    for (name, a), left, (_, b), right in _couples(_means(of_metrics(coefficients, predictor))):
        rows.append({"predictor": name, "method_a": a, "method_b": b, **compare(left, right)})
    return _table(rows, METHODS)


def between_settings(coefficients: dict[str, pd.DataFrame], predictor: str | None = None) -> pd.DataFrame:
    """One row a predictor, method and two settings that both have it, over the metrics that both have; see `compare`.

    `coefficients`: the table of each setting, by its name. Raises MergecastError as `stability` does, naming the setting.
    """
    means = {}
    for setting, table in coefficients.items():
        try:
            means[setting] = _means(of_metrics(table, predictor))
        except MergecastError as error:
            raise MergecastError(f"setting {setting}: {error}") from error
    rows = []
    for a, b in combinations(means, 2):
        for key in means[a]:
            if key in means[b] and (means[a][key].index.intersection(means[b][key].index)).size:
                found = compare(means[a][key], means[b][key])
                rows.append({"predictor": key[0], "method": key[1], "setting_a": a, "setting_b": b, **found})
    return _table(rows, SETTINGS)


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


def _means(rows: pd.DataFrame) -> dict[tuple[str, str], pd.Series]:
    """Mean coefficient over folds by metric, of every (predictor, method)."""
    means = rows.groupby(["predictor", "method", "feature"], sort=False)["coefficient"].mean()
    return {key: group.droplevel([0, 1]) for key, group in means.groupby(level=[0, 1], sort=False)}


def _couples(means):
    for (a, left), (b, right) in combinations(means.items(), 2):
        if a[0] == b[0]:
            yield a, left, b, right


def _table(rows: list[dict], columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(AGREEMENT, float))
