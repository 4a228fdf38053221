"""Scatter of a set's score against its measured merge, one panel per method, for the best predictor and baseline."""

import altair as alt
import pandas as pd

from ...charts import Figure, Panel, number, rows, spec, words
from ...tables.reading import best, only_measured, require, unique

KINDS = ("predictor", "baseline", "measured")
COLOURS = dict(zip(KINDS, ("blue", "orange", "green"), strict=True))


def draw(setting) -> Figure:
    """Beside both, the measured pairs, the best that scores of pairs can do. Raises MergecastError on an empty table."""
    scores = require(setting.tables["subset_scores"], "subset_scores", "predictor", "kind", "method", "score", "measured")
    ranking = require(setting.tables["subset_ranking"], "subset_ranking", "predictor", "kind", "method", "spearman", "size")
    kinds = {name[0]: kind for kind in KINDS if (name := best(ranking, "spearman", kind))} or only_measured(ranking)
    label, by, panels = words(setting.target), ranking.set_index(["method", "predictor"]), []
    for method in unique(ranking.method):
        mine = scores[(scores.method == method) & scores.predictor.isin(list(kinds))]
        texts = pd.DataFrame([{"kind": kind, "text": f"ρ {_spearman(by, method, name)}"} for name, kind in kinds.items()])
        described = ", ".join(f"{name} {number(by.spearman.get((method, name)))}" for name in kinds)
        chart = _chart(mine[["predictor", "kind", "tasks", "score", "measured"]].round(4), texts, label)
        described = f"Score against measured {label} of sets merged with {method}; Spearman: {described}."
        panels.append(Panel(method, spec(chart, described)))
    shown = "; ".join(f"{COLOURS[kind]}: {name}" for name, kind in kinds.items())
    return Figure(
        "subsets",
        "Score of a set against its measured merge",
        f"A point is one of n = {int(ranking.n_subsets.max())} random sets of {int(ranking['size'].max())} tasks, merged at "
        f"once; its score is the mean over its pairs, of forecasts less the training mean of their fold. Shown is the best of "
        f"each kind: {shown}. ρ: Spearman, with 95 % bootstrap interval.",
        f"{len(panels)} scatter plots, one per merge method.",
        panels,
        least=230,
        most="26rem",
        width=200,
        columns=4,
        by_method=True,
    )


def _spearman(by, method, name) -> str:
    row = by.loc[(method, name)]
    low, high = row.get("spearman_low"), row.get("spearman_high")
    return number(row.spearman) + (f" [{number(low)}, {number(high)}]" if pd.notna(low) and pd.notna(high) else "")


def _chart(mine, texts, label):
    kinds = list(KINDS)
    colour = alt.Color("kind:N", scale=alt.Scale(domain=kinds, range="category"), legend=None)
    shape = alt.Shape("kind:N", scale=alt.Scale(domain=kinds, range=["circle", "diamond", "cross"]), legend=None)
    tips = [alt.Tooltip("tasks:N"), alt.Tooltip("predictor:N"), alt.Tooltip("score:Q", format=".3f"),
            alt.Tooltip("measured:Q", format=".3f")]  # fmt: skip
    near = alt.Scale(zero=False, padding=8)
    points = alt.Chart(rows(mine[mine.score.notna()])).mark_point(filled=True, size=42, opacity=0.8).encode(
        x=alt.X("measured:Q", scale=near, title=f"measured {label}", axis=alt.Axis(tickCount=4)),
        y=alt.Y("score:Q", scale=near, title="score", axis=alt.Axis(tickCount=4)),
        color=colour, shape=shape, tooltip=tips,
    )  # fmt: skip
    layers = [points]
    for line, row in enumerate(texts.to_dict("records")):
        written = alt.Chart(alt.Data(values=[row])).mark_text(align="left", x=4, y=-6 - 14 * (len(texts) - 1 - line))
        layers.append(written.encode(text="text:N", color=colour))
    return alt.layer(*layers).properties(height=200)
