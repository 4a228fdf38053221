"""The same forecasts of different targets: what raw accuracy hides."""

import altair as alt

from ...plots import rivals
from ..charts._panel import Figure, Panel, rows, spec
from ._section import Section, best, target_name, told

NAME, TITLE = "targets", "What is forecast matters"
NEEDS = ("scores",)


def section(setting, facts) -> Section | None:
    """Nothing where only one target was forecast."""
    table = setting.tables["scores"]
    table = table[table.split == "loto"]
    targets = list(dict.fromkeys(table.target))
    if len(targets) < 2:
        return None
    return Section(NAME, TITLE, words(table, targets), [_figure(table, targets)])


def words(table, targets) -> list[str]:
    """Best predictor and best baseline of each target."""
    found = []
    for target in targets:
        mine = table[table.target == target]
        predictor, baseline = best(mine, "mean_r", "predictor"), best(mine, "mean_r", "baseline")
        if predictor and baseline:
            verdict = "ahead of" if predictor[1] > baseline[1] else "behind"
            found.append(
                f"{target_name(target).capitalize()}: {predictor[0]} reaches {told(predictor[1])}, {verdict} {baseline[0]} "
                f"({told(baseline[1])})."
            )
    single = table[table.predictor == "single_task"].groupby("target").mean_r.mean()
    if {"accuracy", "normalised_accuracy"} <= set(single.index):
        raw, normal = told(single["accuracy"]), told(single["normalised_accuracy"])
        found.append(
            f"The mean of the two single accuracies, with nothing fitted, has r = {raw} with accuracy and {normal} with "
            "normalised accuracy: what a forecast of raw accuracy gains over that is less than its r suggests."
        )
    return found


def _figure(table, targets) -> Figure:
    kinds, panels = rivals(table), []
    low = min(-0.25, table.mean_r.min() if table.mean_r.notna().any() else 0)
    for target in targets:
        mine = table.loc[table.target == target, ["predictor", "kind", "method", "mean_r"]].round(4)
        alternative = f"Mean fold r of {len(kinds)} predictors for {target_name(target)}, a dot a method."
        panels.append(Panel(target_name(target), spec(_chart(mine, list(kinds), low), alternative)))
    return Figure(
        "targets",
        "One panel a target",
        "Leave one task out; small dot: mean r over folds of one merge method; bar: mean over methods. Orange: baselines.",
        f"{len(panels)} dot plots of mean fold r by predictor.",
        panels,
        least=280,
    )


def _chart(mine, names, low):
    y = alt.Y("predictor:N", sort=names, scale=alt.Scale(domain=names), title=None, axis=alt.Axis(labelLimit=120, grid=True))
    scale = alt.Scale(domain=[low, 1], nice=False)
    colour = alt.Color("kind:N", scale=alt.Scale(domain=["predictor", "baseline"]), legend=None)
    tips = [alt.Tooltip("predictor:N"), alt.Tooltip("method:N"), alt.Tooltip("mean_r:Q", title="mean r", format=".3f")]
    x = alt.X("mean_r:Q", scale=scale, title="mean r within a fold")
    mean = mine.groupby(["predictor", "kind"], sort=False).mean_r.mean().dropna().reset_index()
    zero = alt.Chart(alt.Data(values=[{"zero": 0}])).mark_rule(style="quiet").encode(x="zero:Q")
    dots = alt.Chart(rows(mine[mine.mean_r.notna()])).mark_circle(size=26, opacity=0.6)
    bars = alt.Chart(rows(mean)).mark_tick(style="strong", thickness=2.5, size=13)
    return alt.layer(
        zero, dots.encode(x=x, y=y, color=colour, tooltip=tips), bars.encode(x="mean_r:Q", y=y, tooltip=tips[:1] + tips[2:])
    ).properties(height=19 * len(names))
