"""Which files of a folder are pictures, and which are passed over, so that this can be said."""

import os
import re
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache

from PIL import Image

from ..pretenders import is_pointer
from .pictures import DAMAGED

FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "GIF", "TIFF", "PPM", "AVIF", "JPEG2000")  # Pillow's names of them
ENDING = re.compile(r"\.[a-z][a-z0-9_-]{0,9}~?")  # other text behind the last dot is part of the name
CLUTTER = ("thumbs.db", "desktop.ini")
SAMPLE = 8000  # bytes in which text has no NUL, as git tells it
BELOW = " in folders below"
MOST = 4  # folders, and endings of each, that a remark names


def survey(folder) -> tuple[list[str], Counter]:
    """The pictures of one class, and what else lies there.

    A picture ends as Pillow's FORMATS do, whole or damaged; or has no ending, and begins as they do. Hidden files are neither,
    nor are text, thumbnails and settings of a file manager.

    Parameters
    ----------
    folder : Path or str

    Returns
    -------
    list of str and Counter
        Names of the pictures, sorted; numbers of all other files by ending, those of folders below apart, pictures or not.

    Raises
    ------
    OSError
        If the folder cannot be read.
    """
    pictures, others = [], Counter()
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if _is_folder(entry):
                others.update(ending(path) + BELOW for path in _walk(entry.path) if is_picture(path) or _is_told(path))
            elif is_picture(entry.path):
                pictures.append(entry.name)
            elif _is_told(entry.path):
                others[ending(entry.path)] += 1
    return sorted(pictures), others


def folders(folder) -> list[str]:
    """The folders in a folder.

    Parameters
    ----------
    folder : Path or str

    Returns
    -------
    list of str
        Their names, sorted, without hidden ones.

    Raises
    ------
    OSError
        If the folder cannot be read.
    """
    with os.scandir(folder) as entries:
        return sorted(entry.name for entry in entries if entry.is_dir() and not entry.name.startswith("."))


def strays(folder) -> Counter:
    """Files beside the folders of the classes.

    Parameters
    ----------
    folder : Path or str

    Returns
    -------
    Counter
        Numbers of files by ending, pictures or not, but for those that `survey` leaves out.

    Raises
    ------
    OSError
        If the folder cannot be read.
    """
    with os.scandir(folder) as entries:
        paths = [entry.path for entry in entries if not entry.name.startswith(".") and not _is_folder(entry)]
    return Counter(ending(path) for path in paths if is_picture(path) or _is_told(path))


def is_picture(path: str) -> bool:
    """Whether a file is a picture: by its ending alone if it has one.

    Parameters
    ----------
    path : str

    Returns
    -------
    bool
    """
    return ending(path) in _endings() if ending(path) else os.path.isfile(path) and _begins_as_a_picture(path)


def ending(path: str) -> str:
    """The ending of a file.

    Parameters
    ----------
    path : str

    Returns
    -------
    str
        In lower case, with its dot; "" if there is none, or no word of letters and digits.
    """
    last = os.path.splitext(path)[1].lower()
    return last if ENDING.fullmatch(last) else ""


def remark(others: Mapping[str, Counter]) -> str | None:
    """What is passed over, in one line.

    Parameters
    ----------
    others : mapping from str to Counter
        Numbers of files by ending, by folder.

    Returns
    -------
    str or None
        The folders with most such files, and their endings; None if there are no such files.

    Examples
    --------
    >>> remark({"train/cat": Counter({".heic": 2, "": 1})}).partition(";")[0]
    '3 files are passed over: train/cat 3 (2 .heic, 1 without ending)'
    """
    counts = {place: counter.total() for place, counter in others.items() if counter}
    if not counts:
        return None
    shown = sorted(counts, key=lambda place: -counts[place])[:MOST]
    listed = ", ".join(f"{_printable(place)} {counts[place]} ({endings(others[place])})" for place in shown)
    more = f", and {len(counts) - MOST} more folders" if len(counts) > MOST else ""
    total = sum(counts.values())
    some = "1 file is" if total == 1 else f"{total} files are"
    return f"{some} passed over: {listed}{more}; save pictures as PNG or JPEG in the folder of their class"


def endings(counter: Counter) -> str:
    """Numbers of files by ending, in words, the commonest first.

    Parameters
    ----------
    counter : Counter

    Returns
    -------
    str
    """
    ranked = sorted(counter.items(), key=lambda item: (-item[1], item[0]))
    rest = sum(count for _, count in ranked[MOST:])
    named = [f"{count} {name if name.startswith('.') else f'without ending{name}'}" for name, count in ranked[:MOST]]
    return ", ".join(named + ([f"{rest} others"] if rest else []))


@cache
def _formats() -> tuple[str, ...]:
    """Those of FORMATS that this Pillow can read."""
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


@cache
def _endings() -> frozenset[str]:
    formats = _formats()
    return frozenset(ending for ending, name in Image.registered_extensions().items() if name in formats)


def _begins_as_a_picture(path: str) -> bool:
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(path, formats=_formats()):
            return True
    except Image.DecompressionBombError:  # a picture all the same, which decoding refuses by name
        return True
    except DAMAGED:
        return False


def _is_told(path: str) -> bool:
    """Whether a file that is no picture is worth a word."""
    return os.path.basename(path).lower() not in CLUTTER and not _is_text(path)


def _is_text(path: str) -> bool:
    """Text other than a drawing, or a pointer to something else."""
    if not os.path.isfile(path):
        return False
    try:
        with open(path, "rb") as file:
            sample = file.read(SAMPLE)
    except OSError:
        return False
    plain = b"\0" not in sample or sample.startswith((b"\xff\xfe", b"\xfe\xff"))  # the marks of UTF-16
    return plain and b"<svg" not in sample and not is_pointer(sample)


def _is_folder(entry: os.DirEntry) -> bool:
    return os.path.isdir(entry.path) if entry.is_symlink() else entry.is_dir()


def _walk(folder: str) -> Iterator[str]:
    """Paths of the files below a folder, but for what is hidden."""
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (os.path.join(place, name) for name in names if not name.startswith("."))


def _printable(text: str) -> str:
    return text if text.isprintable() else repr(text)
