"""Why a forecast is what it is, in words: what moved it away from that of a typical pair."""

from collections.abc import Mapping

import numpy as np

from .. import catalogue, features
from ..prediction.forecaster import Forecaster, task_of

SHOWN = 3
PLAIN = "{covariate} of {task} is {value:.3g}, typically {typical:.3g}"
EFFECT = {
    ("kept", True): "{task} kept more than others where it was merged",
    ("kept", False): "{task} kept less than others where it was merged",
    ("other", True): "{task} harmed others less than most where it was merged",
    ("other", False): "{task} harmed others more than most where it was merged",
}


def owner(covariate: str) -> tuple[str, str]:
    """The feature that a covariate is a number of, and its array.

    Parameters
    ----------
    covariate : str
        NAME_{array}, as in the tables of covariates.

    Returns
    -------
    (str, str)
        Of several features, the one with the longest name. ("", covariate) if no feature makes it.

    Examples
    --------
    >>> owner("scaling_confidence_0.5"), owner("harm_log_ratio")
    (('scaling_confidence', '0.5'), ('harm', 'log_ratio'))
    """
    makers = [name for name in features.names() if covariate.startswith(f"{name}_")]
    name = max(makers, key=len, default="")
    return name, covariate.removeprefix(f"{name}_")


def reasons(
    forecaster: Forecaster, pair: tuple[str, str], X: np.ndarray, contributions: np.ndarray, known: Mapping[str, str]
) -> list[list[dict]]:
    """What moved a pair's forecast most, under every method.

    Parameters
    ----------
    forecaster : Forecaster
    pair : (str, str)
        a and b.
    X : (2, F) array
        Columns of (a, b) and of (b, a).
    contributions : (2, M, F) array
        Of these, as `Forecaster.contributions` gives them.
    known : mapping from checkpoint to str
        The task of the study that it is, if it is one.

    Returns
    -------
    list of list of dict
        For each method the `SHOWN` largest, largest first: `reason`, in words, and `contribution`, in units of the target.
        Numbers of one feature and checkpoint are taken together.
    """
    groups: dict = {}
    for place, column in enumerate(forecaster.features):
        role = column.partition(" ")[0]
        for side, oriented in enumerate((pair, pair[::-1])):
            about = oriented[1] if role == "other" else oriented[0]
            if (task := task_of(column)) is None:
                key = (role, owner(column.partition(" ")[2])[0], about, oriented[1] if role == "pair" else "")
            elif known.get(about) == task:
                key = (role, None, about, "")
            else:
                continue  # what another task's indicator does not say moves every forecast alike
            groups.setdefault(key, []).append((side, place))
    found = []
    for m in range(len(forecaster.methods)):
        sums = {key: sum(contributions[side, m, place] for side, place in parts) / 2 for key, parts in groups.items()}
        largest = sorted(sums, key=lambda key: (-round(abs(sums[key]), 12), str(key)))[:SHOWN]
        told = [_words(forecaster, key, groups[key], X, contributions[:, m], sums[key]) for key in largest]
        found.append([{"reason": words, "contribution": float(sums[key])} for words, key in zip(told, largest, strict=True)])
    return found


def _words(forecaster, key, parts, X, contributions, total) -> str:
    role, feature, task, other = key
    if feature is None:
        return EFFECT[role, bool(total >= 0)].format(task=task)
    side, place = max(parts, key=lambda part: abs(contributions[part]))
    value, typical = float(X[side, place]), float(forecaster.arrays["typical"][place])
    covariate = forecaster.features[place].partition(" ")[2]
    said, array = catalogue.literal(features.WING, feature, "REASON") if feature else None, owner(covariate)[1]
    template = (said.get(array) if isinstance(said, dict) else said) or PLAIN
    with np.errstate(over="ignore"):
        factors = {"factor": float(np.exp(value)), "typical_factor": float(np.exp(typical))}
    return template.format(task=task, other=other, array=array, covariate=covariate, value=value, typical=typical, **factors)


def outside(forecaster: Forecaster, pair: tuple[str, str], X: np.ndarray) -> list[str]:
    """A line for every covariate of a pair beyond the range that the forecaster was fitted on.

    Parameters
    ----------
    forecaster : Forecaster
    pair : (str, str)
    X : (2, F) array
        Columns of (a, b) and of (b, a).

    Returns
    -------
    list of str
    """
    beyond, lines = forecaster.outside(X), {}
    for place, column in enumerate(forecaster.features):
        role, _, covariate = column.partition(" ")
        for side, oriented in enumerate((pair, pair[::-1])):
            if beyond[side, place] and task_of(column) is None:
                about = f"{oriented[0]} with {oriented[1]}" if role == "pair" else oriented[role == "other"]
                low, high = (forecaster.arrays[name][place] for name in ("low", "high"))
                lines[
                    f"{covariate} of {about} is {X[side, place]:.3g}, outside the range of the study, {low:.3g} to {high:.3g}; "
                    "it counts as the end of the range"
                ] = None
    return list(lines)
