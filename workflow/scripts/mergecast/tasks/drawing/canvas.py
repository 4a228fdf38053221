"""The canvas: float32 pictures (N×S×S×3, 0 to 1) in coordinates from −1 to 1, painted through soft masks."""

import numpy as np

COLOURS = {
    "red": (0.90, 0.12, 0.12),
    "orange": (1.00, 0.55, 0.05),
    "yellow": (0.95, 0.92, 0.15),
    "green": (0.15, 0.75, 0.20),
    "cyan": (0.15, 0.85, 0.90),
    "blue": (0.15, 0.25, 0.95),
    "purple": (0.60, 0.15, 0.85),
    "white": (0.95, 0.95, 0.95),
}
COLOUR_NAMES = tuple(COLOURS)
_RGB = np.array(list(COLOURS.values()), np.float32)


def coordinates(size: int) -> tuple[np.ndarray, np.ndarray]:
    """x and y of the pixel centres.

    Parameters
    ----------
    size : int
        In pixels.

    Returns
    -------
    (1, 1, S) and (1, S, 1) arrays
        In (−1, 1): x to the right, y downwards.
    """
    centres = ((np.arange(size, dtype=np.float32) + 0.5) / size) * 2 - 1
    return centres[None, None, :], centres[None, :, None]


def local(size: int, x: np.ndarray, y: np.ndarray, radius: np.ndarray, angle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pixel coordinates in the frames of N figures: centre (x, y), turned by `angle`, scaled by `radius`.

    Parameters
    ----------
    size : int
        In pixels.
    x, y, radius : (N,) array
        In half pictures.
    angle : (N,) array
        In radians.

    Returns
    -------
    two (N, S, S) arrays
        In units of the radius.
    """
    across, down = coordinates(size)
    across, down = across - _column(x), down - _column(y)
    cosine, sine = _column(np.cos(angle)), _column(np.sin(angle))
    return (cosine * across + sine * down) / _column(radius), (cosine * down - sine * across) / _column(radius)


def cover(distance: np.ndarray, unit) -> np.ndarray:
    """Coverage of pixels at a signed distance from an edge.

    Parameters
    ----------
    distance : array
        Negative inside.
    unit : float or array
        Pixels in a distance of 1.

    Returns
    -------
    float32 array
        In [0, 1], of the shape of `distance`.
    """
    return np.clip(0.5 - distance * unit, 0, 1).astype(np.float32)


def colours(labels: np.ndarray, rng: np.random.Generator, jitter: float = 0.08) -> np.ndarray:
    """RGB of colour indices, each a little off its pure tone.

    Parameters
    ----------
    labels : (N,) array of int
        Indices into COLOUR_NAMES.
    rng : np.random.Generator
    jitter : float, default 0.08
        Standard deviation of each channel.

    Returns
    -------
    (N, 3) float32 array
        In [0, 1].
    """
    return np.clip(_RGB[labels] + rng.normal(0, jitter, (len(labels), 3)), 0, 1).astype(np.float32)


def fill(colour: np.ndarray, size: int) -> np.ndarray:
    """N canvases of one colour each.

    Parameters
    ----------
    colour : (N, 3) array
    size : int
        In pixels.

    Returns
    -------
    (N, S, S, 3) float32 array
    """
    return np.repeat(np.repeat(colour[:, None, None, :], size, axis=1), size, axis=2).astype(np.float32)


def dark(count: int, size: int, rng: np.random.Generator, brightest: float = 0.25) -> np.ndarray:
    """N canvases of dark, slightly coloured grounds.

    Parameters
    ----------
    count : int
        N.
    size : int
        In pixels.
    rng : np.random.Generator
    brightest : float, default 0.25
        The largest brightness, to which a tint of at most 0.05 per channel comes.

    Returns
    -------
    (N, S, S, 3) float32 array
    """
    return fill(rng.uniform(0, brightest, (count, 1)) + rng.uniform(0, 0.05, (count, 3)), size)


def paint(canvas: np.ndarray, mask: np.ndarray, colour: np.ndarray) -> np.ndarray:
    """Lay a colour over the canvas where the mask says, in place.

    Parameters
    ----------
    canvas : (N, S, S, 3) array
    mask : (N, S, S) array
        Coverage, in [0, 1].
    colour : (N, 3) array

    Returns
    -------
    (N, S, S, 3) array
        The canvas itself.
    """
    canvas += mask[..., None] * (colour[:, None, None, :] - canvas)
    return canvas


def blur(canvas: np.ndarray, times: int = 1) -> np.ndarray:
    """Smooth with the kernel (1, 2, 1)/4 both ways, `times` times over.

    Parameters
    ----------
    canvas : (N, S, S, …) array
    times : int, default 1

    Returns
    -------
    array
        Of the shape of `canvas`.
    """
    for _ in range(times):
        for axis in (1, 2):
            widths = [(1, 1) if other == axis else (0, 0) for other in range(canvas.ndim)]
            padded = np.pad(canvas, widths, mode="edge")
            length = canvas.shape[axis]
            before, here, after = (np.take(padded, range(k, k + length), axis=axis) for k in range(3))
            canvas = (before + 2 * here + after) / 4
    return canvas


def finish(canvas: np.ndarray, rng: np.random.Generator, noise: float = 0.04) -> np.ndarray:
    """uint8 pictures of canvases, with Gaussian noise.

    Parameters
    ----------
    canvas : (N, S, S, 3) array
        In [0, 1]; what is beyond is cut off.
    rng : np.random.Generator
    noise : float, default 0.04
        Standard deviation.

    Returns
    -------
    (N, S, S, 3) uint8 array
    """
    grain = rng.standard_normal(canvas.shape, np.float32) * np.float32(noise)
    return np.round(np.clip(canvas + grain, 0, 1) * 255).astype(np.uint8)


def _column(values: np.ndarray) -> np.ndarray:
    return np.asarray(values, np.float32).reshape(-1, 1, 1)
