"""Which source code a result depends on: what a script runs, and every definition that this uses, found by syntax.

A hash of it is a parameter of every rule, so an edit reruns just the results whose code it touched. What is loaded by name
at run time (`importlib`) is invisible here on purpose: a rule that loads one method or metric names it.
"""

import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from .definitions import EVERYTHING, Import, Source, Use

PACKAGE = Path(__file__).parents[1]
EFFECTS = ""
Module = tuple[str, ...]  # dotted parts
# A name at the top level of a module (`EFFECTS`: what runs on import), and the attributes that are taken of it.
Place = tuple[Module, str, tuple[str, ...]]


@cache
def code(script: str, *modules: str) -> str:
    """A hash of `Code.closure`. It changes with an edit, and with neither a touch nor a comment.

    Parameters
    ----------
    script : str
    *modules : str
        As for `Code.closure`.

    Returns
    -------
    str
        16 hexadecimal digits.

    Raises
    ------
    FileNotFoundError
        If a file is not there.
    """
    return _hash("\n".join(f"{name} {text}" for name, text in here().closure(script, *modules).items()))


@cache
def here() -> "Code":
    """The code of this clone."""
    return Code(PACKAGE.parent, PACKAGE.name)


class Code:
    """The source below a folder of scripts, where `package` is the library. A file is read once, when it is first needed."""

    def __init__(self, scripts: Path, package: str):
        self.scripts, self.package = Path(scripts), package
        self._file, self._source, self._step = cache(self._find_file), cache(self._read), cache(self._follow)

    def closure(self, script: str, *modules: str) -> dict[str, str]:
        """Hashes of all definitions that a script, and what it loads by name, may use; by name, sorted.

        Parameters
        ----------
        script : str
            A file name beside the package.
        *modules : str
            "merging.ties" for all that may be called of it, or "metrics.subspace:subspace_overlap" for one definition; the
            whole module, if that name is not defined there.

        Returns
        -------
        mapping from name to str
            The names: "mergecast/metrics/subspace.py:subspace_overlap"; "job.py:" for what runs when the file is imported.
            The hashes: 16 hexadecimal digits.

        Raises
        ------
        FileNotFoundError
            If a file is not there.
        """
        asked = [(Path(script).with_suffix("").parts, "", script)]
        for name in modules:
            module, _, definition = name.partition(":")
            asked.append(((self.package, *module.split(".")), definition, name))
        pending: list[Place] = []
        for module, definition, name in asked:
            if self._file(module) is None:
                raise FileNotFoundError(f"no source file for {name!r}")
            pending += self._attribute(module, (definition,)) if definition else self._defined(module)
        hashes: dict[str, str] = {}
        followed: set[Place] = set()
        while pending:
            if (place := pending.pop()) not in followed:
                followed.add(place)
                pieces, further = self._step(place)
                hashes.update(pieces)
                pending += further
        return dict(sorted(hashes.items()))

    def _follow(self, place: Place) -> tuple[dict[str, str], list[Place]]:
        """The hash of one place, by name, and the places that it uses."""
        module, name, attributes = place
        source, further = self._source(module), []
        if name == EFFECTS:
            definition, text = source.effects, source.effects.text
            further += [(module[:depth], EFFECTS, ()) for depth in range(1, len(module)) if self._file(module[:depth])]
        else:
            definition, imported = source.definition(name), [it for it in source.names[name] if isinstance(it, Import)]
            text = definition.text + "".join(map(repr, imported))
            further.append((module, EFFECTS, ()))
            for each in imported:
                further += self._value(each, attributes)
        further += self._used(source, definition.uses)
        further += self._imported(definition.imports)
        label = f"{self._file(module).relative_to(self.scripts).as_posix()}:{name}"
        return {label: _hash(text)} if text else {}, list(dict.fromkeys(further))

    def _used(self, source: Source, uses: Iterable[Use]) -> Iterator[Place]:
        for start, attributes in uses:
            if isinstance(start, Import):
                yield from self._value(start, attributes)
            elif start in source.names:
                yield self._place(source, start, attributes)
            elif EVERYTHING in source.names:  # a built-in name, or one that comes with a star import
                yield source.module, EVERYTHING, ()
            elif start == EVERYTHING:
                yield from self._attribute(source.module, ())

    def _value(self, imported: Import, attributes: tuple[str, ...]) -> Iterator[Place]:
        """What `attributes` of an imported name may be; nothing for what is not ours."""
        yield from self._attribute(imported.module, (imported.name, *attributes) if imported.name else attributes)

    def _attribute(self, module: Module, attributes: tuple[str, ...]) -> Iterator[Place]:
        """What attributes of a module may be: a name it binds, a submodule. All names if none is taken, or an unknown one."""
        if self._file(module) is None:
            return
        source = self._source(module)
        yield module, EFFECTS, ()
        name, *rest = attributes or (None,)
        within = (*module, name) if name and self._file((*module, name)) else None
        if name in source.names:
            yield self._place(source, name, tuple(rest))
        if within:
            yield from self._attribute(within, tuple(rest))
        elif name not in source.names:
            yield from (self._place(source, each, ()) for each in source.names)

    def _defined(self, module: Module) -> Iterator[Place]:
        """What may be called of a module that is run or loaded by name: all that it binds, without the modules it imports."""
        source = self._source(module)
        yield module, EFFECTS, ()
        for name, bound in source.names.items():
            if not all(isinstance(each, Import) and self._is_module(each) for each in bound):
                yield self._place(source, name, ())

    def _is_module(self, imported: Import) -> bool:
        return imported.name is None or self._file((*imported.module, imported.name)) is not None

    def _imported(self, imports: Iterable[Import]) -> Iterator[Place]:
        for each in imports:
            for module in (each.module, (*each.module, each.name)) if each.name else (each.module,):
                if self._file(module):
                    yield module, EFFECTS, ()

    def _place(self, source: Source, name: str, attributes: tuple[str, ...]) -> Place:
        """Attributes count for imported names alone: a function or class is one piece."""
        imported = any(isinstance(each, Import) for each in source.names[name])
        return source.module, name, attributes if imported else ()

    def _read(self, module: Module) -> Source:
        return Source(self._file(module), module)

    def _find_file(self, module: Module) -> Path | None:
        """The file of a module below the scripts folder, or None if it is not ours."""
        for candidate in (self.scripts.joinpath(*module).with_suffix(".py"), self.scripts.joinpath(*module, "__init__.py")):
            if module and candidate.is_file():
                return candidate
        return None


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
