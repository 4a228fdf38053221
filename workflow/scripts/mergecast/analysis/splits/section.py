"""How far the forecast carries where less is known."""

import pandas as pd

from ...charts import SPLIT_NAMES, number
from ...tables.reading import best
from .._section import Section
from .figure import draw


def section(setting) -> Section | None:
    """Nothing where only one split was run."""
    scores, folds = (table[table.target == setting.target] for table in map(setting.tables.get, ("scores", "folds")))
    splits = [split for split in SPLIT_NAMES if split in set(scores.split)]
    if len(splits) < 2:
        return None
    return Section(words(scores, folds[folds.split == "disjoint"], splits), [draw(setting)])


def words(scores: pd.DataFrame, halves: pd.DataFrame, splits) -> list[str]:
    """How far the best predictor and the best baseline of each split get."""
    sentences = []
    for split in splits:
        mine = scores[scores.split == split]
        predictor, baseline = best(mine, "q2", "predictor"), best(mine, "q2", "baseline")
        if predictor:
            rival = f", the best baseline {number(baseline[1])} ({baseline[0]})" if baseline else ""
            sentences.append(
                f"{SPLIT_NAMES[split].capitalize()}: the best predictor reaches a Q² of {number(predictor[1])} "
                f"({predictor[0]}){rival}."
            )
    if len(halves):
        predictor = best(scores[scores.split == "disjoint"], "mean_r", "predictor")
        if predictor:
            r = halves.loc[halves.predictor == predictor[0], "pearson"].dropna()
            sentences.append(
                f"Trained on the pairs of one half of the tasks and tested on the other, {predictor[0]} has r between "
                f"{number(r.quantile(0.05))} and {number(r.quantile(0.95))} in nine of ten of {len(r)} half × method folds."
            )
    return sentences
