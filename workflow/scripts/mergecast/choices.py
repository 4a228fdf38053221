"""Names a user chooses among: by a list or by `all`; and what may be a name at all."""

from . import catalogue
from .errors import MergecastError

NAME = "letters, digits, '-', '.' and single '_' only, first a letter or digit"


def is_name(text: str) -> bool:
    """Whether a text can name a task or method, and so a file: letters, digits, '-', '.' and single '_' only,
    the first a letter or digit, so that it hides no file and climbs to no folder.

    >>> is_name("ViT-B.16"), is_name("a__b"), is_name("a b"), is_name(".."), is_name("")
    (True, False, False, False, False)
    """
    return text[:1].isalnum() and "__" not in text and all(letter.isalnum() or letter in "-_." for letter in text)


def select(where: str, kind: str, chosen, known: tuple[str, ...]) -> tuple[str, ...]:
    """The names chosen, in their order, or all known ones for `all`.

    `where` is the key of the configuration and `kind` what is named, for the error. Raises MergecastError for an unknown
    name (with the closest known one), a name given twice, an empty list, or a text where a list belongs.
    """
    if chosen == "all" or chosen == ["all"]:
        return tuple(known)
    if isinstance(chosen, str):
        raise MergecastError(f"{where}: {chosen!r} must be a list of names, or all")
    if not chosen:
        raise MergecastError(f"{where}: is empty; name at least one {kind}, or all")
    for position, name in enumerate(chosen):
        if name not in known:
            raise MergecastError(f"{where}: {catalogue.unknown(kind, name, known)}")
        if name in chosen[:position]:
            raise MergecastError(f"{where}: names {name!r} twice; remove one")
    return tuple(chosen)
