"""What is being forecast, and how much of it a baseline knows already."""

from ...charts import number, target_name
from ...tables.reading import best, unique
from .._section import Section
from .figure import draw


def section(setting) -> Section | None:
    """Nothing where only one target was forecast."""
    table = setting.tables["scores"]
    table = table[table.split == "loto"]
    targets = unique(table.target)
    return Section(words(table, targets), [draw(setting)]) if len(targets) > 1 else None


def words(table, targets) -> list[str]:
    """Best predictor and best baseline of each target."""
    sentences = []
    for target in targets:
        mine = table[table.target == target]
        predictor, baseline = best(mine, "mean_r", "predictor"), best(mine, "mean_r", "baseline")
        if predictor and baseline:
            verdict = "ahead of" if predictor[1] > baseline[1] else "behind"
            sentences.append(
                f"{target_name(target).capitalize()}: {predictor[0]} reaches a fold mean of r of {number(predictor[1])}, "
                f"{verdict} {baseline[0]} ({number(baseline[1])})."
            )
    single = table[table.predictor == "single_task"].groupby("target").mean_r.mean()
    if {"accuracy", "normalised_accuracy"} <= set(single.index):
        raw, normal = number(single["accuracy"]), number(single["normalised_accuracy"])
        sentences.append(
            f"The mean of the two single accuracies, with nothing fitted, has a fold mean of r of {raw} with accuracy and "
            f"{normal} with normalised accuracy: what a forecast of raw accuracy gains over that is less than its r suggests."
        )
    return sentences
