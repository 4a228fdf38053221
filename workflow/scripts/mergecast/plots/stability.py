"""Does the forecast lean on the same metrics, with the same sign, whichever task is held out?"""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ._grid import label_methods, label_metrics
from ._heat import heat
from ._style import DIVERGING, headline, styled
from ._tables import by_category, require, unique


@styled
def draw(stability: pd.DataFrame, categories: dict[str, str]) -> Figure:
    """Heatmap metric × method: written, the percentage of folds that use the metric; coloured, how they agree on its sign.

    Colour is the share of folds with a positive coefficient less the share with a negative one: ±1 is the same sign in every
    fold, 0 is a toss-up or a metric that is never used. Raises MergecastError on an empty table.
    """
    require(stability, "stability", "predictor", "method", "metric", "selected", "sign_agreement", "mean", "n_folds")
    metrics, methods = by_category(categories, stability.metric), unique(stability.method)
    sign = np.sign(stability["mean"]) * (2 * stability.sign_agreement.fillna(0.5) - 1)
    wide = stability.assign(net=stability.selected * sign).pivot(index="metric", columns="method")
    net, used = (wide[column].loc[metrics, methods].to_numpy(float) for column in ("net", "selected"))
    text = [["–" if np.isnan(v) else f"{100 * v:.0f}" for v in row] for row in used]
    figure = Figure(figsize=(max(2.9 + 0.36 * len(methods), 4.1), 0.19 * len(metrics) + 1.3), layout="constrained")
    axis = figure.subplots()
    image = heat(axis, net, colours=DIVERGING, low=-1, high=1, text=text)
    label_methods(axis, methods)
    label_metrics(axis, metrics, categories, right=True)
    bar = figure.colorbar(image, ax=axis, shrink=0.5, aspect=28, pad=0.05, label="folds: positive − negative")
    bar.set_ticks([-1, 0, 1], labels=["−1", "0", "1"])
    headline(
        figure,
        "Are the same metrics used in every fold?",
        f"{unique(stability.predictor)[0]}. Number: percentage of n = {int(stability.n_folds.max())} folds in which the metric "
        "has a coefficient. Colour: ±1 is the same sign in all of them, 0 no agreement.",
    )
    return figure
