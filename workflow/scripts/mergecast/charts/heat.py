"""Heatmaps of names × names with the number in every cell."""

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
import pandas as pd

from .figure import rows


@dataclass(frozen=True)
class Cells:
    """What a heatmap draws of a table of one row per cell.

    `x`, `y`: columns of names, in the order of `xs` and `ys`; `value`: the column of the colour, from `domain`, and of the
    number written, in the format `form` of D3. `text`: another column to write, of words or numbers. `title` names the value
    where the pointer asks, `tips` are further (column, title, format) for it. `row`: height of a row in pixels.
    """

    x: str
    y: str
    value: str
    xs: Sequence[str]
    ys: Sequence[str]
    domain: tuple[float, float]
    diverging: bool = False
    title: str = ""
    form: str = ".2f"
    text: str = ""
    tips: Sequence[tuple[str, str, str]] = ()
    row: int = 21


def heatmap(table: pd.DataFrame, cells: Cells):
    """A layered chart: one cell per row of `table`, undefined ones grey.

    Parameters
    ----------
    table : DataFrame
    cells : Cells

    Returns
    -------
    altair.LayerChart
    """
    value, defined = cells.value, f"datum.{cells.value} !== null"
    places = {
        "x": alt.X(f"{cells.x}:N", sort=list(cells.xs), title=None, axis=_names(labelAngle=-40, orient="top")),
        "y": alt.Y(f"{cells.y}:N", sort=list(cells.ys), title=None, axis=_names(labelLimit=320)),
        "tooltip": [
            alt.Tooltip(f"{cells.y}:N"),
            alt.Tooltip(f"{cells.x}:N"),
            alt.Tooltip(f"{value}:Q", title=cells.title or value, format=".2f" if cells.text else cells.form),
            *(alt.Tooltip(f"{name}:Q", title=label, format=shape) for name, label, shape in cells.tips),
        ],
    }
    kind = {"range": "diverging", "interpolate": "rgb"} if cells.diverging else {"range": "heatmap"}
    scale = alt.Scale(domain=list(cells.domain), clamp=True, **kind)
    colour = alt.Color(f"{value}:Q", scale=scale, legend=alt.Legend(title=None, gradientLength=90))
    base = alt.Chart(rows(table))
    layers = [
        base.transform_filter(f"datum.{value} === null").mark_rect(style="missing").encode(**places),
        base.transform_filter(defined).mark_rect().encode(**places, color=colour),
    ]
    numeric = not cells.text or pd.api.types.is_numeric_dtype(table[cells.text])
    written = alt.Text(f"{cells.text or value}:Q", format=cells.form) if numeric else alt.Text(f"{cells.text}:N")
    for style, test in _inks(cells).items():
        chosen = base.transform_filter(f"{defined} && {test}").mark_text(style=style)
        layers.append(chosen.encode(**places, text=written))
    return alt.layer(*layers).properties(height=cells.row * len(cells.ys))


def _names(**more):
    return alt.Axis(ticks=False, domain=False, **more)


def _inks(cells: Cells) -> dict[str, str]:
    """Styles of the numbers and where each is read best: by the colour under it."""
    low, high = cells.domain
    if cells.diverging:
        strong = 0.6 * max(abs(low), abs(high))
        return {"weak": f"abs(datum.{cells.value}) < {strong}", "extreme": f"abs(datum.{cells.value}) >= {strong}"}
    middle = low + 0.6 * (high - low)
    return {"on-dark": f"datum.{cells.value} <= {middle}", "on-light": f"datum.{cells.value} > {middle}"}
