"""Charts: each drawn once, by Altair, for the page, for SVG and for PDF. What an analysis needs to draw one is here.

from mergecast.charts import paper
from mergecast.analysis.pairs import figure
paper.save(figure.draw(setting), "pairs.svg", "pairs.pdf")
"""

from .figure import HOVERED, PICKED, Control, Figure, Panel, key, rows, spec
from .heat import Cells, heatmap
from .words import SPLIT_NAMES, interval, number, share, span, target_name, words

__all__ = ["HOVERED", "PICKED", "Cells", "Control", "Figure", "Panel", "key", "rows", "spec", "heatmap"]
__all__ += ["SPLIT_NAMES", "interval", "number", "share", "span", "target_name", "words"]
