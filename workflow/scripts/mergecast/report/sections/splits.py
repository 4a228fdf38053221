"""The same forecasts where less is known: one task unseen, two tasks unseen, half of the tasks unseen."""

import altair as alt
import pandas as pd

from ...plots import rivals
from ..charts._panel import Figure, Panel, rows, spec
from ._section import SPLIT_NAMES, Section, best, told

NAME, TITLE = "splits", "Harder splits"
NEEDS = ("scores", "folds")
STATISTICS = (("pooled_r", "All pairs together (pooled r)"), ("mean_r", "Within a fold (mean r)"))


def section(setting, facts) -> Section | None:
    """Nothing where only one split was run."""
    scores, folds = (setting.tables[name][setting.tables[name].target == facts.target] for name in NEEDS)
    splits = [split for split in SPLIT_NAMES if split in set(scores.split)]
    if len(splits) < 2:
        return None
    halves = folds[folds.split == "disjoint"]
    return Section(NAME, TITLE, words(scores, halves, splits), [_figure(scores, halves, splits)])


def words(scores: pd.DataFrame, halves: pd.DataFrame, splits) -> list[str]:
    """How far the best predictor and the best baseline of each split get."""
    found = []
    for split in splits:
        mine = scores[scores.split == split]
        column = "pooled_r" if split == "l2to" else "mean_r"
        predictor, baseline = best(mine, column, "predictor"), best(mine, column, "baseline")
        if predictor:
            rival = f", the best baseline {told(baseline[1])} ({baseline[0]})" if baseline else ""
            label = "pooled r" if column == "pooled_r" else "mean r"
            found.append(
                f"{SPLIT_NAMES[split].capitalize()}: the best predictor reaches a {label} of {told(predictor[1])} "
                f"({predictor[0]}){rival}."
            )
    if len(halves):
        predictor = best(scores[scores.split == "disjoint"], "mean_r", "predictor")
        if predictor:
            r = halves.loc[halves.predictor == predictor[0], "pearson"].dropna()
            found.append(
                f"Trained on the pairs of one half of the tasks and tested on the other, {predictor[0]} has r between "
                f"{told(r.quantile(0.05))} and {told(r.quantile(0.95))} in nine of ten of {len(r)} half × method folds."
            )
    return found


def _figure(scores, halves, splits) -> Figure:
    kinds, panels = rivals(scores), []
    names = list(kinds)
    for column, title in STATISTICS:
        mean = scores.groupby(["predictor", "split"], sort=False)[[column, "null_mean"]].mean().reset_index()
        mean.loc[mean.split.map(dict(scores.groupby("split").null_statistic.first())) != column, "null_mean"] = None
        mean = mean[mean[column].notna()].rename(columns={column: "r"})
        mean["split"] = mean.split.map(SPLIT_NAMES)
        told_ = f"{title} by predictor and split, mean over methods."
        panels.append(Panel(title, spec(_dots(mean, names, splits), told_)))
    if len(halves):
        alternative = f"Distribution of r over {halves.fold.nunique()} random halves by predictor."
        panels.append(Panel("Transfer between halves (r of a fold)", spec(_boxes(halves, kinds), alternative)))
    return Figure(
        "splits",
        "The same forecasts where less is known",
        "Mean over methods. Leave one task out: the pairs of one task are unseen. Leave two tasks out: one pair is predicted "
        "from all pairs that share no task with it. Disjoint halves: trained inside one random half of the tasks, tested "
        "inside the other; box: quartiles, line: 5th to 95th percentile of half × method. Upright strokes: the same after "
        "relabelling tasks.",
        "Dot plots of r by predictor and split.",
        panels,
        least=320,
    )


def _y(names):
    return alt.Y("predictor:N", sort=names, scale=alt.Scale(domain=names), title=None, axis=alt.Axis(labelLimit=120, grid=True))


def _dots(mean, names, splits):
    labels = [SPLIT_NAMES[split] for split in splits]
    data, offset = rows(mean), alt.YOffset("split:N", sort=labels, scale=alt.Scale(domain=labels))
    tips = [alt.Tooltip("predictor:N"), alt.Tooltip("split:N"), alt.Tooltip("r:Q", format=".3f"),
            alt.Tooltip("null_mean:Q", title="null mean", format=".3f")]  # fmt: skip
    colour = alt.Color(
        "split:N", scale=alt.Scale(domain=labels, range="category"), legend=alt.Legend(title=None, orient="top", columns=2)
    )
    shape = alt.Shape("split:N", scale=alt.Scale(domain=labels, range=["circle", "triangle-up", "square"][: len(labels)]))
    x = alt.X("r:Q", title="r", scale=alt.Scale(zero=True, nice=True))
    nulls = alt.Chart(data).transform_filter("datum.null_mean !== null").mark_tick(style="quiet", size=7, thickness=1.5)
    points = alt.Chart(data).mark_point(filled=True, opacity=1, size=42)
    layers = [nulls.encode(x="null_mean:Q", y=_y(names), yOffset=offset),
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
    layers = [
        alt.Chart(alt.Data(values=[{"zero": 0}])).mark_rule(style="quiet").encode(x="zero:Q"),
        base.mark_rule().encode(x=alt.X("p5:Q", title="r of a fold"), x2="p95:Q", y=y, color=colour),
        base.mark_bar(height=10, opacity=0.55).encode(x="p25:Q", x2="p75:Q", y=y, color=colour, tooltip=tips),
        base.mark_tick(style="strong", thickness=2.5, size=12).encode(x="p50:Q", y=y),
    ]
    return alt.layer(*layers).properties(height=24 * len(kinds))
