"""What the models of a command are called: as the user says, by the task in their header, by their file, by their folder."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from safetensors import SafetensorError, safe_open

from ..catalogue import is_name
from ..errors import MergecastError


def named(models: Sequence, *, headers: bool = True) -> dict[str, Path]:
    """Models by name.

    A name is the one that is given, the `task` of the file's header or, where it has none, the name of the file without its
    suffix, or of the folder. Models that would be called alike are told apart by their files, by the folders these lie in, or
    by both.

    Parameters
    ----------
    models : sequence of Path or str, or of (str, Path or str)
        A path, `NAME=PATH` where no file has that whole name, or a pair of both. What a path leads to need not be there.
    headers : bool, default True
        Whether the task in a header counts.

    Returns
    -------
    dict from str to Path
        In the order of `models`.

    Raises
    ------
    MergecastError
        For a file that is given twice, a name that is given twice, and models that nothing tells apart.
    """
    pairs = [_split(model) for model in models]
    paths = [path for _, path in pairs]
    for place, path in enumerate(paths):
        if path.resolve() in [earlier.resolve() for earlier in paths[:place]]:
            raise MergecastError(f"{path}: is given twice; give each model once")
    given = [name for name, _ in pairs if name]
    if twice := [name for name in given if given.count(name) > 1]:
        raise MergecastError(f"two models are called {twice[0]!r}; give each a name of its own")
    found = {path: name or (headers and _task(path)) or _parts(path)[-1] for name, path in pairs}
    unnamed = [path for name, path in pairs if not name]
    for name in sorted({found[path] for path in unnamed}):
        alike = [path for path in unnamed if found[path] == name]
        others = {other for path, other in found.items() if path not in alike}
        if len(alike) > 1 or name in others:
            found |= _told_apart(alike, others)
    return {found[path]: path for path in paths}


def _split(model) -> tuple[str | None, Path]:
    """The name that is given, if any, and the path."""
    if isinstance(model, tuple):
        return model[0], Path(model[1])
    name, equals, path = os.fspath(model).partition("=")
    if equals and path and is_name(name) and not Path(model).exists():
        return name, Path(path)
    return None, Path(model)


def _task(path: Path) -> str | None:
    """The `task` of a file's header; None for what is no safetensors file, of which its reader will say why."""
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="np") as file:
            return (file.metadata() or {}).get("task")
    except (SafetensorError, OSError):
        return None


def _parts(path: Path) -> list[str]:
    """The names on the way to a model, the last without the suffix of a file."""
    whole = Path(os.path.abspath(path))
    return [*whole.parts[1:-1], whole.name if whole.is_dir() else whole.stem]


def _told_apart(paths: Sequence[Path], others: set[str]) -> Mapping[Path, str]:
    """The first of several kinds of names that differ from each other and from all others."""
    for names in _kinds(paths):
        if len(set(names)) == len(names) and not others & set(names):
            return dict(zip(paths, names, strict=True))
    raise MergecastError(f"{paths[0]}: is called like another model; give each a name, as NAME=PATH")


def _kinds(paths: Sequence[Path]) -> Iterator[list[str]]:
    """Names of the files; of the folders these lie in, the nearest first; of the files with ever more of the way to them."""
    ways = [_parts(path) for path in paths]
    for up in range(1, min(map(len, ways)) + 1):
        yield [way[-up] for way in ways]
    for length in range(2, max(map(len, ways)) + 1):
        yield ["-".join(way[-length:]) for way in ways]
    yield [path.name for path in paths]
    yield ["-".join([*way[:-1], path.name]) for way, path in zip(ways, paths, strict=True)]
