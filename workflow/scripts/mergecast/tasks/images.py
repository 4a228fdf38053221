"""A task: labelled images in three splits, its class names, the prompts that describe them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from ..errors import MergecastError
from ..seeding import seed_for

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class Split:
    """Images and their class indices (int64, N).

    Those of a task are uint8, N×S×S×3: an array in memory, one mapped from a file, or `Resized` on the way there. Those
    of a source are any sequence of images (uint8, H×W grey or H×W×3): they may be decoded one by one, when they are
    asked for, and need not be of one size.
    """

    images: Sequence[np.ndarray]
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indices) -> "Split":
        """The images at `indices`, in that order.

        Parameters
        ----------
        indices : (n,) array of int, or slice

        Returns
        -------
        Split
            With their labels.
        """
        return Split(self.images[indices], self.labels[indices])


@dataclass(frozen=True)
class Splits:
    """What a source gives: images for training and testing, and the class names, in the order of the labels."""

    class_names: tuple[str, ...]
    train: Split
    test: Split
    prompts: tuple[str, ...] = ("a photo of {}.",)


@dataclass(frozen=True)
class Task:
    """A task ready to be learned: square RGB images, validation carved from train, prompts that hold `{}` once."""

    name: str
    source: str
    class_names: tuple[str, ...]
    prompts: tuple[str, ...]
    train: Split
    val: Split
    test: Split


@dataclass(frozen=True)
class Resized:
    """The images of a source at `chosen` (indices), as RGB of size×size: each made when it is reached, and not kept."""

    source: Sequence[np.ndarray]
    chosen: np.ndarray
    size: int

    def __len__(self) -> int:
        return len(self.chosen)

    def __iter__(self) -> Iterator[np.ndarray]:
        return (square(self.source[index], self.size) for index in self.chosen.tolist())

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Of all of them as one array: (N, S, S, 3)."""
        return (len(self), self.size, self.size, 3)


def square(image: np.ndarray, size: int) -> np.ndarray:
    """An image as RGB of size×size: shortest side resized bicubically, centre kept.

    Rounded as torchvision does it in CLIP's transform: the longest side down, the margin to the nearest, halves to even.

    Parameters
    ----------
    image : uint8 array, (H, W) grey or (H, W, 3)
    size : int
        In pixels.

    Returns
    -------
    (size, size, 3) uint8 array
    """
    if image.ndim == 2:
        image = np.repeat(image[..., None], 3, axis=-1)
    height, width = image.shape[:2]
    if (height, width) == (size, size):
        return image
    tall, wide = (int(size * side / min(height, width)) for side in (height, width))
    top, left = round((tall - size) / 2), round((wide - size) / 2)
    resized = Image.fromarray(image).resize((wide, tall), Image.Resampling.BICUBIC)
    return np.asarray(resized)[top : top + size, left : left + size]


def limit(available: int, most: int, *, task: str, part: str, seed: int) -> np.ndarray:
    """Sorted indices of at most `most` images of a split, seeded by the task's name and the split's; of all for 0.

    Parameters
    ----------
    available : int
        Number of images of the split.
    most : int
    task, part : str
        Names of the task and the split.
    seed : int

    Returns
    -------
    (n,) array of int
    """
    if not 0 < most < available:
        return np.arange(available)
    rng = np.random.default_rng(seed_for("limit", task, part, seed=seed))
    return np.sort(rng.choice(available, most, replace=False))


def carve(images: int, fraction: float, *, task: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Sorted indices of the images to train on and of those to validate on, chosen by the task's name.

    Parameters
    ----------
    images : int
        Number of train images.
    fraction : float
        Validated on are round(fraction × images) of them, at least one.
    task : str
    seed : int

    Returns
    -------
    two arrays of int
        To train on, to validate on.

    Raises
    ------
    MergecastError
        If nothing would be left to train on.
    """
    count = max(1, round(fraction * images))
    if count >= images:
        raise MergecastError(
            f"task {task}: its {images} train images cannot give a validation fraction of {fraction}; "
            "lower `validation_fraction` or give more images"
        )
    order = np.random.default_rng(seed_for("validation", task, seed=seed)).permutation(images)
    return np.sort(order[count:]), np.sort(order[:count])


def check(task: Task) -> Task:
    """The task itself, if it can be trained and tested; else MergecastError naming task, split and fault.

    Parameters
    ----------
    task : Task

    Returns
    -------
    Task

    Raises
    ------
    MergecastError
        For fewer than two classes, two of one name, a prompt that does not hold `{}` once, no prompt, an empty split, another
        number of labels than images, a label that is no class, images to train and validate on of one class alone.
    """
    if len(task.class_names) < 2:
        raise MergecastError(f"task {task.name}: has {len(task.class_names)} class; a task needs two or more")
    twice = sorted({name for name in task.class_names if task.class_names.count(name) > 1})
    if twice:
        raise MergecastError(f"task {task.name}: two classes are named {twice[0]!r}; rename one in `classes`")
    for prompt in task.prompts:
        if prompt.count("{}") != 1:
            raise MergecastError(f"task {task.name}: prompt {prompt!r} must hold {{}} once, for the class name")
    if not task.prompts:
        raise MergecastError(f"task {task.name}: has no prompt; give at least one with {{}} for the class name")
    for name in SPLITS:
        split = getattr(task, name)
        if len(split.images) != len(split.labels):
            raise MergecastError(
                f"task {task.name}: {name} has {len(split.images)} images but {len(split.labels)} labels; "
                "give one label an image"
            )
        if not len(split):
            raise MergecastError(f"task {task.name}: {name} is empty; give at least one image")
        outside = (split.labels < 0) | (split.labels >= len(task.class_names))
        if outside.any():
            raise MergecastError(
                f"task {task.name}: {name} has label {split.labels[outside][0]}, but there are "
                f"{len(task.class_names)} classes (0 to {len(task.class_names) - 1}); mend the labels or `classes`"
            )
    if len(np.unique(np.concatenate([task.train.labels, task.val.labels]))) < 2:
        raise MergecastError(f"task {task.name}: all its train images are of one class; a task needs two or more")
    return task
