"""A corpus to pre-train on: drawn pictures, each with several captions that state one attribute of it each."""

import numpy as np

from ...seeding import seed_for
from . import canvas, glyphs, lines, scenes, shapes, textures
from .figures import FIGURES

CHUNK = 500
DIGIT_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
ATTRIBUTES = {
    "shape": (shapes.SHAPES, FIGURES["shapes"].prompts),
    "colour": (canvas.COLOUR_NAMES, FIGURES["colours"].prompts),
    "ground": (canvas.COLOUR_NAMES, FIGURES["grounds"].prompts),
    "position": (scenes.CELLS, FIGURES["positions"].prompts),
    "count": (scenes.COUNTS, FIGURES["counts"].prompts),
    "texture": (textures.TEXTURES, FIGURES["textures"].prompts),
    "digit": (tuple(glyphs.DIGITS), FIGURES["signs"].prompts),
    "digit word": (DIGIT_WORDS, FIGURES["signs"].prompts),
    "letter": (tuple(glyphs.LETTERS), FIGURES["letters"].prompts),
    "line": (lines.LINES, FIGURES["lines"].prompts),
    "fill": (shapes.FILLS, FIGURES["fills"].prompts),
}


def draw(count: int, *, size: int, seed: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Pictures of the scenes of the corpus, and each attribute's class in them.

    Parameters
    ----------
    count : int
        Number of pictures.
    size : int
        Their side, in pixels.
    seed : int

    Returns
    -------
    (count, size, size, 3) uint8 array
        The pictures.
    mapping from attribute to (count,) int64 array
        Indices of its values in ATTRIBUTES; −1 where a picture has none.
    """
    rng = np.random.default_rng(seed_for("corpus", seed=seed))
    kinds = scenes.balanced(count, len(_SCENES), rng)
    images = np.empty((count, size, size, 3), np.uint8)
    labels = {name: np.full(count, -1, np.int64) for name in ATTRIBUTES}
    for kind, scene in enumerate(_SCENES):
        places = np.flatnonzero(kinds == kind)
        for start in range(0, len(places), CHUNK):
            chunk = places[start : start + CHUNK]
            drawn = {name: rng.integers(len(classes), size=len(chunk)) for name, (classes, _) in ATTRIBUTES.items()}
            images[chunk], stated = scene(drawn, size, rng)
            for name in stated:
                labels[name][chunk] = drawn["digit" if name == "digit word" else name]
    return images, labels


def _ground(drawn, size, rng):
    """Dark, in the tone of the attribute `ground`."""
    colour = canvas.colours(drawn["ground"], rng)
    return canvas.fill(colour * rng.uniform(0.15, 0.45, (len(colour), 1)), size)


def _one_shape(drawn, size, rng):
    picture = scenes.shape(_ground(drawn, size, rng), drawn["shape"], drawn["colour"], drawn["fill"], rng)
    return canvas.finish(picture, rng), ("shape", "colour", "ground", "fill")


def _placed_shape(drawn, size, rng):
    solid = np.zeros(len(drawn["shape"]), int)
    picture = scenes.shape(_ground(drawn, size, rng), drawn["shape"], drawn["colour"], solid, rng, cells=drawn["position"])
    return canvas.finish(picture, rng), ("position", "colour", "ground")


def _several_shapes(drawn, size, rng):
    picture = scenes.several(_ground(drawn, size, rng), drawn["count"], drawn["shape"], drawn["colour"], rng)
    return canvas.finish(picture, rng), ("count", "colour", "ground")


def _texture(drawn, size, rng):
    picture = scenes.texture(canvas.dark(len(drawn["texture"]), size, rng), drawn["texture"], drawn["colour"], rng)
    return canvas.finish(picture, rng), ("texture", "colour")


def _digit(drawn, size, rng):
    picture = scenes.glyph(_ground(drawn, size, rng), drawn["digit"], glyphs.DIGITS, drawn["colour"], rng)
    return canvas.finish(picture, rng), ("digit", "digit word", "colour", "ground")


def _letter(drawn, size, rng):
    picture = scenes.glyph(_ground(drawn, size, rng), drawn["letter"], glyphs.LETTERS, drawn["colour"], rng)
    return canvas.finish(picture, rng), ("letter", "colour", "ground")


def _line(drawn, size, rng):
    picture = scenes.line(_ground(drawn, size, rng), drawn["line"], drawn["colour"], rng)
    return canvas.finish(picture, rng), ("line", "colour", "ground")


_SCENES = (_one_shape, _one_shape, _placed_shape, _several_shapes, _texture, _digit, _letter, _line)
