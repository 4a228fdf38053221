"""Do prediction intervals hold what they promise?"""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ._rows import SPLITS, dress, spread
from ._style import BLUE, GREEN, INK, PURPLE, VERMILION, headline, styled, words
from ._tables import require, rivals, unique

LOOKS = ((BLUE, "o"), (PURPLE, "s"), (GREEN, "^"), (VERMILION, "D"), (INK, "v"))


@styled
def draw(coverage: pd.DataFrame, *, column: str | None = None) -> Figure:
    """Measured coverage (above) and mean width (below) of split-conformal intervals: one panel a split, one row a predictor.

    A colour a level, with a line at the level promised; faint dots are methods, the marker is their mean. Drawn is target
    `column`, the first in the table unless given. Raises MergecastError on an empty table.
    """
    require(coverage, "coverage", "predictor", "kind", "method", "split", "target", "level", "coverage", "mean_width", "n")
    table = coverage[coverage.target == (column or coverage.target.iloc[0])]
    require(table, f"coverage (target {column})")
    kinds, levels = rivals(table), sorted(unique(table.level))
    looks = {level: LOOKS[i % len(LOOKS)] for i, level in enumerate(levels)}
    shifts = np.linspace(-1, 1, len(levels)) * (0.15 if len(levels) < 4 else 0.3) if len(levels) > 1 else [0.0]
    splits = [split for split in SPLITS if split in set(table.split)]
    size = (2.0 + 2.3 * len(splits), 2 * (0.2 * len(kinds) + 0.5) + 0.6)
    figure = Figure(figsize=(max(size[0], 4.8), size[1]), layout="constrained")
    axes = figure.subplots(2, len(splits), squeeze=False, sharey=True, sharex="row")
    for place, split in enumerate(splits):
        mine = table[table.split == split]
        for (level, (paint, marker)), shift in zip(looks.items(), shifts, strict=True):
            axes[0][place].axvline(level, color=paint, lw=0.9, ls=(0, (4, 3)), zorder=1)
            for row, name in enumerate(kinds):
                chosen = mine[(mine.predictor == name) & (mine.level == level)]
                spread(axes[0][place], row + shift, chosen.coverage, paint, marker)
                spread(axes[1][place], row + shift, chosen.mean_width, paint, marker)
        axes[0][place].set_title(SPLITS[split])
        for axis in axes[:, place]:
            dress(axis, kinds)
        axes[1][place].set_xlim(0, None)
    axes[0][0].set_xlabel("share of pairs inside their interval")
    axes[1][0].set_xlabel(f"mean width of an interval ({words(table.target.iloc[0])})")
    marks = [axes[0][0].scatter([], [], c=paint, marker=marker, s=16, label=f"{level:.0%} promised (dashed)")
             for level, (paint, marker) in looks.items()]  # fmt: skip
    figure.legend(handles=marks, loc="outside lower center", ncols=3, labelcolor=INK)
    unbounded = int(table.n_unbounded.sum()) if "n_unbounded" in table else 0
    headline(
        figure,
        "Do the intervals hold what they promise?",
        f"Faint: one of {len(unique(table.method))} methods (up to n = {int(table.n.max())} predicted pairs each); marker: "
        "their mean. A forecast with intervals left of its dashed line promises too much; a narrow one that "
        "reaches the line is best."
        + (f" {unbounded} intervals are unbounded: too few pairs to calibrate on." if unbounded else ""),
    )
    return figure
