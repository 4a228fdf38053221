"""Image tasks drawn by a program: nothing to download, and every image a function of the task's name and the seed."""

import numpy as np

from ...catalogue import unknown
from ...errors import MergecastError
from ...seeding import seed_for
from .. import options
from ..drawing.figures import FIGURES
from ..images import Split, Splits

DEFAULTS = {"figure": "", "train": 3000, "test": 400}


def read_options(row: dict) -> dict:
    """Options of a row, the figure by its name.

    Parameters
    ----------
    row : mapping from column to text

    Returns
    -------
    mapping from option to int or str

    Raises
    ------
    MergecastError
        As `options.read` does, and for an unknown figure.
    """
    chosen = options.read(row, DEFAULTS)
    chosen["figure"] = chosen["figure"] or row["task"]
    if chosen["figure"] not in FIGURES:
        raise MergecastError(f"task {row['task']}: {unknown('figure', chosen['figure'], FIGURES)}")
    return chosen


def load(row: dict, *, size: int, seed: int) -> Splits:
    """`train` and `test` images of the figure `figure` (default: named like the task), drawn at size×size.

    Parameters
    ----------
    row : mapping from column to text
    size : int
        In pixels.
    seed : int

    Returns
    -------
    Splits

    Raises
    ------
    MergecastError
        As `read_options` does.
    """
    chosen = read_options(row)
    name = chosen["figure"]
    figure = FIGURES[name]
    parts = []
    for part in ("train", "test"):
        rng = np.random.default_rng(seed_for("draw", row["task"], name, part, seed=seed))
        parts.append(Split(*figure.draw(chosen[part], size, rng)))
    return Splits(figure.class_names, *parts, figure.prompts)
