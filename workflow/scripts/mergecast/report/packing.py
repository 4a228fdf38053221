"""Large parts of the page, packed: text that the page's script unpacks when a reader opens what needs it."""

import base64
import gzip


def pack(text: str) -> str:
    """Text as gzip in base64, the same for the same text.

    Parameters
    ----------
    text : str

    Returns
    -------
    str

    Examples
    --------
    >>> unpack(pack("a < b"))
    'a < b'
    """
    return base64.b64encode(gzip.compress(text.encode(), 9, mtime=0)).decode()


def unpack(packed: str) -> str:
    """The text that was packed.

    Parameters
    ----------
    packed : str
        From `pack`.

    Returns
    -------
    str
    """
    return gzip.decompress(base64.b64decode(packed)).decode()
