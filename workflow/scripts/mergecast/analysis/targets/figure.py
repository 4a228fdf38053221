"""One panel per target, one row per predictor: a dot per method, a bar at their mean."""

import altair as alt

from ...charts import Figure, Panel, number, rows, spec, target_name
from ...tables.reading import require, rivals, unique


def draw(setting) -> Figure:
    """Leave one task out. Raises MergecastError on an empty table."""
    table = require(setting.tables["scores"], "scores", "predictor", "kind", "method", "split", "target", "mean_r", "n_folds")
    table = require(table[table.split == "loto"], "scores (split loto)")
    names, panels = list(rivals(table)), []
    low = min(-0.25, table.mean_r.min() if table.mean_r.notna().any() else 0)
    for target in unique(table.target):
        mine = table.loc[table.target == target, ["predictor", "kind", "method", "mean_r"]].round(4)
        alternative = f"Mean fold r of {len(names)} predictors for {target_name(target)}, a dot per method."
        panels.append(Panel(target_name(target), spec(_chart(mine, names, low), alternative)))
    return Figure(
        "targets",
        "One panel per target",
        f"Leave one task out; small dot: mean r over n = {int(table.n_folds.max())} folds of one merge method; bar and number: "
        "mean over methods. Orange: baselines. Where single_task is high, the target mostly says how hard the tasks are, not "
        "how the models combine.",
        f"{len(panels)} dot plots of mean fold r by predictor.",
        panels,
        least=280,
        width=190,
        columns=2,
    )


def _chart(mine, names, low):
    y = alt.Y("predictor:N", sort=names, scale=alt.Scale(domain=names), title=None, axis=alt.Axis(labelLimit=150, grid=True))
    scale = alt.Scale(domain=[low, 1], nice=False)
    colour = alt.Color("kind:N", scale=alt.Scale(domain=["predictor", "baseline"]), legend=None)
    tips = [alt.Tooltip("predictor:N"), alt.Tooltip("method:N"), alt.Tooltip("mean_r:Q", title="mean r", format=".3f")]
    x = alt.X("mean_r:Q", scale=scale, title="mean r within a fold")
    mean = mine.groupby(["predictor", "kind"], sort=False).mean_r.mean().reset_index()
    mean["text"] = mean.mean_r.map(number)
    zero = alt.Chart(alt.Data(values=[{"zero": 0}])).mark_rule(style="quiet").encode(x="zero:Q")
    dots = alt.Chart(rows(mine[mine.mean_r.notna()])).mark_circle(size=26, opacity=0.6)
    bars = alt.Chart(rows(mean[mean.mean_r.notna()])).mark_tick(style="strong", thickness=2.5, size=13)
    text = alt.Chart(rows(mean)).mark_text(align="left", dx=4, style="ink")
    return alt.layer(
        zero,
        dots.encode(x=x, y=y, color=colour, tooltip=tips),
        bars.encode(x="mean_r:Q", y=y, tooltip=tips[:1] + tips[2:]),
        text.encode(x=alt.value("width"), y=y, text="text:N"),
    ).properties(height=19 * len(names))
