"""A grid of numbers as a heatmap: coloured, written into the cells, hatched where undefined."""

import numpy as np
from matplotlib.patches import Rectangle

from ._style import MISSING, QUIET, ink_on, number


def short(value: float) -> str:
    """Two digits without the leading zero.

    >>> short(0.5), short(-0.25), short(1.0)
    ('.50', '−.25', '1.00')
    """
    return number(value).replace("0.", ".", 1) if abs(value) < 0.995 else number(value)


def heat(axis, grid, *, colours, low, high, text=short, size=6.0, aspect="auto"):
    """Draw `grid` (rows, columns); undefined cells are hatched. `text` is a function of a value, or a grid of words."""
    grid = np.asarray(grid, float)
    image = axis.imshow(np.ma.masked_invalid(grid), cmap=colours, vmin=low, vmax=high, aspect=aspect)
    for (row, column), value in np.ndenumerate(grid):
        if np.isnan(value):
            axis.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, fc=MISSING, ec=QUIET, hatch="////", lw=0))
        else:
            written = text(value) if callable(text) else text[row][column]
            ink = ink_on(image.cmap(image.norm(value)))
            axis.text(column, row, written, ha="center", va="center", size=size, color=ink)
    axis.spines[:].set_visible(False)
    axis.tick_params(length=0)
    return image
