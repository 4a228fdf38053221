"""The look that all figures share, and deterministic files.

Colours are Okabe & Ito's, told apart by readers with any colour vision, and in grey print by marker or hatch as well.
"""

import math
from functools import wraps

import matplotlib
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from ..files import atomic

BLUE, VERMILION, GREEN, PURPLE, SKY, YELLOW = "#0072B2", "#D55E00", "#009E73", "#AA5A8C", "#56B4E9", "#B08600"
INK, QUIET, FAINT, MISSING = "#1a1a1a", "#6b6b6b", "#d5d5d5", "#ececec"
SEQUENTIAL, DIVERGING = "viridis", "PuOr_r"
TARGET_NAMES = {
    "retained_a": "normalised accuracy kept by the first task",
    "retained_b": "normalised accuracy kept by the second task",
}
PARAMETERS = {
    "font.family": "DejaVu Sans",
    "font.size": 7.5,
    "axes.titlesize": 8.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 7.5,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "figure.titlesize": 10,
    "figure.titleweight": "bold",
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.edgecolor": QUIET,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": FAINT,
    "grid.linewidth": 0.5,
    "lines.linewidth": 1.2,
    "hatch.linewidth": 0.5,
    "savefig.facecolor": "white",
    "svg.fonttype": "path",
    "svg.hashsalt": "mergecast",
    "pdf.fonttype": 42,
    "text.hinting": "none",  # so that words take the same room at any resolution, as the layout expects
    "figure.constrained_layout.w_pad": 0.06,
    "figure.constrained_layout.h_pad": 0.06,
}


def styled(draw):
    """Run a drawing function under the shared style, whatever the caller's settings are."""

    @wraps(draw)
    def inside(*args, **kwargs):
        with matplotlib.rc_context(PARAMETERS):
            return draw(*args, **kwargs)

    return inside


def panels(n: int, *, width: float, height: float, columns: int = 4, **subplots):
    """A figure of `n` panels of `width` × `height` inches, at most `columns` abreast: (figure, list of axes)."""
    columns, grow = min(n, columns), {1: 1.7, 2: 1.3}.get(n, 1.0)  # a few panels may be larger
    rows = math.ceil(n / columns)
    columns = math.ceil(n / rows)
    figure = Figure(figsize=(max(width * grow * columns, 4.8), height * grow * rows + 0.6), layout="constrained")
    axes = list(figure.subplots(rows, columns, squeeze=False, **subplots).flat)
    for empty in axes[n:]:
        empty.set_axis_off()
    return figure, axes[:n]


def headline(figure: Figure, title: str, note: str) -> None:
    """A bold title on the left, and below it a quiet line that says what is drawn and from how many."""
    width, height = figure.get_size_inches()
    lines = _wrapped(note, int(width * 17))
    top = 0.30 + 0.145 * len(lines)
    figure.set_size_inches(width, height + top)
    height += top
    figure.get_layout_engine().set(rect=(0, 0, 1, 1 - top / height))
    figure.text(0.08 / width, 1 - 0.08 / height, title, va="top", weight="bold", size=10)
    figure.text(0.08 / width, 1 - 0.28 / height, "\n".join(lines), va="top", size=7.5, color=QUIET, linespacing=1.25)


def words(name: str) -> str:
    """A published name as it is read: underscores become spaces."""
    return str(name).replace("_", " ")


def target_name(target: str) -> str:
    """A target as it is read.

    >>> target_name("loss_increase"), target_name("retained_a")
    ('loss increase', 'normalised accuracy kept by the first task')
    """
    return TARGET_NAMES.get(target, words(target))


def number(value: float, digits: int = 2) -> str:
    """A number for a label; a true minus sign; "undefined" where there is none.

    >>> number(-0.5), number(float("nan"))
    ('−0.50', 'undefined')
    """
    if value is None or math.isnan(value):
        return "undefined"
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")  # no "−0.00"


def ink_on(rgba) -> str:
    """Black or white, whichever is easier to read on a colour."""
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in rgba[:3]]
    return INK if 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] > 0.2 else "white"


def save(figure: Figure, svg_path, pdf_path) -> None:
    """Write a figure as SVG and as PDF: whole or not at all, the same bytes each time, fonts embedded, no dates.

    The layout is worked out once and then kept: it starts from where things are, so that each time would move them.
    Raises MergecastError when a file cannot be written.
    """
    with matplotlib.rc_context(PARAMETERS):
        if isinstance(figure.get_layout_engine(), ConstrainedLayoutEngine):
            for _ in range(2):  # the first pass does not yet know the size of panels of fixed aspect
                figure.draw_without_rendering()
            figure.set_layout_engine("none")
        with atomic(svg_path) as path:
            figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
        with atomic(pdf_path) as path:
            figure.savefig(path, format="pdf", metadata={"CreationDate": None, "Creator": None, "Producer": None})


def _wrapped(text: str, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
