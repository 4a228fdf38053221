"""What may lie in the place of a big file: a pointer to it, a page of the server that should have sent it, nothing."""

import os
import re
from pathlib import Path
from typing import BinaryIO

HEAD = 4096  # bytes; what is longer is neither a pointer nor an error message
LFS = re.compile(rb"version https://(git-lfs|hawser)\.github\.com/spec/")
ANNEX = re.compile(rb"([^\s<>]*\.git)?[/\\]annex[/\\]objects[/\\]")  # also as the text of a link
PAGE = re.compile(rb"<(!doctype\s+html|html|head|body)\b", re.IGNORECASE)
WORDS = rb"error|not found|denied|forbidden|(un|not )authori[sz]ed|invalid|expired|restricted|exceeded|too many requests"
ANSWER = re.compile(WORDS, re.IGNORECASE)
CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")
QUOTED = 60  # characters of an error message
LONGEST_HEADER = 10**8  # bytes of a safetensors file
PICKLE = re.compile(rb"\x80[\x02-\x05]")
ZIP = b"PK\x03\x04"
OF_TORCH = (b"/data.pkl", b"/version", b"/constants.pkl")  # among the first entries of a zip that torch wrote


def pretender(file: str | Path | BinaryIO, what: str) -> str | None:
    """What lies in the place of a file that could not be read, and what to do, by its first bytes.

    It is for errors: whether the file is a good one is not asked.

    Parameters
    ----------
    file : str, Path or binary file
        A path, also of a link that leads nowhere; or a file opened to read bytes.
    what : str
        What the file should hold: "weights", say.

    Returns
    -------
    str or None
        The rest of a line that begins with the name of the file: a Git LFS pointer, a git-annex pointer, a web page, the error
        message of a server, an empty file. None for anything else, and for what cannot be opened.

    Notes
    -----
    Pointers: the specification of Git LFS, version 1, and git-annex's page on pointer files.
    """
    head = _head(file)
    if head is None:
        return None
    text = head.removeprefix(b"\xef\xbb\xbf").strip()
    if LFS.match(text):
        return f"is a Git LFS pointer, not the {what}; run `git lfs pull`"
    if ANNEX.match(text):
        return f"is a git-annex pointer, not the {what}; run `git annex get`"
    if not text:
        return f"is empty, and should hold the {what}; copy or download it again" if not head else None
    if text.startswith(b"<") and PAGE.search(text):
        return "is a web page; download the file itself"
    if len(head) < HEAD and ANSWER.search(text) and not CONTROLS.search(text):
        said = "".join(letter if letter.isprintable() else " " for letter in text.decode(errors="replace"))
        said = " ".join(said.split())
        said = said if len(said) <= QUOTED else f"{said[:QUOTED]}…"
        return f"is the error message of a server ({said}); download the file itself"
    return None


def is_pointer(head: bytes) -> bool:
    """Whether a file begins as a pointer of Git LFS or git-annex.

    Parameters
    ----------
    head : bytes
        The first bytes of the file.

    Returns
    -------
    bool
    """
    return bool(LFS.match(head) or ANNEX.match(head))


def no_weights(path, kind: str) -> str | None:
    """What a file of weights that could not be read is instead, and what to do: also one kind of weights for the other.

    Parameters
    ----------
    path : Path or str
    kind : str
        As what it was read: "safetensors" or "pickle".

    Returns
    -------
    str or None
        As of `pretender`; or a pickle of PyTorch, a safetensors file, an archive of anything else.
    """
    if found := pretender(path, "weights"):
        return found
    head, path = _head(path) or b"", Path(path)
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= LONGEST_HEADER:
        return f"is a safetensors file; rename it to {path.stem}.safetensors" if kind == "pickle" else None
    if PICKLE.match(head) or (head.startswith(ZIP) and any(name in head for name in OF_TORCH)):
        if kind == "pickle":
            return None
        if path.suffix == ".safetensors":
            return f"is a PyTorch pickle; rename it to {path.stem}.pt"
        return "is a PyTorch pickle; `mergecast convert` makes a safetensors file of it"
    return "is a zip archive, not the weights; unpack it first" if head.startswith(ZIP) else None


def _head(file) -> bytes | None:
    """The first bytes of a file, the text of a link of git-annex that leads nowhere, or None."""
    try:
        if hasattr(file, "read"):
            file.seek(0)
            return file.read(HEAD)
        if os.path.islink(file) and not os.path.exists(file):
            link = os.fsencode(os.readlink(file))
            return link if ANNEX.match(link) else None
        with open(file, "rb") as handle:
            return handle.read(HEAD)
    except (OSError, ValueError):  # ValueError: a file that was closed, a path with a NUL
        return None
