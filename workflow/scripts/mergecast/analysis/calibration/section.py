"""How many images settle the order of pairs."""

from ...charts import number
from .._section import Section
from .figure import draw

STEADY = 0.95  # Spearman with the largest size from which the order of pairs counts as settled


def section(setting) -> Section:
    """A small chart per metric."""
    return Section(words(setting.tables["calibration"]), [draw(setting)])


def words(table) -> list[str]:
    """Agreement with the most images at the fewest, and how many images settle it."""
    mean = table.groupby(["metric", "n_images"], sort=False).spearman_with_largest.mean().unstack()
    sizes = sorted(mean.columns)
    fewest = mean[sizes[0]].dropna()
    sentences = []
    if len(fewest):
        sentences.append(
            f"From {sizes[0]:g} images per task, pairs stand in nearly the same order as from {sizes[-1]:g} for "
            f"{int((fewest >= STEADY).sum())} of {len(fewest)} metrics (Spearman {STEADY} or more); the least steady is "
            f"{fewest.idxmin()} ({number(fewest.min())})."
        )
    target = table.assign(size=table.spearman_with_target.abs()).groupby("n_images")["size"].mean()
    sentences.append(
        f"The mean strength of Spearman with the target is {number(target.iloc[0])} at {sizes[0]:g} images and "
        f"{number(target.iloc[-1])} at {sizes[-1]:g}."
    )
    return sentences
