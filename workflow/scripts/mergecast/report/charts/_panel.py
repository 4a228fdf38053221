"""What every interactive chart is made of: figures of panels, plain rows as data, colours named rather than given.

Colours come from the page's theme (light or dark) through Vega's config: a mark refers to a style ("quiet", "missing",
"predictor", "baseline", …) or to a range ("heatmap", "diverging"), and page.js fills them in.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import altair as alt
import pandas as pd
from altair.utils.schemapi import debug_mode

PICKED = "picked"  # the pair under the pointer, as "a__b", shared by all panels of a setting


@dataclass(frozen=True)
class Panel:
    """One Vega-Lite view: its heading (may be empty) and its specification."""

    title: str
    spec: dict


@dataclass(frozen=True)
class Control:
    """A drop-down that sets a signal in every panel of the figure."""

    signal: str
    label: str
    options: Sequence[str]
    value: str


@dataclass(frozen=True)
class Figure:
    """Panels side by side under one heading. `least` is the least width of a panel in CSS pixels, `most`
    the most that a lone one takes (CSS), `need` the width below which the figure scrolls sideways."""

    name: str
    title: str
    caption: str
    alt: str
    panels: Sequence[Panel]
    least: int = 260
    most: str = "1fr"
    need: int = 0
    controls: Sequence[Control] = field(default_factory=tuple)


def rows(table: pd.DataFrame) -> alt.Data:
    """A table as rows of plain values, numbers to six significant digits, undefined ones as null."""
    values = [{str(key): _plain(value) for key, value in row.items()} for row in table.to_dict("records")]
    with debug_mode(False):  # checking every row against the schema of Vega-Lite took most of the page's time
        return alt.Data(values=values)


def spec(chart, alternative: str, **parameters) -> dict:
    """A chart as a dictionary that fills its container's width, with signals and a description for screen readers."""
    made = chart.to_dict(validate=False)  # its parts were checked as they were made
    made.pop("config", None)
    made |= {"description": alternative, "width": "container"}
    if parameters:
        made["params"] = [{"name": name, "value": value} for name, value in parameters.items()] + made.get("params", [])
    return made


def key(table: pd.DataFrame) -> pd.Series:
    """The pair's name, "a__b"."""
    return table.task_a + "__" + table.task_b


def field_name(name: str) -> str:
    """A column name as Vega-Lite reads it literally: dots and brackets are no paths.

    >>> field_name("a.b[1]")
    'a\\\\.b\\\\[1\\\\]'
    """
    return name.replace("\\", "\\\\").replace(".", "\\.").replace("[", "\\[").replace("]", "\\]")


def _plain(value):
    if isinstance(value, str) or value is None:
        return value
    return None if pd.isna(value) else float(f"{value:.6g}") if isinstance(value, float) else int(value)
