"""Metric × method grids, metrics grouped by category: shared by the coefficient and the correlation figure."""

from ._style import QUIET, words


def label_metrics(axis, metrics, categories, *, names=True, right=False) -> None:
    """Write the metric names as rows, rule a line between categories, and name the categories at the right if asked."""
    axis.set_ylim(len(metrics) - 0.5, -0.5)
    axis.set_yticks(range(len(metrics)), metrics if names else [""] * len(metrics))
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    first = 0
    for row in range(1, len(metrics) + 1):
        if row == len(metrics) or categories[metrics[row]] != categories[metrics[first]]:
            if row < len(metrics):
                axis.axhline(row - 0.5, color=QUIET, lw=0.7)
            if right:
                axis.text(
                    1.02,
                    (first + row - 1) / 2,
                    words(categories[metrics[first]]),
                    rotation=270,
                    va="center",
                    ha="left",
                    color=QUIET,
                    size=6.5,
                    transform=axis.get_yaxis_transform(),
                )
            first = row


def label_methods(axis, methods) -> None:
    """Write the method names below the columns."""
    axis.set_xlim(-0.5, len(methods) - 0.5)
    axis.set_xticks(range(len(methods)), methods, rotation=90)
