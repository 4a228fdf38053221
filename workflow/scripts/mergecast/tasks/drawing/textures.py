"""Textures as fields from 0 to 1 over the whole picture."""

import numpy as np

from . import canvas


def _wave(phase):
    return 0.5 + 0.5 * np.clip(2.5 * np.sin(2 * np.pi * phase), -1, 1)


def _rows(x, y, rng):
    return _wave(y)


def _columns(x, y, rng):
    return _wave(x)


def _diagonals(x, y, rng):
    return _wave((x + y) * 0.707)


def _checks(x, y, rng):
    return 0.5 + 0.5 * np.clip(5 * np.sin(np.pi * x) * np.sin(np.pi * y), -1, 1)


def _dots(x, y, rng):
    return np.clip(3 * (0.38 - np.hypot(x % 1 - 0.5, y % 1 - 0.5)) + 0.5, 0, 1)


def _ripples(x, y, rng):
    return _wave(np.hypot(x, y))


def _waves(x, y, rng):
    return _wave(y + 0.35 * np.sin(2 * np.pi * x * 0.6))


def _grain(x, y, rng):
    return canvas.blur(rng.random(x.shape, np.float32)[..., None], 1)[..., 0] * 2 - 0.5


FIELDS = {
    "rows": _rows,
    "columns": _columns,
    "diagonals": _diagonals,
    "checks": _checks,
    "dots": _dots,
    "ripples": _ripples,
    "waves": _waves,
    "grain": _grain,
}
TEXTURES = tuple(FIELDS)


def fields(kinds: np.ndarray, size: int, rng: np.random.Generator, tilt: float = 0.15, period=(0.35, 0.6)) -> np.ndarray:
    """N fields, each at a random offset, of a random period, and tilted at random.

    Parameters
    ----------
    kinds : (N,) array of int
        Indices into TEXTURES.
    size : int
        In pixels.
    rng : np.random.Generator
    tilt : float, default 0.15
        The largest, either way, in radians.
    period : pair of float, default (0.35, 0.6)
        The least and the largest, in half pictures.

    Returns
    -------
    (N, S, S) float32 array
        In [0, 1].
    """
    count = len(kinds)
    x, y = rng.uniform(-0.4, 0.4, (2, count))
    across, down = canvas.local(size, x, y, rng.uniform(*period, count), rng.uniform(-tilt, tilt, count))
    result = np.empty(across.shape, np.float32)
    for kind, name in enumerate(TEXTURES):
        chosen = np.flatnonzero(kinds == kind)
        result[chosen] = FIELDS[name](across[chosen], down[chosen], rng)
    return np.clip(result, 0, 1)
