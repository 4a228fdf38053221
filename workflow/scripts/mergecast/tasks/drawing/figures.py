"""Tasks we draw: each a family of scenes with one attribute to name, seen as the captioned corpus never shows it.

The corpus (module `corpus`) has light figures on dark, plain grounds. The tasks differ from it as real tasks differ
from web images: negatives, noise, clutter, blur, low contrast, other fonts. So the base knows their classes only
roughly, there is something to learn, and two tasks can ask for contrary things.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from . import canvas, glyphs, lines, scenes, shapes, textures

CHUNK = 500


@dataclass(frozen=True)
class Figure:
    """A drawn task: class names, prompts, and `scene(labels, size, rng)`, which draws one picture (uint8) per label."""

    class_names: tuple[str, ...]
    prompts: tuple[str, ...]
    scene: Callable

    def draw(self, count: int, size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Pictures with balanced labels.

        Parameters
        ----------
        count : int
            Number of pictures.
        size : int
            Their side, in pixels.
        rng : np.random.Generator

        Returns
        -------
        (count, size, size, 3) uint8 array
            The pictures.
        (count,) int64 array
            Indices into `class_names`.
        """
        labels = scenes.balanced(count, len(self.class_names), rng)
        parts = [self.scene(labels[start : start + CHUNK], size, rng) for start in range(0, count, CHUNK)]
        return np.concatenate(parts), labels


def _any(labels, classes, rng):
    return rng.integers(len(classes), size=len(labels))


def _shapes(labels, size, rng):
    """Turned further, on faintly textured grounds, with noise."""
    ground = canvas.dark(len(labels), size, rng)
    scenes.texture(ground, _any(labels, textures.TEXTURES, rng), _any(labels, canvas.COLOURS, rng), rng, contrast=(0.1, 0.3))
    solid_or_hollow = rng.integers(2, size=len(labels))
    picture = scenes.shape(
        ground, labels, _any(labels, canvas.COLOURS, rng), solid_or_hollow, rng, tilt=0.5, radius=(0.7, 0.95)
    )
    return canvas.finish(picture, rng, noise=0.08)


def _colours(labels, size, rng):
    """The colour a shape had before the picture was turned into its negative."""
    ground = canvas.dark(len(labels), size, rng)
    picture = scenes.shape(ground, _any(labels, shapes.SHAPES, rng), labels, _any(labels, shapes.FILLS, rng), rng)
    return canvas.finish(1 - picture, rng, noise=0.08)


def _grounds(labels, size, rng):
    """The colour of the ground, behind shapes and lines of other colours."""
    ground = canvas.fill(canvas.colours(labels, rng) * rng.uniform(0.5, 1, (len(labels), 1)), size)
    other = (labels + rng.integers(1, len(canvas.COLOURS), len(labels))) % len(canvas.COLOURS)
    scenes.shape(ground, _any(labels, shapes.SHAPES, rng), other, np.zeros(len(labels), int), rng, radius=(0.6, 0.8))
    picture = scenes.line(ground, _any(labels, lines.LINES, rng), _any(labels, canvas.COLOURS, rng), rng)
    return canvas.finish(picture, rng, noise=0.08)


def _positions(labels, size, rng):
    """Where a shape is, over a line that crosses the picture."""
    ground = canvas.dark(len(labels), size, rng, brightest=0.5)
    scenes.line(ground, _any(labels, lines.LINES, rng), _any(labels, canvas.COLOURS, rng), rng, width=(0.04, 0.07))
    picture = scenes.shape(
        ground,
        _any(labels, shapes.SHAPES, rng),
        _any(labels, canvas.COLOURS, rng),
        np.zeros(len(labels), int),
        rng,
        cells=labels,
    )
    return canvas.finish(picture, rng, noise=0.08)


