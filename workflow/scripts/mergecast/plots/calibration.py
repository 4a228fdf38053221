"""How many calibration images the metrics that look at images need."""

import textwrap

import pandas as pd
from matplotlib.figure import Figure

from ._style import BLUE, FAINT, QUIET, VERMILION, headline, panels, styled, words
from ._tables import by_category, require, unique


@styled
def draw(calibration: pd.DataFrame, categories: dict[str, str]) -> Figure:
    """One panel a metric, over the number of images: Spearman with itself at the most images, and with the target.

    Blue: the order of pairs against that from the most images, mean over methods. Vermilion: Spearman with the target, a
    faint line a method and their mean. Raises MergecastError on an empty table.
    """
    columns = ("n_images", "metric", "method", "spearman_with_largest", "spearman_with_target")
    table = require(calibration, "calibration", *columns).sort_values("n_images", kind="stable")
    metrics, sizes = by_category(categories, table.metric), sorted(unique(table.n_images))
    figure, axes = panels(len(metrics), width=1.75, height=1.5, columns=5, sharex=True, sharey=True)
    for axis, metric in zip(axes, metrics, strict=True):
        mine = table[table.metric == metric]
        for _, line in mine.groupby("method", sort=False):
            axis.plot(line.n_images, line.spearman_with_target, color=VERMILION, lw=0.5, alpha=0.45)
        mean = mine.groupby("n_images")[["spearman_with_largest", "spearman_with_target"]].mean()
        axis.plot(mean.index, mean.spearman_with_target, color=VERMILION, marker="D", ms=3)
        axis.plot(mean.index, mean.spearman_with_largest, color=BLUE, marker="o", ms=3)
        axis.axhline(0, color=QUIET, lw=0.6)
        axis.set_xscale("log")
        axis.set_xticks(sizes, [f"{n:g}" for n in sizes])
        axis.set_xticks([], minor=True)
        axis.set_ylim(-1.05, 1.1)
        axis.grid(color=FAINT)
        axis.set_title("\n".join(textwrap.wrap(words(metric), 22)), size=7)
    for axis in axes[-axes[0].get_gridspec().ncols :]:
        axis.set_xlabel("images a task")
    figure.supylabel("Spearman ρ over pairs", size=8)
    marks = [axes[0].plot([], [], color=BLUE, marker="o", ms=3, label=f"with itself at {max(sizes):g} images")[0],
             axes[0].plot([], [], color=VERMILION, marker="D", ms=3, label="with the target (faint: a method)")[0]]  # fmt: skip
    figure.legend(handles=marks, loc="outside lower center", ncols=2)
    headline(
        figure,
        "How many images do the metrics need?",
        f"{len(metrics)} metrics that look at images, computed again from n = {', '.join(f'{n:g}' for n in sizes)} images a "
        "task. Blue near 1: the pairs stand in the same order as with the most images.",
    )
    return figure
