"""A merge of more than two checkpoints, from the forecasts of their pairs."""

from collections.abc import Sequence

import pandas as pd
from scipy.special import ndtri

from ..planning import candidates
from ..planning.plan import SIZES
from .study import Study

LEVEL = 0.8


def group(study: Study, forecasts: pd.DataFrame, names: Sequence[str], target: str) -> dict[str, dict] | None:
    """What a merge of all these checkpoints together is forecast to keep.

    Parameters
    ----------
    study : Study
        Whose measured groups of this size, if it has any, say how far groups lie above or below what their pairs say.
    forecasts : DataFrame
        Of all pairs of the checkpoints: the table `forecasts`.
    names : sequence of str
    target : str

    Returns
    -------
    dict or None
        By method: `forecast`, `kept` by checkpoint, `interval` (80 %, or None) and `measured_groups`, how many of this size the
        study measured. None for two checkpoints, and for more than eight.

    Raises
    ------
    MergecastError
        If a table of the study cannot be read.
    """
    size = len(names)
    if not SIZES[0] <= size <= SIZES[1]:
        return None
    made = candidates.groups(candidates.pairs(forecasts), size, among=names, including=tuple(names))
    shifts, counts = _levels(study, size, target)
    found = {}
    for row in range(len(made)):
        tasks, method = made.names(row)
        shift, half = shifts.get(method, 0.0), float(made.sd[row]) * ndtri((1 + LEVEL) / 2)
        value = float(made.mean[row]) + shift
        found[method] = {
            "forecast": value,
            "kept": {task: float(share) + shift for task, share in zip(tasks, made.kept[row], strict=True)},
            "interval": {str(LEVEL): None if half != half else [value - half, value + half]},
            "measured_groups": counts.get(method, 0),
        }
    return found


def _levels(study: Study, size: int, target: str) -> tuple[dict[str, float], dict[str, int]]:
    """How far the study's groups of this size lie above what their pairs say, and how many there are, by method."""
    if not (study.has("forecasts") and study.has("subsets")):
        return {}, {}
    of_pairs, subsets = candidates.pairs(study.table("forecasts")), study.table("subsets")
    mine = subsets[subsets["tasks"].str.count(r"\|") == size - 1]
    if mine.empty:
        return {}, {}
    measured = candidates.measured(mine, target, of_pairs)
    shifts = candidates.levels(measured, candidates.matrices(of_pairs)[0])
    counts = [int((measured.method == place).sum()) for place in range(len(of_pairs.methods))]
    return dict(zip(of_pairs.methods, map(float, shifts), strict=True)), dict(zip(of_pairs.methods, counts, strict=True))
