"""One row per predictor: its scores under every split, and the folds of disjoint halves as boxes."""

import altair as alt

from ...charts import SPLIT_NAMES, Figure, Panel, rows, spec
from ...tables.reading import require, rivals

STATISTICS = (("q2", "Q²"), ("centred_r", "Centred r"))
LOWEST = -1.0  # what lies below is drawn there


def draw(setting) -> Figure:
    """Means over methods, for the headline target. Raises MergecastError on an empty table."""
    scores, folds = (table[table.target == setting.target] for table in map(setting.tables.get, ("scores", "folds")))
    require(
        scores, "scores", "predictor", "kind", "split", *(f"{part}{name}" for name, _ in STATISTICS for part in ("", "null_"))
    )
    halves, splits = folds[folds.split == "disjoint"], [split for split in SPLIT_NAMES if split in set(scores.split)]
    kinds, panels = rivals(scores), []
    names = list(kinds)
    for column, title in STATISTICS:
        mean = scores.groupby(["predictor", "split"], sort=False)[[column, f"null_{column}"]].mean().reset_index()
        mean = mean[mean[column].notna()].rename(columns={column: "score", f"null_{column}": "null"}).round(4)
        mean["split"] = mean.split.map(SPLIT_NAMES)
        panels.append(
            Panel(title, spec(_dots(mean, names, splits, title), f"{title} by predictor and split, mean over methods."))
        )
    if len(halves):
        alternative = f"Distribution of r over {halves.fold.nunique()} random halves by predictor."
        panels.append(Panel("Transfer between halves (r of a fold)", spec(_boxes(halves, kinds), alternative)))
    boxes = f"box: quartiles, line: 5th to 95th percentile of {halves.fold.nunique()} halves × methods. " if len(halves) else ""
    return Figure(
        "splits",
        "The same forecasts where less is known",
        f"Means over n = {scores.method.nunique()} methods. Leave one task out: the pairs of one task are unseen. Leave two "
        "tasks out: one pair is predicted from all pairs that share no task with it. Disjoint halves: trained inside one "
        f"random half of the tasks, tested inside the other; {boxes}0: the mean of the training pairs; what lies below −1 is "
        "drawn at −1. Upright strokes: the same after relabelling tasks.",
        "Dot plots of Q² and centred r by predictor and split.",
        panels,
        least=320,
        width=210,
        columns=3,
    )


def _y(names):
    return alt.Y("predictor:N", sort=names, scale=alt.Scale(domain=names), title=None, axis=alt.Axis(labelLimit=150, grid=True))


def _dots(mean, names, splits, title):
    labels = [SPLIT_NAMES[split] for split in splits]
    data, offset = rows(mean), alt.YOffset("split:N", sort=labels, scale=alt.Scale(domain=labels))
    tips = [alt.Tooltip("predictor:N"), alt.Tooltip("split:N"), alt.Tooltip("score:Q", title=title, format=".3f"),
            alt.Tooltip("null:Q", title="null mean", format=".3f")]  # fmt: skip
    legend = alt.Legend(title=None, orient="top", columns=1, labelLimit=0)
    colour = alt.Color("split:N", scale=alt.Scale(domain=labels, range="category"), legend=legend)
    shape = alt.Shape("split:N", scale=alt.Scale(domain=labels, range=["circle", "triangle-up", "square"][: len(labels)]))
    low = max(LOWEST, min([-0.1, *mean.score, *mean.null.dropna()]))
    scale = alt.Scale(domain=[low, max([0.5, *mean.score])], nice=False, clamp=True)
    x = alt.X("score:Q", title=title, scale=scale, axis=alt.Axis(tickCount=5))
    nulls = alt.Chart(data).transform_filter("datum.null !== null").mark_tick(style="quiet", size=7, thickness=1.5)
    points = alt.Chart(data).mark_point(filled=True, opacity=1, size=42)
    layers = [nulls.encode(x=alt.X("null:Q", scale=scale), y=_y(names), yOffset=offset),
              points.encode(x=x, y=_y(names), yOffset=offset, color=colour, shape=shape, tooltip=tips)]  # fmt: skip
    return alt.layer(*layers).properties(height=24 * len(names))


def _boxes(halves, kinds):
    groups = halves.dropna(subset="pearson").groupby("predictor", sort=False).pearson
    table = groups.quantile([0.05, 0.25, 0.5, 0.75, 0.95]).unstack()
    table.columns = ["p5", "p25", "p50", "p75", "p95"]
    table = table.assign(kind=table.index.map(kinds), n=groups.size()).reset_index()
    y = _y(list(kinds))
    colour = alt.Color("kind:N", scale=alt.Scale(domain=["predictor", "baseline"]), legend=None)
    tips = [alt.Tooltip("predictor:N"), alt.Tooltip("n:Q", title="defined folds")]
    tips += [
        alt.Tooltip(f"{name}:Q", title=f"{name[1:]}th percentile", format=".2f") for name in ("p5", "p25", "p50", "p75", "p95")
    ]
    base = alt.Chart(rows(table))
    x = alt.X("p5:Q", title="r of a fold", axis=alt.Axis(tickCount=5))
    layers = [
        alt.Chart(alt.Data(values=[{"zero": 0}])).mark_rule(style="quiet").encode(x="zero:Q"),
        base.mark_rule().encode(x=x, x2="p95:Q", y=y, color=colour),
        base.mark_bar(height=10, opacity=0.55).encode(x="p25:Q", x2="p75:Q", y=y, color=colour, tooltip=tips),
        base.mark_tick(style="strong", thickness=2.5, size=12).encode(x="p50:Q", y=y),
    ]
    return alt.layer(*layers).properties(height=24 * len(kinds))