def _counts(labels, size, rng):
    """How many shapes there are, on negatives."""
    ground = canvas.dark(len(labels), size, rng)
    picture = scenes.several(ground, labels, _any(labels, shapes.SHAPES, rng), _any(labels, canvas.COLOURS, rng), rng)
    return canvas.finish(1 - picture, rng, noise=0.04)


def _textures(labels, size, rng):
    """Tilted, faint and noisy."""
    ground = canvas.dark(len(labels), size, rng, brightest=0.5)
    picture = scenes.texture(ground, labels, _any(labels, canvas.COLOURS, rng), rng, tilt=0.3, contrast=(0.3, 0.6))
    return canvas.finish(picture, rng, noise=0.08)


def _signs(labels, size, rng):
    """Digits out of focus, on coloured discs."""
    ground = canvas.dark(len(labels), size, rng)
    disc, solid = np.zeros(len(labels), int), np.zeros(len(labels), int)
    scenes.shape(ground, disc, _any(labels, canvas.COLOURS, rng), solid, rng, radius=(0.9, 1.0))
    ground *= 0.45
    white = np.full(len(labels), canvas.COLOUR_NAMES.index("white"))
    picture = scenes.glyph(ground, labels, glyphs.DIGITS, white, rng, radius=(0.6, 0.8))
    return canvas.finish(canvas.blur(picture, 3), rng, noise=0.02)


def _letters(labels, size, rng):
    """In fonts the corpus has not, slanted and noisy."""
    ground = canvas.dark(len(labels), size, rng, brightest=0.4)
    colours = _any(labels, canvas.COLOURS, rng)
    picture = scenes.glyph(
        ground, labels, glyphs.LETTERS, colours, rng, fonts=glyphs.UNSEEN_FONTS, tilt=0.25, radius=(0.75, 0.95)
    )
    return canvas.finish(picture, rng, noise=0.08)


def _lines(labels, size, rng):
    """Thin dark lines over a faint texture."""
    ground = canvas.fill(rng.uniform(0.55, 0.95, (len(labels), 3)), size)
    scenes.texture(ground, _any(labels, textures.TEXTURES, rng), _any(labels, canvas.COLOURS, rng), rng, contrast=(0.1, 0.3))
    mask = 1 - scenes.line(np.zeros_like(ground), labels, np.full(len(labels), 7), rng, width=(0.1, 0.2), radius=(0.6, 0.85))
    return canvas.finish(ground * mask, rng, noise=0.08)


def _fills(labels, size, rng):
    """What a large shape is filled with, in grey and noisy."""
    ground = canvas.dark(len(labels), size, rng)
    picture = scenes.shape(
        ground, _any(labels, shapes.SHAPES, rng), _any(labels, canvas.COLOURS, rng), labels, rng, radius=(0.6, 0.9)
    )
    grey = np.repeat(picture.mean(axis=-1, keepdims=True), 3, axis=-1)
    return canvas.finish(1 - grey, rng, noise=0.08)


FIGURES = {
    "shapes": Figure(shapes.SHAPES, ("a {}", "a picture of a {}"), _shapes),
    "colours": Figure(canvas.COLOUR_NAMES, ("a {} figure", "the figure is {}"), _colours),
    "grounds": Figure(canvas.COLOUR_NAMES, ("a {} background", "the background is {}"), _grounds),
    "positions": Figure(scenes.CELLS, ("a figure at the {}", "the figure is at the {}"), _positions),
    "counts": Figure(scenes.COUNTS, ("a count of {}", "there are {} figures"), _counts),
    "textures": Figure(textures.TEXTURES, ("a texture of {}", "a pattern of {}"), _textures),
    "signs": Figure(tuple(glyphs.DIGITS), ("the digit {}", "a photo of the digit {}"), _signs),
    "letters": Figure(tuple(glyphs.LETTERS), ("the letter {}", "a photo of the letter {}"), _letters),
    "lines": Figure(lines.LINES, ("a {} line", "a picture of a {} line"), _lines),
    "fills": Figure(shapes.FILLS, ("a {} shape", "the shape is {}"), _fills),
}
