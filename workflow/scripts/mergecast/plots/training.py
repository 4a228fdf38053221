"""Fine-tuning: the loss, and where the accuracy started and ended."""

import pandas as pd
from matplotlib.figure import Figure

from ..errors import MergecastError
from ._style import BLUE, FAINT, QUIET, VERMILION, headline, number, panels, styled
from ._tables import require


@styled
def draw(curves: dict[str, pd.DataFrame], checkpoints: pd.DataFrame) -> Figure:
    """Training loss (left) and validation accuracy (right) over steps, one panel a task, axes shared.

    Dotted: the zero-shot test accuracy, from which fine-tuning started. The loss is drawn raw (faint) and as its
    running median over a twentieth of the steps. Without zero-shot accuracies the curves stand alone. Raises
    MergecastError without curves or for a curve without rows.
    """
    if not curves:
        raise MergecastError("training curves: there are none to draw; fine-tune at least one task")
    known = {"task", "zero_shot_accuracy", "fine_tuned_accuracy"} <= set(checkpoints)
    single = checkpoints.set_index("task") if known else pd.DataFrame()
    figure, axes = panels(len(curves), width=1.85, height=1.35, columns=5 if len(curves) > 8 else 4, sharex=True, sharey=True)
    top = max(curve.train_loss.quantile(0.995) for curve in curves.values() if len(curve))
    twins = []
    for axis, (task, curve) in zip(axes, curves.items(), strict=True):
        require(curve, f"curves/{task}", "step", "train_loss", "validation_accuracy")
        smooth = curve.train_loss.rolling(max(len(curve) // 20, 1), center=True, min_periods=1).median()
        axis.plot(curve.step, curve.train_loss, color=BLUE, lw=0.4, alpha=0.35)
        axis.plot(curve.step, smooth, color=BLUE)
        axis.set_title(task)
        axis.grid(color=FAINT)
        axis.set(ylim=(0, top * 1.05), xlim=(0, None))
        twin = axis.twinx()
        twins.append(twin)
        seen = curve[curve.validation_accuracy.notna()]
        twin.plot(seen.step, seen.validation_accuracy, color=VERMILION, marker="o", ms=2.5, lw=1)
        if task in single.index:
            before, after = single.loc[task, ["zero_shot_accuracy", "fine_tuned_accuracy"]]
            twin.axhline(before, color=VERMILION, lw=0.8, ls=":")
            text = f"{number(before)} → {number(after)}"
            axis.set_title(text, loc="right", weight="normal", size=6.5, color=VERMILION)
        twin.set(ylim=(0, 1.05))
        twin.spines.right.set_visible(True)
    columns = axes[0].get_gridspec().ncols
    for i, twin in enumerate(twins):
        if (i + 1) % columns and i + 1 < len(twins):
            twin.tick_params(right=False, labelright=False)
        else:
            twin.set_ylabel("validation accuracy", color=VERMILION)
        twin.spines.right.set_color(QUIET)
    figure.supxlabel("step", size=8)
    figure.supylabel("training loss (nats)", size=8, color=BLUE)
    steps = [int(curve.step.max()) for curve in curves.values()]
    span = f"{min(steps)}" if min(steps) == max(steps) else f"{min(steps)}–{max(steps)}"
    headline(
        figure,
        "Fine-tuning",
        f"{len(curves)} tasks, {span} steps."
        + (" Dotted: zero-shot test accuracy. Beside each name: test accuracy, zero-shot → fine-tuned." if known else ""),
    )
    return figure
