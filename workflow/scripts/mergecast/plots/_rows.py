"""One row a predictor: what the figures share that hold predictors against baselines."""

import numpy as np

from ._style import BLUE, FAINT, INK, QUIET, VERMILION

SPLITS = {"loto": "leave-one-task-out", "l2to": "leave-two-tasks-out", "disjoint": "disjoint halves"}
SPLIT_LOOKS = {"loto": (BLUE, "o"), "l2to": ("#009E73", "s"), "disjoint": (VERMILION, "^")}


def colour(kind: str) -> str:
    """Blue for predictors, vermilion for baselines, black for what is measured."""
    return {"predictor": BLUE, "baseline": VERMILION}.get(kind, INK)


def dress(axis, kinds: dict[str, str]) -> None:
    """Name the rows, each in the colour of its kind, and rule a dotted line above the baselines."""
    names = list(kinds)
    axis.set_ylim(len(names) - 0.45, -0.55)
    axis.set_yticks(range(len(names)), names)
    axis.tick_params(axis="y", length=0)
    axis.spines.left.set_visible(False)
    axis.xaxis.grid(color=FAINT)
    axis.set_axisbelow(True)
    first = next((row for row, name in enumerate(names) if kinds[name] == "baseline"), 0)
    if first:
        axis.axhline(first - 0.5, color=QUIET, lw=0.6, ls=":", zorder=1)
    for label, name in zip(axis.get_yticklabels(), names, strict=False):
        label.set_color(colour(kinds[name]))


def spread(axis, row: float, values, paint: str, marker: str = "D", size: float = 16) -> None:
    """One faint dot a value, and a marker at their mean; nothing where none is defined."""
    fine = np.asarray(values, float)
    fine = fine[np.isfinite(fine)]
    if len(fine):
        axis.scatter(fine, np.full(len(fine), row), s=5, c=paint, alpha=0.45, lw=0, zorder=2)
        axis.scatter([fine.mean()], [row], marker=marker, s=size, c=paint, ec="white", lw=0.5, zorder=4)
