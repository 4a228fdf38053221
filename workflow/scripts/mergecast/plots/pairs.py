"""How well each pair merges: one task × task heatmap a merge method."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ._style import MISSING, QUIET, SEQUENTIAL, headline, ink_on, number, panels, styled, target_name
from ._tables import KEPT, PAIR, pair_values, tasks_by_merit, unique

WRITTEN = 12  # with more tasks than this the cells are too small for numbers


@styled
def draw(merges: pd.DataFrame, *, column: str = "normalised_accuracy") -> Figure:
    """Heatmaps of a pair's `column`, mean over its two tasks unless directed, one panel a method, on one colour scale.

    Only the lower triangle is drawn, since a pair has no order. Tasks run from the one that merges best, on average
    over methods and partners, to the worst. Pairs undefined or not measured are hatched. Raises MergecastError on an
    empty table.
    """
    values = pair_values(merges, column)
    tasks, methods = tasks_by_merit(values), unique(values.method)
    n, place = len(tasks), {task: i for i, task in enumerate(tasks)}
    low, high = values.value.min(), values.value.max()
    side = np.clip(0.245 * n, 1.7, 3.3) if n <= WRITTEN else np.clip(0.15 * n, 2.4, 3.3)
    figure, axes = panels(len(methods), width=side + 0.85, height=side + 0.55, columns=4 if n <= WRITTEN else 3)
    for axis, method in zip(axes, methods, strict=True):
        grid = np.full((n, n), np.nan)
        for a, b, value in values.loc[values.method == method, ["task_a", "task_b", "value"]].itertuples(index=False):
            grid[max(place[a], place[b]), min(place[a], place[b])] = value
        image = _triangle(axis, grid[1:, :-1], low, high, n <= WRITTEN)
        axis.set_title(method)
        axis.set_xticks(range(n - 1), tasks[:-1], rotation=90)
        axis.set_yticks(range(n - 1), tasks[1:])
        mean = values.loc[values.method == method, "value"].mean()
        axis.text(0.98, 0.97, f"mean\n{number(mean, 3)}", transform=axis.transAxes, ha="right", va="top", color=QUIET)
    label = target_name(column) + ("" if column in KEPT else ", mean of the two tasks")
    figure.colorbar(image, ax=axes, shrink=0.6, aspect=30, pad=0.015, label=label)
    undefined = int(values.value.isna().sum())
    measured = len(values[PAIR].drop_duplicates())
    absent, gaps = n * (n - 1) // 2 - measured, measured * len(methods) - len(values)
    notes = [f"{n} tasks, {measured} pair{'s' * (measured != 1)} a method, tasks ordered by their mean"]
    notes[0] += "; 1 = as good as the two fine-tuned models." if column == "normalised_accuracy" else "."
    notes += [f"{absent} pair{'s' * (absent != 1)} not measured (hatched)."] * bool(absent)
    notes += [f"{gaps} further cell{'s' * (gaps != 1)} not measured (hatched)."] * bool(gaps)
    notes += [f"{undefined} undefined (hatched)."] * bool(undefined)
    headline(figure, "How well do pairs merge?", " ".join(notes))
    return figure


def _triangle(axis, grid, low, high, written):
    """Draw a lower triangle of values; hatch those that are missing; write the numbers where they fit."""
    image = axis.imshow(np.ma.masked_invalid(grid), cmap=SEQUENTIAL, vmin=low, vmax=high, aspect="equal")
    size = min(6.0, 66 / max(len(grid), 1))
    for (row, column), value in np.ndenumerate(grid):
        if column > row:
            continue
        if np.isnan(value):
            axis.add_patch(axis.patch.__class__((column - 0.5, row - 0.5), 1, 1, fc=MISSING, ec=QUIET, hatch="////", lw=0))
        elif written:
            text = number(value).replace("0.", ".") if abs(value) < 1 else number(value)
            axis.text(column, row, text, ha="center", va="center", size=size, color=ink_on(image.cmap(image.norm(value))))
    axis.spines[:].set_visible(False)
    axis.tick_params(length=0)
    return image
