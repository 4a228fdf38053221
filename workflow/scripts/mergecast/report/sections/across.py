"""Over settings: does a forecast carry to another setting, and do two settings lean on the same metrics?"""

import numpy as np

from ..charts._heat import heatmap
from ..charts._panel import Figure, Panel, spec
from ._section import Section, Table, share, target_name, told

NAME, TITLE = "across", "From one setting to another"
UNLIKE = "No two settings share four tasks, a target and a predictor"


def section(tables) -> Section | None:
    """Of the tables `transfer` and `setting_agreement`, those that there are and that have rows; None without any."""
    transfer, agreement = (tables[name] if name in tables and len(tables[name]) else None for name in
                           ("transfer", "setting_agreement"))  # fmt: skip
    if transfer is None and agreement is None:
        return None
    figures = [] if transfer is None else [_figure(transfer)]
    listed = [*([] if transfer is None else [_transfers(transfer)]), *([] if agreement is None else [_agreements(agreement)])]
    return Section(NAME, TITLE, words(transfer, agreement), figures, listed)


def words(transfer, agreement) -> list[str]:
    """Mean r on another setting against the same; agreement of coefficients."""
    found = []
    if transfer is not None:
        if (transfer.train_setting == transfer.test_setting).all():
            found.append(f"{UNLIKE}: nothing can be carried from one to another.")
        for predictor, mine in transfer.groupby("predictor", sort=False):
            same = mine.train_setting == mine.test_setting
            if same.all():
                continue
            home = f", against {told(mine.mean_r[same].mean())} on the same one" if same.any() else ""
            found.append(
                f"Trained on one setting and tested on another, {predictor} reaches r = "
                f"{told(mine.mean_r[~same].mean())}{home}."
            )
    if agreement is not None:
        found.append(
            f"Between settings, mean coefficients of {' and '.join(dict.fromkeys(agreement.predictor))} have the same sign on "
            f"{share(agreement.sign_agreement.mean())} of metrics (half by chance), and share "
            f"{told(5 * agreement.top5_overlap.mean(), 1)} of their five largest."
        )
    return found


def _figure(transfer) -> Figure:
    settings = list(dict.fromkeys([*transfer.train_setting, *transfer.test_setting]))
    mean = (
        transfer.groupby(["predictor", "train_setting", "test_setting"], sort=False)[["mean_r", "pooled_r"]]
        .mean()
        .reset_index()
    )
    domain, panels = (float(np.nanmin([mean.mean_r.min(), 0])), float(np.nanmax([mean.mean_r.max(), 0.1]))), []
    for predictor, mine in mean.groupby("predictor", sort=False):
        chart = heatmap(mine, "test_setting", "train_setting", "mean_r", xs=settings, ys=settings, domain=domain,
                        title="mean r", tips=[("pooled_r", "pooled r", ".2f")], row=36)  # fmt: skip
        panels.append(Panel(predictor, spec(chart, f"Mean r of {predictor}, trained on one setting and tested on another.")))
    return Figure(
        "transfer",
        "Trained on a row, tested on a column",
        "Mean r within a fold, mean over methods, on tasks that were not trained on. The diagonal is the same setting, leave "
        "one task out. Grey: undefined.",
        f"{len(panels)} heatmaps, setting by setting.",
        panels,
        least=300,
        most="34rem",
    )


def _transfers(transfer) -> Table:
    head = [("predictor", False), ("method", False), ("trained on", False), ("tested on", False), ("mean r", True),
            ("pooled r", True), ("MAE", True), ("metrics", True), ("tasks", True), ("undefined folds", True)]  # fmt: skip
    lines = [
        ("", [row.predictor, row.method, row.train_setting, row.test_setting, f"{told(row.mean_r)} ± {told(row.sd_r)}",
              told(row.pooled_r), told(row.mae, 3), str(row.n_metrics), str(row.n_tasks),
              f"{int(row.n_undefined)} of {int(row.n_folds)}"])
        for row in transfer.itertuples()
    ]  # fmt: skip
    return Table(head, lines, "Every transfer, by method.")


def _agreements(agreement) -> Table:
    several = "target" in agreement and agreement.target.nunique() > 1
    head = [*([("target", False)] if several else []), ("method", False), ("setting", False),
            ("with", False), ("same sign", True), ("shared of top five", True),
            ("r of coefficients", True)]  # fmt: skip
    lines = [
        ("", [*([target_name(row.target)] if several else []), row.method, row.setting_a, row.setting_b,
              share(row.sign_agreement), told(5 * row.top5_overlap, 0),
              told(row.coefficient_r)])
        for row in agreement.itertuples()
    ]  # fmt: skip
    return Table(head, lines, "Agreement of mean coefficients between settings.")
