"""Whether a forecast carries to another setting."""

from ...charts import number
from .._section import Section, Table
from .figure import UNLIKE, draw


def section(across) -> Section:
    """A heatmap per predictor, and every transfer in a table."""
    table = across.tables["transfer"]
    return Section(words(table), [draw(across)], [listed(table)])


def words(transfer) -> list[str]:
    """Mean r on another setting against the same."""
    if (transfer.train_setting == transfer.test_setting).all():
        return [f"{UNLIKE[0].upper()}{UNLIKE[1:]}: nothing can be carried from one to another."]
    sentences = []
    for predictor, mine in transfer.groupby("predictor", sort=False):
        same = mine.train_setting == mine.test_setting
        if same.all():
            continue
        home = f", against {number(mine.mean_r[same].mean())} on the same one" if same.any() else ""
        sentences.append(
            f"Trained on one setting and tested on another, {predictor} reaches r = {number(mine.mean_r[~same].mean())}{home} "
            "(mean over folds)."
        )
    return sentences


def listed(transfer) -> Table:
    names = [("predictor", False), ("method", False), ("trained on", False), ("tested on", False)]
    numbers = ["mean r", "Q²", "centred r", "MAE", "metrics", "tasks", "undefined folds"]
    head = [*names, *((name, True) for name in numbers)]
    lines = [
        ("", [row.predictor, row.method, row.train_setting, row.test_setting, f"{number(row.mean_r)} ± {number(row.sd_r)}",
              number(row.q2), number(row.centred_r), number(row.mae, 3), str(row.n_metrics), str(row.n_tasks),
              f"{int(row.n_undefined)} of {int(row.n_folds)}"])
        for row in transfer.itertuples()
    ]  # fmt: skip
    return Table(head, lines, "Every transfer, by method.")
