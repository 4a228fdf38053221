"""Regret by budget, one line a strategy with its interval, one panel per split."""

import altair as alt

from ...charts import Figure, Panel, number, rows, spec, words
from ...tables.reading import require, unique

COLOURS = {"plan": "blue", "random_order": "orange", "best_method": "green", "task_effects": "purple"}
ASKED = {"l2to": "Both tasks new", "loto": "The model new, its partners known"}


def draw(setting) -> Figure:
    """The oracle, which loses nothing, is the line at 0. Raises MergecastError on an empty table."""
    table = require(setting.tables["planner"], "planner", "strategy", "split", "scope", "budget", "regret", "low", "high", "n")
    shown = table[(table.scope == "task") & table.strategy.isin(list(COLOURS))]
    label, panels = words(setting.target), []
    for split in unique(shown.split):
        mine = shown[shown.split == split]
        first = mine[mine.budget == mine.budget.min()]
        described = ", ".join(f"{words(row.strategy)} {number(row.regret, 3)}" for row in first.itertuples())
        described = f"Regret by number of merges, {ASKED[split].lower()}; after {int(first.budget.iloc[0])}: {described}."
        panels.append(Panel(ASKED[split], spec(_chart(mine, label), described)))
    colours = "; ".join(f"{COLOURS[name]}: {words(name)}" for name in unique(shown.strategy))
    return Figure(
        "planner",
        "What is lost after so many merges",
        f"Mean over n = {int(shown.n.max())} models of the {label} lost to the best partner and method of each, by the number "
        f"of merges tried (log scale); {int(shown.candidates.min())} candidates a model. Bands: 95 % bootstrap interval over "
        f"models. 0 is the oracle. {colours}.",
        f"{len(panels)} line charts, one per split.",
        panels,
        least=300,
        most="30rem",
        width=260,
        columns=2,
    )


def _chart(mine, label):
    names = list(COLOURS)
    colour = alt.Color("strategy:N", scale=alt.Scale(domain=names, range="category"), legend=None)
    dash = alt.StrokeDash(
        "strategy:N", scale=alt.Scale(domain=names, range=[[1, 0], [2, 2], [6, 3], [8, 3, 2, 3]]), legend=None
    )
    ticks = alt.Axis(values=sorted(mine.budget.unique().tolist()), format="d")
    x = alt.X("budget:Q", scale=alt.Scale(type="log", nice=False, padding=8), axis=ticks, title="merges tried")
    y = alt.Y("regret:Q", scale=alt.Scale(zero=True), title=f"regret ({label})", axis=alt.Axis(tickCount=5))
    tips = [alt.Tooltip("strategy:N"), alt.Tooltip("budget:Q", title="merges"), alt.Tooltip("regret:Q", format=".4f"),
            alt.Tooltip("low:Q", format=".4f"), alt.Tooltip("high:Q", format=".4f"),
            alt.Tooltip("hit_rate:Q", title="hit rate", format=".0%")]  # fmt: skip
    base = alt.Chart(rows(mine[["strategy", "budget", "regret", "low", "high", "hit_rate"]]))
    band = base.mark_area(opacity=0.13).encode(x=x, y=alt.Y("low:Q", title=f"regret ({label})"), y2="high:Q", color=colour)
    line = base.mark_line(point=True).encode(x=x, y=y, color=colour, strokeDash=dash, tooltip=tips)
    return alt.layer(band, line).properties(height=220)
