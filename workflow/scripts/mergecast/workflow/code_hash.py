"""Which source files a result depends on: a script, and everything of this package that it imports, found by syntax.

A hash of these files is a parameter of every rule, so an edit reruns just the results whose code it touched. Imports made by
name at run time (`importlib`) are invisible here on purpose: a rule that loads one method or metric names its module.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
SCRIPTS = PACKAGE.parent


@cache
def code(script: str, *modules: str) -> str:
    """A hash of the `closure`: names and contents, 16 hexadecimal digits. It changes with an edit and not with a touch.

    Some forty files stand for one line this way: as inputs of every job they were most of what planning a grid looked up.
    """
    found = hashlib.sha256()
    for path in closure(script, *modules):
        found.update(f"{Path(path).relative_to(SCRIPTS)}\0{_sha256(path)}\0".encode())
    return found.hexdigest()[:16]


@cache
def _sha256(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def closure(script: str, *modules: str) -> list[str]:
    """Sorted paths of `script` (a file name beside the package) and `modules` ("merging.ties") with all they import.

    Raises FileNotFoundError if one of them is not there.
    """
    pending = [SCRIPTS / script, *(_module(PACKAGE.name, *name.split(".")) for name in modules)]
    missing = [name for name, path in zip((script, *modules), pending, strict=True) if path is None or not path.is_file()]
    if missing:
        raise FileNotFoundError(f"no source file for {missing[0]!r}")
    found: set[Path] = set()
    while pending:
        path = pending.pop()
        if path not in found:
            found.add(path)
            pending.extend(_imports(path))
    return sorted(str(path) for path in found)


@cache
def _imports(path: Path) -> tuple[Path, ...]:
    """Files of this package, or beside it, that one file imports, with the `__init__` of the packages on the way."""
    parts = path.relative_to(SCRIPTS).with_suffix("").parts
    package = parts[:-1]
    targets: set[Path] = {SCRIPTS.joinpath(*package[:depth], "__init__.py") for depth in range(1, len(package) + 1)}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [tuple(alias.name.split(".")) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else ()
            module = start + tuple((node.module or "").split(".") if node.module else ())
            names = [module, *(module + (alias.name,) for alias in node.names)]
        else:
            continue
        for name in names:
            for depth in range(1, len(name) + 1):
                if (target := _module(*name[:depth])) is not None:
                    targets.add(target)
    return tuple(sorted(targets - {path}))


def _module(*name: str) -> Path | None:
    """The file of a dotted name below the scripts folder, or None if it is not ours."""
    for candidate in (SCRIPTS.joinpath(*name).with_suffix(".py"), SCRIPTS.joinpath(*name, "__init__.py")):
        if name and candidate.is_file():
            return candidate
    return None
