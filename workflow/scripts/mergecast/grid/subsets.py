"""Random subsets of the tasks, to merge more than two models: which ones, reproducibly."""

import math
from collections.abc import Sequence
from itertools import combinations

import numpy as np

from ..errors import MergecastError
from ..seeding import seed_for


def draw_subsets(tasks: Sequence[str], size: int, count: int, *, seed: int) -> dict[str, tuple[str, ...]]:
    """`count` distinct subsets of `size` tasks by id, "000" and on; the tasks of a subset in the order of `tasks`.

    Random draws, each subset as likely as any other; all of them, in lexicographic order, if there are no more than
    `count`. Which ones depends on the names of the tasks, the size and the seed, not on the tasks' order, and a larger
    count adds subsets behind the others unless it takes them all.

    Parameters
    ----------
    tasks : sequence of str
    size : int
        Tasks of a subset.
    count : int
        Subsets to draw.
    seed : int

    Returns
    -------
    dict of tuple of str
        Tasks by id.

    Raises
    ------
    MergecastError
        Unless 2 <= size <= number of tasks.
    """
    if not 2 <= size <= len(tasks):
        raise MergecastError(f"subsets.size is {size}; give a number from 2 to that of the tasks, {len(tasks)}")
    names = sorted(tasks)
    if math.comb(len(names), size) <= count:
        chosen = list(combinations(names, size))
    else:
        rng = np.random.default_rng(seed_for("subsets", size, *names, seed=seed))
        drawn: dict[tuple[str, ...], None] = {}
        while len(drawn) < count:
            drawn[tuple(names[index] for index in np.sort(rng.choice(len(names), size, replace=False)))] = None
        chosen = list(drawn)
    return {f"{number:03}": tuple(sorted(subset, key=list(tasks).index)) for number, subset in enumerate(chosen)}
