"""The forecast: splits by task, predictors and baselines, honest scores. Nothing heavy is imported here.

A predictor is one module of `predictors/`, a baseline one of `baselines/`, named after it. Each has
`INPUTS`, a literal: what its columns are, one of `design.INPUTS`;
`COEFFICIENTS = True`, if it has a coefficient a column: analyses that look at coefficients take such a predictor;
`COSTLY = True`, if hundreds of columns take it long: such a predictor gets fewer draws of the null;
`make(*, <parameters with literal defaults>, cv, seed, outputs, features, tasks)`, an unfitted model; `cv` (inner splits that
    ask what the fold asks), `seed`, `outputs` (the number of merge methods), `features` (the names of the columns) and
    `tasks` are given to those that name them;
`explain(model)`, of a fitted one: coefficients (K, F) on the features as it scaled them, in units of the target, or
    None without `COEFFICIENTS`, and K dictionaries of the hyper-parameters it chose.

A model has `fit(X (n, F), Y (n, K))` and `predict(X) -> (m, K)`. Each column of Y is fitted as if it stood alone, so that
all merge methods, and hundreds of relabelled targets, are one call. The exception is a model that takes `outputs` = M:
its columns are K / M groups of M methods, and the methods of a group are fitted together.
"""

from .. import catalogue
from ..errors import MergecastError

WINGS = {"predictor": "prediction.predictors", "baseline": "prediction.baselines"}


def kinds() -> dict[str, str]:
    """Every name and its kind, "predictor" or "baseline"; predictors first."""
    return {name: kind for kind, wing in WINGS.items() for name in catalogue.names(wing)}


def kind(name: str) -> str:
    """Whether `name` is a "predictor" or a "baseline".

    Parameters
    ----------
    name : str

    Returns
    -------
    str

    Raises
    ------
    MergecastError
        With the closest name, if it is neither.
    """
    known = kinds()
    if name not in known:
        raise MergecastError(catalogue.unknown("predictor", name, known))
    return known[name]


def find(name: str):
    """The module of a predictor or baseline.

    Parameters
    ----------
    name : str

    Returns
    -------
    module

    Raises
    ------
    MergecastError
        With the closest name, if there is none.
    """
    return catalogue.load(WINGS[kind(name)], name)


def summary(name: str) -> str:
    """What it is, in one plain line.

    Parameters
    ----------
    name : str

    Returns
    -------
    str

    Raises
    ------
    MergecastError
        As `kind` does.
    """
    return catalogue.summary(WINGS[kind(name)], name)


def parameters(name: str) -> dict:
    """Its parameters and their defaults.

    Parameters
    ----------
    name : str

    Returns
    -------
    mapping from name to default

    Raises
    ------
    MergecastError
        As `kind` does.
    """
    return catalogue.parameters(WINGS[kind(name)], name, "make")


def inputs(name: str) -> str:
    """What its columns are, one of `design.INPUTS`, read from the source without importing it.

    Parameters
    ----------
    name : str

    Returns
    -------
    str

    Raises
    ------
    MergecastError
        As `kind` does, and if it says no INPUTS.
    """
    declared = catalogue.literal(WINGS[kind(name)], name, "INPUTS")
    if declared is None:
        where = f"{WINGS[kind(name)].replace('.', '/')}/{name}.py"
        raise MergecastError(f"{where}: says no INPUTS; add one of those of prediction/design.py")
    return declared


def costly(name: str) -> bool:
    """Whether many columns of Y take it long.

    Parameters
    ----------
    name : str

    Returns
    -------
    bool

    Raises
    ------
    MergecastError
        As `kind` does.
    """
    return bool(catalogue.literal(WINGS[kind(name)], name, "COSTLY"))


def has_coefficients(name: str) -> bool:
    """Whether its `explain` returns a coefficient for each of its columns.

    Parameters
    ----------
    name : str

    Returns
    -------
    bool

    Raises
    ------
    MergecastError
        As `kind` does.
    """
    return bool(catalogue.literal(WINGS[kind(name)], name, "COEFFICIENTS"))
