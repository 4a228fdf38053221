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
    """x (1×1×S, to the right) and y (1×S×1, downwards) of the pixel centres."""
    centres = ((np.arange(size, dtype=np.float32) + 0.5) / size) * 2 - 1
    return centres[None, None, :], centres[None, :, None]


def local(size: int, x: np.ndarray, y: np.ndarray, radius: np.ndarray, angle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pixel coordinates (N×S×S) in the frames of N figures: centre (x, y), turned by `angle`, scaled by `radius`."""
    across, down = coordinates(size)
    across, down = across - _column(x), down - _column(y)
    cosine, sine = _column(np.cos(angle)), _column(np.sin(angle))
    return (cosine * across + sine * down) / _column(radius), (cosine * down - sine * across) / _column(radius)


def cover(distance: np.ndarray, unit) -> np.ndarray:
    """Coverage (0 to 1) of pixels at a signed distance from an edge, inside negative; one distance is `unit` pixels."""
    return np.clip(0.5 - distance * unit, 0, 1).astype(np.float32)


def colours(labels: np.ndarray, rng: np.random.Generator, jitter: float = 0.08) -> np.ndarray:
    """RGB (N×3) of colour indices, each a little off its pure tone."""
    return np.clip(_RGB[labels] + rng.normal(0, jitter, (len(labels), 3)), 0, 1).astype(np.float32)


def fill(colour: np.ndarray, size: int) -> np.ndarray:
    """N canvases of one colour each (N×3)."""
    return np.repeat(np.repeat(colour[:, None, None, :], size, axis=1), size, axis=2).astype(np.float32)


def dark(count: int, size: int, rng: np.random.Generator, brightest: float = 0.25) -> np.ndarray:
    """N canvases of dark, slightly coloured grounds."""
    return fill(rng.uniform(0, brightest, (count, 1)) + rng.uniform(0, 0.05, (count, 3)), size)


def paint(canvas: np.ndarray, mask: np.ndarray, colour: np.ndarray) -> np.ndarray:
    """Lay a colour (N×3) over the canvas where the mask (N×S×S) says, in place."""
    canvas += mask[..., None] * (colour[:, None, None, :] - canvas)
    return canvas


def blur(canvas: np.ndarray, times: int = 1) -> np.ndarray:
    """Smooth with the kernel (1, 2, 1)/4 both ways, `times` times over."""
    for _ in range(times):
        for axis in (1, 2):
            widths = [(1, 1) if other == axis else (0, 0) for other in range(canvas.ndim)]
            padded = np.pad(canvas, widths, mode="edge")
            length = canvas.shape[axis]
            before, here, after = (np.take(padded, range(k, k + length), axis=axis) for k in range(3))
            canvas = (before + 2 * here + after) / 4
    return canvas


def finish(canvas: np.ndarray, rng: np.random.Generator, noise: float = 0.04) -> np.ndarray:
    """uint8 pictures of canvases, with Gaussian noise of the given standard deviation."""
    grain = rng.standard_normal(canvas.shape, np.float32) * np.float32(noise)
    return np.round(np.clip(canvas + grain, 0, 1) * 255).astype(np.uint8)


def _column(values: np.ndarray) -> np.ndarray:
    return np.asarray(values, np.float32).reshape(-1, 1, 1)
