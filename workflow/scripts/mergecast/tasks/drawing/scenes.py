"""Scenes, shared by the tasks and the captioned corpus: what is in a picture, as arrays with one entry per picture."""

import numpy as np

from . import canvas, glyphs, lines, shapes, textures

CELLS = (
    "top left",
    "top",
    "top right",
    "left",
    "centre",
    "right",
    "bottom left",
    "bottom",
    "bottom right",
)
COUNTS = ("one", "two", "three", "four", "five")


def balanced(count: int, classes: int, rng: np.random.Generator) -> np.ndarray:
    """Class indices, as evenly spread as can be, in random order.

    Parameters
    ----------
    count : int
        Number of indices.
    classes : int
        Number of classes.
    rng : np.random.Generator

    Returns
    -------
    (count,) int64 array
    """
    return rng.permutation(np.arange(count) % classes).astype(np.int64)


def shape(ground, kinds, colours, fills, rng, *, cells=None, radius=(0.55, 0.9), tilt=0.2):
    """One shape on each ground: anywhere it fits, or in a cell of the 3×3 grid.

    Parameters
    ----------
    ground : (N, S, S, 3) array
        Painted in place.
    kinds, colours, fills : (N,) array of int
        Indices into SHAPES, COLOUR_NAMES and FILLS.
    rng : np.random.Generator
    cells : (N,) array of int, optional
        Indices into CELLS.
    radius : pair of float, default (0.55, 0.9)
        The least and the largest, in half pictures; in a cell it is 0.27 to 0.37 instead.
    tilt : float, default 0.2
        The largest, either way, in radians.

    Returns
    -------
    (N, S, S, 3) array
        The ground itself.
    """
    count, size = ground.shape[:2]
    if cells is None:
        r = rng.uniform(*radius, count)
        x, y = rng.uniform(-1, 1, (2, count)) * (1 - r)
    else:
        r = rng.uniform(0.27, 0.37, count)
        x, y = (np.stack([cells % 3, cells // 3]) - 1) * 0.62 + rng.uniform(-0.08, 0.08, (2, count))
    mask = shapes.masks(kinds, fills, size, x, y, r, rng.uniform(-tilt, tilt, count))
    return canvas.paint(ground, mask, canvas.colours(colours, rng))


def several(ground, numbers, kinds, colours, rng, *, radius=(0.2, 0.28)):
    """`numbers + 1` small shapes of one kind and colour on each ground, in different cells of the 3×3 grid.

    Parameters
    ----------
    ground : (N, S, S, 3) array
        Painted in place.
    numbers, kinds, colours : (N,) array of int
        Indices into COUNTS, SHAPES and COLOUR_NAMES.
    rng : np.random.Generator
    radius : pair of float, default (0.2, 0.28)
        The least and the largest, in half pictures.

    Returns
    -------
    (N, S, S, 3) array
        The ground itself.
    """
    count, size = ground.shape[:2]
    order = np.argsort(rng.random((count, len(CELLS))), axis=1)
    tone = canvas.colours(colours, rng)
    r = rng.uniform(*radius, count)
    for place in range(len(COUNTS)):
        there = np.flatnonzero(numbers >= place)
        cell = order[there, place]
        x, y = (np.stack([cell % 3, cell // 3]) - 1) * 0.62 + rng.uniform(-0.08, 0.08, (2, len(there)))
        solid = np.zeros(len(there), int)
        mask = shapes.masks(kinds[there], solid, size, x, y, r[there], rng.uniform(-0.2, 0.2, len(there)))
        ground[there] = canvas.paint(ground[there], mask, tone[there])
    return ground


def texture(ground, kinds, colours, rng, *, tilt=0.15, contrast=(0.7, 1.0)):
    """A texture all over each ground.

    Parameters
    ----------
    ground : (N, S, S, 3) array
        Painted in place.
    kinds, colours : (N,) array of int
        Indices into TEXTURES and COLOUR_NAMES.
    rng : np.random.Generator
    tilt : float, default 0.15
        The largest, either way, in radians.
    contrast : pair of float, default (0.7, 1.0)
        The least and the largest coverage at the peak of a texture, in [0, 1].

    Returns
    -------
    (N, S, S, 3) array
        The ground itself.
    """
    count, size = ground.shape[:2]
    strength = rng.uniform(*contrast, (count, 1, 1)).astype(np.float32)
    return canvas.paint(ground, textures.fields(kinds, size, rng, tilt) * strength, canvas.colours(colours, rng))


def glyph(ground, kinds, characters, colours, rng, *, fonts=glyphs.FONTS, radius=(0.55, 0.9), tilt=0.15):
    """One character on each ground.

    Parameters
    ----------
    ground : (N, S, S, 3) array
        Painted in place.
    kinds : (N,) array of int
        Indices into `characters`.
    characters : str
    colours : (N,) array of int
        Indices into COLOUR_NAMES.
    rng : np.random.Generator
    fonts : tuple of str, default FONTS
        Each character takes a random one.
    radius : pair of float, default (0.55, 0.9)
        The least and the largest, in half pictures.
    tilt : float, default 0.15
        The largest, either way, in radians.

    Returns
    -------
    (N, S, S, 3) array
        The ground itself.
    """
    count, size = ground.shape[:2]
    r = rng.uniform(*radius, count)
    x, y = rng.uniform(-1, 1, (2, count)) * (1 - r)
    mask = glyphs.masks(kinds, characters, fonts, size, x, y, r, rng.uniform(-tilt, tilt, count), rng)
    return canvas.paint(ground, mask, canvas.colours(colours, rng))


def line(ground, kinds, colours, rng, *, width=(0.08, 0.2), radius=(0.5, 0.85), tilt=0.12):
    """One line on each ground.

    Parameters
    ----------
    ground : (N, S, S, 3) array
        Painted in place.
    kinds, colours : (N,) array of int
        Indices into LINES and COLOUR_NAMES.
    rng : np.random.Generator
    width : pair of float, default (0.08, 0.2)
        The least and the largest of the stroke, in half pictures.
    radius : pair of float, default (0.5, 0.85)
        The least and the largest half length, in half pictures.
    tilt : float, default 0.12
        The largest, either way, in radians.

    Returns
    -------
    (N, S, S, 3) array
        The ground itself.
    """
    count, size = ground.shape[:2]
    r = rng.uniform(*radius, count)
    x, y = rng.uniform(-1, 1, (2, count)) * (1 - r)
    mask = lines.masks(kinds, size, x, y, r, rng.uniform(-tilt, tilt, count), rng.uniform(*width, count))
    return canvas.paint(ground, mask, canvas.colours(colours, rng))
