"""What every chart is made of: figures of panels, plain rows as data, colours named rather than given.

Colours come from `theme`: a mark refers to a style ("quiet", "missing", "predictor", "baseline", …) or to a range ("heatmap",
"diverging", "category"). The page draws the panels interactively, light or dark; `paper` puts them side by side on white.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import altair as alt
import pandas as pd
from altair.utils.schemapi import debug_mode

PICKED = "picked"  # the pair under the pointer, as "a__b", shared by all panels of a setting
VEGALITE = ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])  # the version of Vega-Lite that Altair writes for
HOVERED = f"datum.pair === {PICKED}"


@dataclass(frozen=True)
class Panel:
    """One Vega-Lite view: its heading (may be empty), its specification, and a few words beside the heading."""

    title: str
    spec: dict
    note: str = ""


@dataclass(frozen=True)
class Control:
    """A drop-down that sets a signal in every panel of the figure."""

    signal: str
    label: str
    options: Sequence[str]
    value: str


@dataclass(frozen=True)
class Figure:
    """Panels side by side under one heading.

    On the page `least` is the least width of a panel in CSS pixels, `most` the most that a lone one takes (CSS), `need` the
    width below which the figure scrolls sideways. On paper a panel's plot is `width` pixels wide, and at most `columns` stand
    side by side (0: as many as fit); where a reader of the page chooses by `controls`, paper shows their first choice, or the
    panels of `choices` in the place of all that may be chosen. `by_method`: a panel is of the merge method that is its title;
    the page shows the one that the reader chose, paper all of them.
    """

    name: str
    title: str
    caption: str
    alt: str
    panels: Sequence[Panel]
    least: int = 260
    most: str = "1fr"
    need: int = 0
    controls: Sequence[Control] = field(default_factory=tuple)
    width: int = 210
    columns: int = 0
    choices: Sequence[Panel] = field(default_factory=tuple)
    by_method: bool = False


def rows(table: pd.DataFrame) -> alt.Data:
    """A table as rows of plain values.

    Parameters
    ----------
    table : DataFrame

    Returns
    -------
    altair.Data
        Floats to six significant digits, undefined ones as null.
    """
    values = [{str(key): _plain(value) for key, value in row.items()} for row in table.to_dict("records")]
    with debug_mode(False):  # checking every row against the schema of Vega-Lite took most of the page's time
        return alt.Data(values=values)


def spec(chart, alternative: str, **parameters) -> dict:
    """A chart as a dictionary that fills its container's width, with signals and a description for screen readers.

    Parameters
    ----------
    chart : altair chart
    alternative : str
        The description.
    **parameters : object
        Signals by name, each with its first value.

    Returns
    -------
    dict
        A specification of Vega-Lite.
    """
    made = chart.to_dict(validate=False)  # its parts were checked as they were made
    made.pop("config", None)
    made |= {"description": alternative, "width": "container"}
    if parameters:
        made["params"] = [{"name": name, "value": value} for name, value in parameters.items()] + made.get("params", [])
    return made


def key(table: pd.DataFrame) -> pd.Series:
    """The pair's name, "a__b".

    Parameters
    ----------
    table : DataFrame
        With the columns `task_a` and `task_b`.

    Returns
    -------
    Series of str
    """
    return table.task_a + "__" + table.task_b


def _plain(value):
    if isinstance(value, str) or value is None:
        return value
    return None if pd.isna(value) else float(f"{value:.6g}") if isinstance(value, float) else int(value)
