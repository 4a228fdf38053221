"""Lines as distances from a curve in its own frame, where it runs from −1 to 1."""

import numpy as np

from . import canvas


def _graph(height, slope, x, y):
    """Distance from the graph y = height(x), to first order in its slope, within |x| ≤ 1."""
    return np.maximum(np.abs(y - height) / np.sqrt(1 + slope**2), np.abs(x) - 1)


def _level(x, y):
    return _graph(0, 0, x, y)


def _upright(x, y):
    return _graph(0, 0, y, x)


def _rising(x, y):
    return _graph(-x, 1, x, y)


def _falling(x, y):
    return _graph(x, 1, x, y)


def _zigzag(x, y):
    return _graph(np.abs((2 * x) % 2 - 1) * 0.9 - 0.45, 1.8, x, y)


def _wavy(x, y):
    return _graph(0.4 * np.sin(5 * x), 2.0 * np.cos(5 * x), x, y)


def _arch(x, y):
    return np.maximum(np.abs(np.hypot(x, y - 0.5) - 1), y - 0.5)


def _crossed(x, y):
    return np.minimum(_rising(x, y), _falling(x, y))


DISTANCES = {
    "level": _level,
    "upright": _upright,
    "rising": _rising,
    "falling": _falling,
    "zigzag": _zigzag,
    "wavy": _wavy,
    "arch": _arch,
    "crossed": _crossed,
}
LINES = tuple(DISTANCES)


def masks(kinds, size, x, y, radius, angle, width) -> np.ndarray:
    """Coverage of N lines.

    Parameters
    ----------
    kinds : (N,) array of int
        Indices into LINES.
    size : int
        In pixels.
    x, y, radius : (N,) array
        Centre and half length, in half pictures.
    angle : (N,) array
        In radians.
    width : (N,) array
        Of the stroke, in half pictures.

    Returns
    -------
    (N, S, S) float32 array
        In [0, 1].
    """
    across, down = canvas.local(size, x, y, radius, angle)
    radius = np.asarray(radius, np.float32).reshape(-1, 1, 1)
    distance = np.empty(across.shape, np.float32)
    for kind, name in enumerate(LINES):
        chosen = np.flatnonzero(kinds == kind)
        distance[chosen] = DISTANCES[name](across[chosen], down[chosen])
    return canvas.cover(distance * radius - np.asarray(width, np.float32).reshape(-1, 1, 1) / 2, size / 2)
