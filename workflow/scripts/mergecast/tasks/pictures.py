"""Pictures as files hold them, decoded to arrays of 8-bit RGB."""

import struct
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ..errors import MergecastError
from ..pretenders import pretender

# What Pillow raises for bytes that are no picture, or not the whole of one.
DAMAGED = (OSError, SyntaxError, ValueError, EOFError, IndexError, struct.error, Image.DecompressionBombError)


def decode(file: str | BinaryIO, origin: str) -> np.ndarray:
    """A picture as an array of 8-bit RGB, or grey if its file is grey of 16 bits per pixel.

    Turned upright as its EXIF says. Grey, palette and CMYK become RGB; transparency is dropped, as CLIP's own transform
    does; 16 bits become 8, white staying white.

    Parameters
    ----------
    file : str or binary file
        A path, or a file opened to read bytes.
    origin : str
        What errors begin with.

    Returns
    -------
    uint8 array
        (H, W, 3), or (H, W) for grey of 16 bits.

    Raises
    ------
    MergecastError
        For a file that is missing, no picture, cut short, or of floating or 32-bit pixels, whose white nobody knows.
    """
    try:
        with Image.open(file) as opened:
            # PGM files of 16 bits come as 32-bit integers, and their white is 65535 all the same.
            deep = opened.mode.startswith("I;16") or (opened.mode == "I" and opened.format == "PPM")
            image = ImageOps.exif_transpose(opened)
            if deep:
                return np.round(np.asarray(image).astype(np.float32) / 257).astype(np.uint8)
            if image.mode not in ("I", "F"):
                # By way of RGBA, since Pillow warns of palettes with transparent entries otherwise.
                image = image.convert("RGBA") if "transparency" in image.info else image
                return np.asarray(image.convert("RGB"))
    except DAMAGED as error:
        # Pillow's own words name the file once more, or an object in memory.
        fault = "of no known format" if isinstance(error, UnidentifiedImageError) else line(error)
        found = pretender(file, "picture") or f"is no whole picture ({fault}); mend it or take it out"
        raise MergecastError(f"{origin}: {found}") from error
    raise MergecastError(f"{origin}: has pixels of mode {image.mode}, whose white is not known; save it with 8 or 16 bits")


def line(error: Exception) -> str:
    """What an error says, in its first line.

    Parameters
    ----------
    error : Exception

    Returns
    -------
    str
        The name of its type, if it says nothing.
    """
    return (str(error) or type(error).__name__).partition("\n")[0]
