"""A figure on paper: its panels side by side under its title, as SVG and PDF, the same bytes each time."""

import copy
import re

import vl_convert

from ..files import atomic
from . import theme
from .figure import VEGALITE, Figure

# The first is vl-convert's own, as wide as the others. In one weight: with two fonts, a PDF has other bytes each time.
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
ROOM = 960  # pixels that panels side by side may take
MARGIN = 130  # pixels that the labels of a panel take beside its plot
RESOURCES = re.compile(rb"(?:^ +/[a-z]{2}\d+ \d+ 0 R\n){2,}", re.MULTILINE)  # a name and its object per line
LETTER = 6.4  # mean width of a letter of the subtitle in pixels


def save(figure: Figure, svg_path, pdf_path) -> None:
    """Write a figure as SVG and as PDF: whole or not at all.

    Parameters
    ----------
    figure : Figure
    svg_path, pdf_path : Path or str

    Raises
    ------
    MergecastError
        When a file cannot be written.
    """
    whole = compose(figure)
    svg = vl_convert.vegalite_to_svg(whole, vl_version=VEGALITE, allowed_base_urls=[])
    pdf = ordered(vl_convert.vegalite_to_pdf(whole, vl_version=VEGALITE, allowed_base_urls=[]))
    with atomic(svg_path) as path:
        path.write_text(svg, encoding="utf-8")
    with atomic(pdf_path) as path:
        path.write_bytes(pdf)


def ordered(pdf: bytes) -> bytes:
    """The same PDF, the names of a page's resources in order: vl-convert lists them in another one each time.

    Parameters
    ----------
    pdf : bytes

    Returns
    -------
    bytes

    Examples
    --------
    >>> ordered(b"<<\\n  /xo9 27 0 R\\n  /xo2 13 0 R\\n>>\\n")
    b'<<\\n  /xo2 13 0 R\\n  /xo9 27 0 R\\n>>\\n'
    """
    return RESOURCES.sub(lambda block: b"".join(sorted(block[0].splitlines(keepends=True))), pdf)


def compose(figure: Figure) -> dict:
    """One specification for all panels, on white. What the page leaves to the pointer is at rest: nothing is picked.

    Parameters
    ----------
    figure : Figure

    Returns
    -------
    dict
        A specification of Vega-Lite.
    """
    panels = figure.choices or figure.panels
    most = figure.columns or max(1, ROOM // (figure.width + MARGIN))
    rows = -(-len(panels) // most)
    columns = -(-len(panels) // rows)
    views, params = [], {}
    for panel in panels:
        view = copy.deepcopy(panel.spec)
        params |= {param["name"]: param for param in view.pop("params", []) if "value" in param}
        for name in ("$schema", "description"):
            view.pop(name, None)
        heading = {"text": panel.title, "subtitle": panel.note} if panel.note else panel.title
        views.append(view | {"width": figure.width} | ({"title": heading} if panel.title else {}))
    letters = int(max(columns * (figure.width + MARGIN), 520) / LETTER)
    return {
        "config": theme.config(theme.LIGHT, FONT) | TITLES,
        "background": "white",
        "padding": 8,
        "title": {"fontSize": 16, "text": figure.title, "subtitle": _lines(figure.caption, letters), "offset": 14},
        "params": list(params.values()),
        "concat": views,
        "columns": columns,
        "spacing": 18,
        "resolve": {"scale": dict.fromkeys(("color", "size", "shape"), "independent")},
    }


TITLES = {
    "title": {
        "anchor": "start",
        "frame": "group",
        "fontSize": 13,
        "fontWeight": "normal",
        "color": theme.LIGHT["ink"],
        "subtitleColor": theme.LIGHT["quiet"],
        "subtitleFontSize": 12,
        "subtitlePadding": 3,
    }
}


def _lines(text: str, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
