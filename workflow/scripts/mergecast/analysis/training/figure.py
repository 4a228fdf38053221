"""Training loss and validation accuracy over steps, one small panel per task."""

import altair as alt
import pandas as pd

from ...charts import Figure, Panel, number, rows, span, spec
from ...errors import MergecastError
from ...tables.reading import require

POINTS = 100  # a training curve is averaged into at most as many points


def draw(setting) -> Figure:
    """Where zero-shot accuracies are known, they are the dashed lines. Raises MergecastError without curves or rows."""
    curves, checkpoints = setting.curves, setting.tables["checkpoints"]
    if not curves:
        raise MergecastError("training curves: there are none to draw; fine-tune at least one task")
    for task, curve in curves.items():
        require(curve, f"curves/{task}", "step", "train_loss", "validation_accuracy")
    known = "zero_shot_accuracy" in checkpoints
    single = checkpoints.set_index("task")
    top = max(float(curve.train_loss.quantile(0.995)) for curve in curves.values()) * 1.05
    panels = []
    for task, curve in curves.items():
        seen = curve.loc[curve.validation_accuracy.notna(), ["step", "validation_accuracy"]]
        first, last = curve.train_loss.iloc[[0, -1]]
        described = f"Training loss of {task} over {int(curve.step.max())} steps, from {first:.2f} to {last:.2f}."
        zero = single.zero_shot_accuracy[task] if known else None
        note = f"{number(zero)} → {number(single.fine_tuned_accuracy[task])}" if known else ""
        panels.append(Panel(task, spec(_curve(thin(curve), seen, zero, top), described), note))
    return Figure(
        "training",
        "Loss and accuracy while fine-tuning",
        f"{len(curves)} tasks, {span(curve.step.max() for curve in curves.values())} steps. Blue: training loss "
        "(cross-entropy, nats; left). Orange: validation accuracy (right)"
        + ("; dashed: zero-shot test accuracy. Beside each name: test accuracy, zero-shot → fine-tuned." if known else ".")
        + " Axes are the same in all panels.",
        f"{len(panels)} training curves, one per task.",
        panels,
        least=200,
        width=160,
        columns=4,
    )


def thin(curve: pd.DataFrame) -> pd.DataFrame:
    """`step, train_loss` averaged over equal runs of rows, at most `POINTS` of them.

    Parameters
    ----------
    curve : DataFrame

    Returns
    -------
    DataFrame
    """
    run = -(-len(curve) // POINTS)
    return curve[["step", "train_loss"]].groupby([i // run for i in range(len(curve))]).mean().round(6)


def _curve(loss, seen, zero, top):
    x = alt.X("step:Q", title="step", axis=alt.Axis(tickCount=3, grid=False))
    left = alt.Y("train_loss:Q", title=None, scale=alt.Scale(domain=[0, top]), axis=alt.Axis(tickCount=3))
    right = alt.Y(
        "accuracy:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(orient="right", tickCount=3, grid=False)
    )
    seen = seen.rename(columns={"validation_accuracy": "accuracy"})
    tips = [alt.Tooltip("step:Q", format=".0f"), alt.Tooltip("train_loss:Q", title="training loss", format=".3f")]
    falling = alt.Chart(rows(loss)).mark_line(style="predictor").encode(x=x, y=left, tooltip=tips)
    rising = (
        alt.Chart(rows(seen))
        .mark_line(style="baseline", point={"size": 22, "style": "baseline"})
        .encode(
            x=x,
            y=right,
            tooltip=[alt.Tooltip("step:Q"), alt.Tooltip("accuracy:Q", title="validation accuracy", format=".3f")],
        )
    )
    layers = [rising]
    if zero is not None:
        start = alt.Data(values=[{"accuracy": float(zero)}])
        layers.append(
            alt.Chart(start)
            .mark_rule(style="baseline", strokeDash=[4, 3])
            .encode(y=right, tooltip=[alt.Tooltip("accuracy:Q", title="zero-shot", format=".3f")])
        )
    return alt.layer(falling, alt.layer(*layers)).resolve_scale(y="independent").properties(height=120)
