"""Heatmaps of names × names with the number in every cell."""

import altair as alt
import pandas as pd

from .figure import rows


def heatmap(
    table: pd.DataFrame, x, y, value, *, xs, ys, domain, diverging=False, title="", form=".2f", tips=(), row=21, text=""
):
    """A layered chart: one cell a row of `table`, coloured by column `value`, undefined ones grey.

    `xs` and `ys` give the order of names, `domain` the range of colour, `tips` further (column, title, format) to tell;
    `text` another column to write into the cells, words or numbers.
    """
    across = alt.X(f"{x}:N", sort=list(xs), title=None, axis=alt.Axis(labelAngle=-40, ticks=False, domain=False, orient="top"))
    down = alt.Y(f"{y}:N", sort=list(ys), title=None, axis=alt.Axis(labelLimit=260, ticks=False, domain=False))
    told = [
        alt.Tooltip(f"{y}:N"),
        alt.Tooltip(f"{x}:N"),
        alt.Tooltip(f"{value}:Q", title=title or value, format=".2f" if text else form),
    ]
    told += [alt.Tooltip(f"{name}:Q", title=label, format=shape) for name, label, shape in tips]
    low, high = domain
    kind = {"range": "diverging", "interpolate": "rgb"} if diverging else {"range": "heatmap"}
    colour = alt.Color(
        f"{value}:Q", scale=alt.Scale(domain=[low, high], clamp=True, **kind), legend=alt.Legend(title=None, gradientLength=90)
    )
    base = alt.Chart(rows(table))
    layers = [
        base.transform_filter(f"datum.{value} === null").mark_rect(style="missing").encode(x=across, y=down, tooltip=told),
        base.transform_filter(f"datum.{value} !== null").mark_rect().encode(x=across, y=down, tooltip=told, color=colour),
    ]
    reach = max(abs(low), abs(high))
    middle = low + 0.6 * (high - low)
    tests = (
        (("weak", f"abs(datum.{value}) < {0.6 * reach}"), ("extreme", f"abs(datum.{value}) >= {0.6 * reach}"))
        if diverging
        else (("on-dark", f"datum.{value} <= {middle}"), ("on-light", f"datum.{value} > {middle}"))
    )
    kind = "N" if text and not pd.api.types.is_numeric_dtype(table[text]) else "Q"
    written = alt.Text(f"{text or value}:{kind}", **({} if kind == "N" else {"format": form}))
    for style, test in tests:
        layers.append(
            base.transform_filter(f"datum.{value} !== null && {test}")
            .mark_text(fontSize=9.5, style=style)
            .encode(x=across, y=down, text=written, tooltip=told)
        )
    return alt.layer(*layers).properties(height=row * len(ys))
