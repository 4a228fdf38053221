"""Digits and letters in the fonts that come with Matplotlib, turned, scaled and placed by bilinear sampling."""

from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from . import canvas

DIGITS = "0123456789"
LETTERS = "AEHKLMSTXZ"
FONTS = ("DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSansMono", "DejaVuSerif", "DejaVuSerif-Bold")
UNSEEN_FONTS = (
    "STIXGeneral",
    "STIXGeneralBol",
    "STIXGeneralItalic",
    "DejaVuSerif-Italic",
    "DejaVuSansMono-BoldOblique",
)
_SIDE = 48


@cache
def _atlas(characters: str, fonts: tuple[str, ...]) -> np.ndarray:
    """Every character in every font, centred in a tile with a margin: float32, fonts × characters × side × side."""
    import matplotlib

    folder = Path(matplotlib.get_data_path(), "fonts", "ttf")
    tiles = np.zeros((len(fonts), len(characters), _SIDE, _SIDE), np.float32)
    for row, name in enumerate(fonts):
        font = ImageFont.truetype(folder / f"{name}.ttf", 4 * _SIDE)
        for column, character in enumerate(characters):
            left, top, right, bottom = font.getbbox(character)
            side = round(1.1 * max(right - left, bottom - top))
            picture = Image.new("L", (side, side))
            corner = ((side - right - left) / 2, (side - bottom - top) / 2)
            ImageDraw.Draw(picture).text(corner, character, fill=255, font=font)
            tiles[row, column] = np.asarray(picture.resize((_SIDE, _SIDE), Image.Resampling.BOX), np.float32) / 255
    tiles[..., [0, -1], :] = tiles[..., [0, -1]] = 0  # what is sampled outside of a tile is its empty edge
    return canvas.blur(tiles.reshape(-1, _SIDE, _SIDE), 1).reshape(tiles.shape)


def masks(kinds, characters: str, fonts: tuple[str, ...], size: int, x, y, radius, angle, rng) -> np.ndarray:
    """Coverage of N characters, each in a random one of the fonts.

    Parameters
    ----------
    kinds : (N,) array of int
        Indices into `characters`.
    characters : str
    fonts : tuple of str
        Names as in FONTS.
    size : int
        In pixels.
    x, y, radius : (N,) array
        Centre and half side of a character's tile, in half pictures.
    angle : (N,) array
        In radians.
    rng : np.random.Generator

    Returns
    -------
    (N, S, S) float32 array
        In [0, 1].
    """
    tiles = _atlas(characters, fonts)[rng.integers(len(fonts), size=len(kinds)), kinds]
    across, down = canvas.local(size, x, y, radius, angle)
    column, row = (np.clip((axis + 1) / 2 * (_SIDE - 1), 0, _SIDE - 1.001) for axis in (across, down))
    left, top = column.astype(np.int32), row.astype(np.int32)
    right_part, lower_part = column - left, row - top
    first = np.arange(len(kinds))[:, None, None]
    upper = tiles[first, top, left] * (1 - right_part) + tiles[first, top, left + 1] * right_part
    lower = tiles[first, top + 1, left] * (1 - right_part) + tiles[first, top + 1, left + 1] * right_part
    return (upper * (1 - lower_part) + lower * lower_part).astype(np.float32)
