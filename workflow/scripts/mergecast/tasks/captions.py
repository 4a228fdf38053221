"""Captioned images to pre-train on: every image with, for each attribute it shows, the captions that state it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..errors import MergecastError
from .images import Task


@dataclass(frozen=True)
class Attribute:
    """Something captions state: its values as `phrases`, templates with `{}` for the phrase, and each image's value
    (int64, −1 where the image has none)."""

    name: str
    phrases: tuple[str, ...]
    templates: tuple[str, ...]
    labels: np.ndarray

    def captions(self, template: int) -> list[str]:
        """One caption per value, in the given template.

        Parameters
        ----------
        template : int
            Index into `templates`, counted round.

        Returns
        -------
        list of str
        """
        pattern = self.templates[template % len(self.templates)]
        return [pattern.replace("{}", phrase) for phrase in self.phrases]


@dataclass(frozen=True)
class Captioned:
    """Images (uint8, N×S×S×3) and their attributes."""

    images: np.ndarray
    attributes: tuple[Attribute, ...]


def drawn_corpus(images: int, *, size: int, seed: int) -> Captioned:
    """A corpus of drawn pictures of shapes, counts, textures, characters and lines, size×size.

    Parameters
    ----------
    images : int
        Number of pictures.
    size : int
        Their side, in pixels.
    seed : int

    Returns
    -------
    Captioned
    """
    from .drawing import corpus

    pictures, labels = corpus.draw(images, size=size, seed=seed)
    attributes = (Attribute(name, *corpus.ATTRIBUTES[name], values) for name, values in labels.items())
    return Captioned(pictures, tuple(attributes))


def task_corpus(tasks: Sequence[Task], *, mirrored: bool = False) -> Captioned:
    """The train images of tasks, each task one attribute: its class names in its prompts are the captions.

    Parameters
    ----------
    tasks : sequence of Task
    mirrored : bool, default False
        Whether each image comes a second time, left and right exchanged, for what looks alike then (no letters, no signs).

    Returns
    -------
    Captioned
        Tasks in their order; then, if mirrored, all of them again.

    Raises
    ------
    MergecastError
        If there is no task, or two have images of different sizes.
    """
    if not tasks:
        raise MergecastError("base: pre-training on tasks needs at least one task; list some in its `corpus`")
    sizes = {task.train.images.shape[1:] for task in tasks}
    if len(sizes) > 1:
        raise MergecastError(f"base: its tasks have images of different sizes {sorted(sizes)}; prepare them at one size")
    attributes, start = [], 0
    total = sum(len(task.train) for task in tasks)
    for task in tasks:
        labels = np.full(total, -1, np.int64)
        labels[start : start + len(task.train)] = task.train.labels
        attributes.append(Attribute(task.name, task.class_names, task.prompts, labels))
        start += len(task.train)
    images = np.concatenate([task.train.images for task in tasks])
    if mirrored:
        images = np.concatenate([images, images[:, :, ::-1]])
        attributes = [replace(attribute, labels=np.tile(attribute.labels, 2)) for attribute in attributes]
    return Captioned(images, tuple(attributes))
