"""What choosing the merge method by forecast would cost or gain."""

import pandas as pd
from matplotlib.figure import Figure

from ._rows import colour, dress
from ._style import INK, QUIET, headline, number, styled
from ._tables import require, rivals


@styled
def draw(selection: pd.DataFrame, *, target: str = "normalised accuracy") -> Figure:
    """Bars, one a predictor: mean regret of taking the method it forecasts best, against always taking one method.

    Regret is the target lost to the best method of each pair, known only afterwards (the oracle, at 0). Dashed: always the
    method that is best on average in the training pairs. Raises MergecastError on an empty table.
    """
    table = require(selection, "selection", "predictor", "kind", "hits", "regret", "regret_fixed", "n")
    kinds = rivals(table)
    rows, fixed = table.set_index("predictor").loc[list(kinds)], table.regret_fixed.mean()
    figure = Figure(figsize=(5.4, 0.19 * len(kinds) + 0.8), layout="constrained")
    axis = figure.subplots()
    axis.axvline(fixed, color=INK, lw=1, ls=(0, (4, 3)), zorder=3)
    reach = max(rows.regret.max(), fixed)
    for row, (name, kind) in enumerate(kinds.items()):
        regret, hits = rows.regret[name], rows.hits[name]
        if pd.notna(regret):
            hatch = "/////" if kind == "baseline" else None
            axis.barh(row, regret, height=0.62, fc="white" if hatch else colour(kind), ec=colour(kind), hatch=hatch, lw=0.7)
        told = f"{number(regret, 3)}   best in {hits:.0%}" if pd.notna(regret) else "undefined"
        axis.text(1.06 * reach, row, told, va="center", size=6.5)
    axis.text(fixed, -0.62, "always the best on average", va="bottom", ha="center", size=6.5, color=QUIET)
    axis.set_xlim(0, 1.5 * reach)
    axis.set_xticks([tick for tick in axis.get_xticks() if tick <= reach * 1.02])
    axis.set_xlabel(f"mean regret ({target} lost to the best method of each pair; 0: oracle)")
    dress(axis, kinds)
    ahead = int((rows.regret < fixed).sum())
    headline(
        figure,
        "Does it pay to choose the method by forecast?",
        f"n = {int(table.n.max())} choices for pairs of held-out tasks. Dashed: no forecast, always the method that is best on "
        f"average; regret {number(fixed, 3)}. {ahead} of {len(kinds)} forecasts lose less than that.",
    )
    return figure
