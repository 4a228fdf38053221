"""Do forecasts of pairs rank merges of more than two models?"""

import altair as alt

from ...plots import only_measured, rivals
from ..charts._panel import Figure, Panel, rows, spec
from ._section import Section, Table, best, told

NAME, TITLE = "subsets", "Merges of more than two"
NEEDS = ("subset_ranking", "subset_scores")
KINDS = ("predictor", "baseline", "measured")


def section(setting, facts) -> Section:
    """A scatter a method for the best of each kind, and all in a table."""
    ranking, scores = (setting.tables[name] for name in NEEDS)
    chosen = {found[0]: kind for kind in KINDS if (found := best(ranking, "spearman", kind))} or only_measured(ranking)
    methods = [m.name for m in facts.methods if m.name in set(ranking.method)]
    label = facts.target.replace("_", " ")
    return Section(NAME, TITLE, words(ranking), [_figure(scores, ranking, chosen, methods, label)], [_table(ranking, methods)])


def words(ranking) -> list[str]:
    """The best predictor against the best baseline and what measured pairs could do."""
    size, n = int(ranking["size"].max()), int(ranking.n_subsets.max())
    predictor, baseline, ceiling = (best(ranking, "spearman", kind) for kind in KINDS)
    found = []
    if predictor:
        rival = f"; the best baseline, {baseline[0]}, {told(baseline[1])}" if baseline else ""
        found.append(
            f"{n} random sets of {size} tasks were merged at once. Scored by the mean of its pairs' forecasts, the order of "
            f"sets under {predictor[0]} has a Spearman of {told(predictor[1])} with the measured merges (mean over "
            f"methods){rival}."
        )
    if ceiling:
        found.append(f"Even the measured pairs, were they known, reach {told(ceiling[1])}.")
    if not found:
        found.append(
            f"{n} random set{'s' if n > 1 else ''} of {size} tasks {'were' if n > 1 else 'was'} merged at once. No Spearman is "
            "defined under every method, so nothing can be said of their order."
        )
    missing = int(ranking.n_pairs_missing.max())
    if missing:
        found.append(f"{missing} pairs of these sets have no forecast and are left out of the means.")
    return found


def _figure(scores, ranking, chosen, methods, label) -> Figure:
    rho, panels = ranking.set_index(["method", "predictor"]).spearman, []
    for method in methods:
        mine = scores[(scores.method == method) & scores.predictor.isin(list(chosen))]
        texts = ", ".join(f"{name} {told(rho.get((method, name)))}" for name in chosen)
        chart = _chart(mine[["predictor", "kind", "tasks", "score", "measured"]].round(4), label)
        panels.append(
            Panel(method, spec(chart, f"Score against measured {label} of sets merged with {method}; Spearman: {texts}."))
        )
    colours = dict(zip(KINDS, ("blue", "orange", "green"), strict=True))
    shown = "; ".join(f"{colours[kind]}: {name}" for name, kind in chosen.items())
    return Figure(
        "subsets",
        "Score of a set against its measured merge",
        f"A point is a set of tasks merged at once; its score is the mean over its pairs. Shown is the best of "
        f"each kind: {shown}.",
        f"{len(panels)} scatter plots, one a merge method.",
        panels,
        least=230,
        most="26rem",
    )


def _chart(mine, label):
    scale = alt.Scale(zero=False, padding=8)
    colour = alt.Color("kind:N", scale=alt.Scale(domain=list(KINDS), range="category"), legend=None)
    shape = alt.Shape("kind:N", scale=alt.Scale(domain=list(KINDS), range=["circle", "diamond", "cross"]), legend=None)
    tips = [alt.Tooltip("tasks:N"), alt.Tooltip("predictor:N"), alt.Tooltip("score:Q", format=".3f"),
            alt.Tooltip("measured:Q", format=".3f")]  # fmt: skip
    return alt.Chart(rows(mine[mine.score.notna()])).mark_point(filled=True, size=42, opacity=0.8).encode(
        x=alt.X("measured:Q", scale=scale, title=f"measured {label}", axis=alt.Axis(tickCount=4)),
        y=alt.Y("score:Q", scale=scale, title="score", axis=alt.Axis(tickCount=4)),
        color=colour, shape=shape, tooltip=tips,
    ).properties(height=200)  # fmt: skip


def _table(ranking, methods) -> Table:
    by, lines = ranking.set_index(["predictor", "method"]), []
    for name, kind in rivals(ranking).items():
        cells = []
        for method in methods:
            if (name, method) not in by.index:
                cells.append("–")
                continue
            row = by.loc[(name, method)]
            cells.append(f"{told(row.spearman)} [{told(row.spearman_low)}, {told(row.spearman_high)}]")
        lines.append((kind, [name, kind, told(ranking.loc[ranking.predictor == name, "spearman"].mean()), *cells]))
    head = [("predictor", False), ("kind", False), ("mean ρ", True), *((method, True) for method in methods)]
    return Table(head, lines, "Spearman ρ between scores and measured merges, with 95 % bootstrap interval.")
