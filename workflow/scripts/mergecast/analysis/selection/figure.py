"""Bars, one per predictor: mean regret of taking the method it forecasts best, against always taking one method."""

import altair as alt
import pandas as pd

from ...charts import Figure, Panel, number, rows, share, spec, words
from ...tables.reading import require, rivals

TICKS = 5  # about as many numbers along the bottom


def draw(setting) -> Figure:
    """Regret is the target lost to the best method of each pair, known only afterwards.

    Raises MergecastError on an empty table.
    """
    table = require(setting.tables["selection"], "selection", "predictor", "kind", "hits", "regret", "regret_fixed", "n")
    names, label, fixed = list(rivals(table)), words(setting.target), float(table.regret_fixed.mean())
    shown = table[["predictor", "kind", "regret", "hits"]].copy()
    shown["text"] = [_beside(row) for row in shown.itertuples()]
    described = f"Bars of mean regret of {len(names)} predictors; the fixed choice loses {number(fixed, 3)}."
    return Figure(
        "selection",
        "Regret of choosing by forecast",
        f"n = {int(table.n.max())} choices for pairs of held-out tasks. 0 is the oracle, which knows the best method of each "
        f"pair. Dashed: always the method that is best on average in the training pairs; regret {number(fixed, 3)}. Beside "
        "each bar: regret, and how often the best method is named. Orange: baselines.",
        described,
        [Panel("", spec(_chart(shown, names, fixed, label), described))],
        least=320,
        most="46rem",
        width=420,
    )


def _beside(row) -> str:
    return "undefined" if pd.isna(row.regret) else f"{number(row.regret, 3)}  best in {share(row.hits)}"


def _chart(shown, names, fixed, label):
    y = alt.Y("predictor:N", sort=names, title=None, axis=alt.Axis(labelLimit=150))
    tips = [alt.Tooltip("predictor:N"), alt.Tooltip("kind:N"), alt.Tooltip("regret:Q", format=".4f"),
            alt.Tooltip("hits:Q", title="best method named", format=".0%")]  # fmt: skip
    colour = alt.Color("kind:N", scale=alt.Scale(domain=["predictor", "baseline"]), legend=None)
    base = alt.Chart(rows(shown))
    bars = base.mark_bar(height=12).encode(
        x=alt.X("regret:Q", title=f"mean {label} lost to the best method", axis=alt.Axis(tickCount=TICKS)),
        y=y,
        color=colour,
        tooltip=tips,
    )
    text = base.mark_text(align="left", dx=6, style="ink").encode(x=alt.value("width"), y=y, text="text:N")
    line = alt.Chart(alt.Data(values=[{"fixed": fixed}])).mark_rule(style="strong", strokeDash=[5, 4], strokeWidth=2)
    always = alt.Tooltip("fixed:Q", title="always the best on average", format=".4f")
    return alt.layer(bars, text, line.encode(x="fixed:Q", tooltip=always)).properties(height=19 * len(names))
