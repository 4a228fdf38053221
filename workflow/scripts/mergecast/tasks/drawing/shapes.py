"""Shapes as signed distances in their own frame, where each fits the unit disc; inside is negative."""

import numpy as np

from . import canvas

FILLS = ("solid", "hollow", "striped", "dotted")


def _disc(x, y):
    return np.hypot(x, y) - 0.9


def _ring(x, y):
    return np.abs(np.hypot(x, y) - 0.7) - 0.22


def _square(x, y):
    return np.maximum(np.abs(x), np.abs(y)) - 0.75


def _triangle(x, y):
    return np.maximum(np.abs(x) * 0.866 - y * 0.5, y) - 0.48


def _cross(x, y):
    across, down = np.abs(x), np.abs(y)
    return np.minimum(np.maximum(across - 0.3, down - 0.95), np.maximum(down - 0.3, across - 0.95))


def _star(x, y):
    return np.hypot(x, y) - (0.62 + 0.34 * np.cos(5 * np.arctan2(x, -y)))


def _crescent(x, y):
    return np.maximum(np.hypot(x, y) - 0.95, 0.75 - np.hypot(x - 0.5, y))


def _bar(x, y):
    return np.maximum(np.abs(x) - 0.98, np.abs(y) - 0.3)


DISTANCES = {
    "disc": _disc,
    "ring": _ring,
    "square": _square,
    "triangle": _triangle,
    "cross": _cross,
    "star": _star,
    "crescent": _crescent,
    "bar": _bar,
}
SHAPES = tuple(DISTANCES)


def masks(kinds, fills, size, x, y, radius, angle) -> np.ndarray:
    """Coverage of N shapes.

    Parameters
    ----------
    kinds, fills : (N,) array of int
        Indices into SHAPES and FILLS.
    size : int
        In pixels.
    x, y, radius : (N,) array
        In half pictures.
    angle : (N,) array
        In radians.

    Returns
    -------
    (N, S, S) float32 array
        In [0, 1].
    """
    across, down = canvas.local(size, x, y, radius, angle)
    unit = (np.asarray(radius, np.float32) * size / 2).reshape(-1, 1, 1)
    result = np.empty(across.shape, np.float32)
    for kind, name in enumerate(SHAPES):
        chosen = np.flatnonzero(kinds == kind)
        result[chosen] = DISTANCES[name](across[chosen], down[chosen])
    distance = result
    result = canvas.cover(distance, unit)
    for fill, name in enumerate(FILLS):
        chosen = np.flatnonzero(fills == fill)
        if name == "hollow":
            result[chosen] -= canvas.cover(distance[chosen] + 0.2, unit[chosen])
        elif name == "striped":
            result[chosen] *= canvas.cover(np.abs((down[chosen] * 1.4) % 1 - 0.5) - 0.27, unit[chosen] / 1.4)
        elif name == "dotted":
            cells = np.hypot((across[chosen] * 1.5) % 1 - 0.5, (down[chosen] * 1.5) % 1 - 0.5)
            result[chosen] *= canvas.cover(cells - 0.36, unit[chosen] / 1.5)
    return result
