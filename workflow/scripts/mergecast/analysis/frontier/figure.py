"""Q² with both tasks unseen against seconds, one panel for each number of checkpoints and methods."""

import altair as alt
import numpy as np

from ...charts import Figure, Panel, number, rows, spec
from ...tables.reading import require

KINDS = {"forecast": "blue", "measuring a little": "orange", "both": "green"}
LEAST = 1e-3  # seconds: where what costs nothing stands


def draw(setting) -> Figure:
    """A line joins the options that none is as cheap and as good as. Raises MergecastError on an empty table."""
    table = require(setting.tables["frontier"], "frontier", "option", "q2", "seconds", "checkpoints", "methods", "on_frontier")
    table = table.assign(kind=table.option.map(kind), shown=np.maximum(table.seconds, LEAST), high=np.maximum(table.q2, -0.5))
    panels = []
    for (n, methods), mine in table.groupby(["checkpoints", "methods"], sort=True):
        best = mine[mine.on_frontier].sort_values("seconds")
        said = f"{n} checkpoints, {methods} method{'s' if methods > 1 else ''}"
        described = "; ".join(f"{row.option}: Q² {number(row.q2)}, {number(row.seconds, 1)} s" for row in best.itertuples())
        panels.append(Panel(said, spec(_chart(mine), f"Q² against seconds for {said}. On the frontier: {described}.")))
    return Figure(
        "frontier",
        "Quality against cost",
        "A mark is a way to know how all pairs of so many new checkpoints merge. Q²: with both tasks unseen, mean over "
        "methods; what is worse than −0.5 stands at the lower edge. Seconds: without the start of jobs. Blue: features and "
        "forecasts. Orange: every pair merged and tested on a few images, or each checkpoint with a few anchors. Green: both. "
        "The line joins what is on the frontier.",
        f"{len(panels)} scatter plots, one per number of checkpoints and of methods.",
        panels,
        least=230,
        width=200,
        columns=4,
    )


def kind(option: str) -> str:
    """What an option is made of.

    Parameters
    ----------
    option : str

    Returns
    -------
    str
        One of `KINDS`.
    """
    measures, features = "images" in option or "anchor" in option, "additive" in option
    return "both" if measures and features else "measuring a little" if measures else "forecast"


def _chart(mine):
    colour = alt.Color("kind:N", scale=alt.Scale(domain=list(KINDS), range="category"), legend=None)
    shape = alt.Shape("kind:N", scale=alt.Scale(domain=list(KINDS), range=["circle", "diamond", "cross"]), legend=None)
    tips = [alt.Tooltip("option:N"), alt.Tooltip("q2:Q", title="Q²", format=".2f"), alt.Tooltip("mae:Q", format=".3f"),
            alt.Tooltip("seconds:Q", format=".3s"), alt.Tooltip("forwards:Q", format=","),
            alt.Tooltip("merges:Q", format=",")]  # fmt: skip
    x = alt.X("shown:Q", scale=alt.Scale(type="log"), title="seconds", axis=alt.Axis(tickCount=4, format="~g"))
    y = alt.Y("high:Q", scale=alt.Scale(domain=[-0.5, 1]), title="Q²", axis=alt.Axis(tickCount=4))
    columns = ["option", "kind", "shown", "high", "q2", "mae", "seconds", "forwards", "merges"]
    points = alt.Chart(rows(mine[columns].round(5))).mark_point(filled=True, size=55, opacity=0.9)
    line = alt.Chart(rows(mine[mine.on_frontier][columns].round(5))).mark_line(strokeWidth=1, interpolate="step-after")
    return alt.layer(line.encode(x=x, y=y), points.encode(x=x, y=y, color=colour, shape=shape, tooltip=tips))
