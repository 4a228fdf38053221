"""Handwritten digits: the 1,797 real images of 8×8 pixels that come with scikit-learn."""

import numpy as np

from ...errors import MergecastError
from ...seeding import seed_for
from .. import options
from ..images import Split, Splits

NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
PROMPTS = ("the digit {}", "a photo of the digit {}")
DEFAULTS = {"test": 400}


def read_options(row: dict) -> dict:
    """Options of a row.

    Parameters
    ----------
    row : mapping from column to text

    Returns
    -------
    mapping from option to bool, int or str

    Raises
    ------
    MergecastError
        As `options.read` does.
    """
    return options.read(row, DEFAULTS)


def load(row: dict, *, size: int, seed: int) -> Splits:
    """All digits, `test` of them (default 400) set aside by a choice seeded by the task's name.

    The grey levels 0 to 16 become 0 to 255.

    Parameters
    ----------
    row : mapping from column to text
    size : int
        Not used: the images are 8×8.
    seed : int

    Returns
    -------
    Splits

    Raises
    ------
    MergecastError
        As `options.read` does, and if `test` leaves no image to train on.

    Notes
    -----
    E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI, 1998, as bundled by scikit-learn
    (`sklearn.datasets.load_digits`).
    """
    from sklearn.datasets import load_digits

    test = read_options(row)["test"]
    data = load_digits()
    if test >= len(data.images):
        raise MergecastError(f"task {row['task']}: option test={test} leaves nothing of {len(data.images)} images; lower it")
    images = np.round(data.images * (255 / 16)).astype(np.uint8)
    labels = data.target.astype(np.int64)
    order = np.random.default_rng(seed_for("split", row["task"], seed=seed)).permutation(len(images))
    whole = Split(images, labels)
    return Splits(NAMES, whole.take(np.sort(order[test:])), whole.take(np.sort(order[:test])), PROMPTS)
