"""Trained on one setting, tested on another; and whether two settings lean on the same metrics."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ._grid import label_methods
from ._heat import heat
from ._style import SEQUENTIAL, headline, number, styled
from ._tables import require, unique


@styled
def draw(transfer: pd.DataFrame) -> Figure:
    """Heatmap train × test setting of mean r, averaged over methods, one panel a predictor.

    The diagonal is the same setting under leave-one-task-out. Raises MergecastError on an empty table.
    """
    require(transfer, "transfer", "predictor", "method", "train_setting", "test_setting", "target", "mean_r", "n_folds")
    settings, names = unique(pd.concat([transfer.train_setting, transfer.test_setting])), unique(transfer.predictor)
    mean = transfer.groupby(["predictor", "train_setting", "test_setting"], sort=False).mean_r.mean()
    low, high = np.nanmin([mean.min(), 0]), np.nanmax([mean.max(), 0.1])
    side = max(0.5 * len(settings), 0.9)
    columns = min(len(names), 4)
    rows = -(-len(names) // columns)
    figure = Figure(figsize=(max(columns * (side + 0.5) + 2.2, 4.8), rows * (side + 0.5) + 1.3), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, sharey=True, sharex=True).flat
    for axis, name in zip(axes, names, strict=False):
        grid = mean[name].unstack().reindex(index=settings, columns=settings)
        image = heat(axis, grid, colours=SEQUENTIAL, low=low, high=high, size=7, aspect="equal")
        label_methods(axis, settings)
        axis.set_yticks(range(len(settings)), settings)
        axis.set_title(name, loc="center")
    for axis in list(axes)[len(names) :]:
        axis.set_axis_off()
    figure.colorbar(image, ax=figure.axes, shrink=0.7, aspect=20, label="mean r")
    figure.supxlabel("tested on", size=8)
    figure.supylabel("trained on", size=8)
    same = transfer.train_setting == transfer.test_setting
    other = (
        "no two settings share four tasks, a target and a predictor"
        if same.all()
        else f"another: {number(transfer.mean_r[~same].mean())}"
    )
    headline(
        figure,
        "Does the forecast carry to another setting?",
        f"Mean Pearson r within a fold, mean over {len(unique(transfer.method))} methods, up to "
        f"n = {int(transfer.n_folds.max())} folds. Same setting: {number(transfer.mean_r[same].mean())}; "
        f"{other}. "
        "Tested on tasks that were not trained on; hatched: undefined.",
    )
    return figure
