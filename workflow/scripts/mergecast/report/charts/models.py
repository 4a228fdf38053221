"""The single models: where each task started, how far fine-tuning took it, and its training curve."""

import altair as alt
import pandas as pd

from ...plots import require
from ._panel import Figure, Panel, rows, spec

POINTS = 100  # a training curve is averaged into at most as many points


def singles(checkpoints: pd.DataFrame) -> Figure:
    """One row a task: chance, zero-shot and fine-tuned accuracy on one line, as far as they are known."""
    order = list(checkpoints.sort_values("fine_tuned_accuracy", ascending=False, kind="stable").task)
    kinds = {"chance_accuracy": "chance", "zero_shot_accuracy": "zero-shot", "fine_tuned_accuracy": "fine-tuned"}
    kinds = {column: kind for column, kind in kinds.items() if column in checkpoints}
    given = ["task", *(column for column in ("n_test_images",) if column in checkpoints)]
    long = checkpoints.melt(given, list(kinds), "kind", "accuracy").replace({"kind": kinds})
    y = alt.Y("task:N", sort=order, title=None)
    layers, shapes = [], ["cross", "diamond", "circle"][-len(kinds) :]
    if "zero_shot_accuracy" in checkpoints:
        spans = rows(checkpoints[["task", "zero_shot_accuracy", "fine_tuned_accuracy"]])
        line = alt.Chart(spans).mark_rule(style="quiet", strokeWidth=2)
        layers.append(line.encode(x="zero_shot_accuracy:Q", x2="fine_tuned_accuracy:Q", y=y))
    dots = (
        alt.Chart(rows(long))
        .mark_point(filled=True, size=85, opacity=1)
        .encode(
            x=alt.X("accuracy:Q", title="test accuracy (top-1)", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(tickCount=5)),
            y=y,
            color=alt.Color(
                "kind:N",
                sort=list(kinds.values()),
                scale=alt.Scale(domain=list(kinds.values()), range="category"),
                legend=alt.Legend(title=None, orient="top"),
            ),
            shape=alt.Shape("kind:N", scale=alt.Scale(domain=list(kinds.values()), range=shapes)),
            tooltip=[
                alt.Tooltip("task:N"),
                alt.Tooltip("kind:N"),
                alt.Tooltip("accuracy:Q", format=".3f"),
                *[alt.Tooltip("n_test_images:Q", title="test images") for _ in given[1:]],
            ],
        )
    )
    means = ", ".join(f"{kind} {checkpoints[column].mean():.2f}" for column, kind in kinds.items())
    told = f"Test accuracy of {len(order)} tasks: mean {means}."
    before = len(kinds) > 1
    return Figure(
        "singles",
        "Before and after fine-tuning" if before else "What the fine-tuned models reach",
        "Chance is one over the number of classes; zero-shot is the base with the task's frozen text head."
        if before
        else "Test accuracy of each fine-tuned model on its own task, as the tables give it.",
        told,
        [Panel("", spec(alt.layer(*layers, dots).properties(height=22 * len(order)), told))],
        least=320,
    )


def training(curves, checkpoints: pd.DataFrame) -> Figure:
    """Training loss and validation accuracy over steps, one small panel a task."""
    known = "zero_shot_accuracy" in checkpoints
    zero = dict(zip(checkpoints.task, checkpoints.zero_shot_accuracy, strict=True)) if known else {}
    top = max(float(curve.train_loss.quantile(0.995)) for curve in curves.values()) * 1.05
    panels = []
    for task, curve in curves.items():
        require(curve, f"curves/{task}", "step", "train_loss", "validation_accuracy")
        seen = curve.loc[curve.validation_accuracy.notna(), ["step", "validation_accuracy"]]
        first, last = curve.train_loss.iloc[[0, -1]]
        told = f"Training loss of {task} over {int(curve.step.max())} steps, from {first:.2f} to {last:.2f}."
        panels.append(Panel(task, spec(_curve(thin(curve), seen, zero.get(task), top), told)))
    return Figure(
        "training",
        "Loss and accuracy while fine-tuning",
        "Blue: training loss (cross-entropy, nats; left). Orange: validation accuracy (right); dashed: zero-shot test "
        "accuracy. Axes are the same in all panels.",
        f"{len(panels)} training curves, one a task.",
        panels,
        least=200,
    )


def thin(curve: pd.DataFrame) -> pd.DataFrame:
    """`step, train_loss` averaged over equal runs of rows, at most `POINTS` of them."""
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
