"""What one source file defines, and what each definition uses, found by syntax: nothing is imported.

A definition is a function, a class, an assignment to names, an imported name or the docstring, at the top level of the file.
Every other statement there is an effect: it runs for everybody who imports the file. So does a definition whose decorator,
or a call in whose value, is not known to be `INERT`.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

# Decorators and functions that change nothing but what they return. What is not here costs reruns, and is no mistake.
INERT = {
    *("cache", "contextmanager", "dataclass", "inference_mode", "lru_cache", "metric", "styled"),
    *("array", "compile", "dict", "dtype", "field", "fields", "float", "frozenset", "Path", "sorted", "tuple"),
}
EVERYTHING = "*"
BY_TEXT = {"eval", "exec", "globals"}  # these reach any name of a file
OF_THIS_SCOPE = {"dir", "locals", "vars"}  # and so do these at its top level
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
IMPORTS = (ast.Import, ast.ImportFrom)


@dataclass(frozen=True)
class Import:
    """`name` of the module `module` (a tuple of dotted parts): its attribute or submodule; without a name the module itself."""

    module: tuple[str, ...]
    name: str | None = None


# A name at the top level of the file (`EVERYTHING`: all of them) or an import inside a function; the attributes after it.
Use = tuple[str | Import, tuple[str, ...]]


@dataclass(frozen=True)
class Definition:
    """`text` does not change with comments and layout; `uses`; `imports`: what is imported when it runs, or before."""

    text: str
    uses: tuple[Use, ...]
    imports: tuple[Import, ...]


class Source:
    """One file, the module `module` (a tuple of dotted parts). Raises SyntaxError as Python does.

    `names`: what binds each name, statements and imports; `EVERYTHING` for star imports.
    """

    def __init__(self, path: Path, module: tuple[str, ...]):
        self.module = module
        self.package = module if path.name == "__init__.py" else module[:-1]
        self.names: dict[str, list[ast.stmt | Import]] = {}
        self._effects: list[ast.stmt] = []
        self._imports: list[Import] = []
        for statement in ast.parse(path.read_text(encoding="utf-8")).body:
            self._add(statement)

    def definition(self, name: str) -> Definition:
        """All statements that bind a name.

        Parameters
        ----------
        name : str
            One of `names`.

        Returns
        -------
        Definition
            Without the imports that bind it.
        """
        return self._read([bound for bound in self.names[name] if not isinstance(bound, Import)])

    @cached_property
    def effects(self) -> Definition:
        """All statements that run for everybody who imports the file, and its imports."""
        effects = self._read(self._effects)
        return Definition(effects.text, effects.uses, (*self._imports, *effects.imports))

    def _read(self, statements: list[ast.stmt]) -> Definition:
        reader = _Reader(self.package)
        text = "\n".join([reader.text(statement) for statement in statements])
        return Definition(text, tuple(dict.fromkeys(reader.outside.used)), tuple(dict.fromkeys(reader.imports)))

    def _add(self, statement: ast.stmt) -> None:
        if isinstance(statement, IMPORTS):
            self._add_import(statement)
        elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            self._bind("__doc__", statement)
        elif (names := _defined(statement)) and not _has_effects(statement):
            for name in names:
                self._bind(name, statement)
        else:
            self._effects.append(statement)
            for node in ast.walk(statement):
                if isinstance(node, IMPORTS):
                    self._add_import(node)
                elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    self._bind(node.id, statement)
                elif isinstance(node, (*FUNCTIONS, ast.ClassDef)):
                    self._bind(node.name, statement)

    def _add_import(self, statement: ast.Import | ast.ImportFrom) -> None:
        for name, bound, imported in _imported(statement, self.package):
            self._bind(name, bound)
            self._imports.append(imported)

    def _bind(self, name: str, bound: ast.stmt | Import) -> None:
        self.names.setdefault(name, []).append(bound)


def _imported(statement: ast.Import | ast.ImportFrom, package: tuple[str, ...]) -> Iterator[tuple[str, Import, Import]]:
    """For each name that an import binds: the name (`EVERYTHING` for a star), what it is bound to, what is imported."""
    for alias in statement.names:
        if isinstance(statement, ast.ImportFrom):
            start = package[: len(package) - statement.level + 1] if statement.level else ()
            module = (*start, *(statement.module.split(".") if statement.module else ()))
            bound = Import(module, None if alias.name == EVERYTHING else alias.name)
            yield alias.asname or alias.name, bound, bound
        else:
            whole = Import(tuple(alias.name.split(".")))
            yield alias.asname or whole.module[0], whole if alias.asname else Import(whole.module[:1]), whole


def _defined(statement: ast.stmt) -> list[str]:
    """Names that a definition binds; none for an effect, such as an assignment to more than names."""
    if isinstance(statement, (*FUNCTIONS, ast.ClassDef)):
        return [statement.name]
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        parts = [part for target in targets for part in (target.elts if isinstance(target, ast.Tuple) else [target])]
        if all(isinstance(part, ast.Name) for part in parts):
            return [part.id for part in parts]
    return []


def _has_effects(definition: ast.stmt) -> bool:
    """Whether it calls, when it is defined, anything that is not inert: a decorator, or a function in a value."""
    if isinstance(definition, ast.Assign | ast.AnnAssign):
        called = [node.func for node in ast.walk(definition) if isinstance(node, ast.Call)]
    else:
        called = [node.func if isinstance(node, ast.Call) else node for node in definition.decorator_list]
    return not all(getattr(function, "attr", getattr(function, "id", None)) in INERT for function in called)


class _Scope:
    """The names of one function: arguments and others bound in it, imports in it, and what it uses."""

    def __init__(self, arguments=()):
        self.bound = set(arguments)
        self.imports: dict[str, list[Import]] = {}
        self.used: list[Use] = []

    def free(self) -> Iterator[Use]:
        """What it uses from beyond the function."""
        for start, attributes in self.used:
            if start in self.imports:
                yield from ((imported, attributes) for imported in self.imports[start])
            elif start not in self.bound:
                yield start, attributes


class _Reader:
    """Reads statements of a file's top level: their text, what they use, what is imported inside them.

    A name that a class body, a comprehension or an `except` binds is taken for one of the file, if that has one of the name:
    this finds too much, never too little.
    """

    def __init__(self, package: tuple[str, ...]):
        self.outside = _Scope()
        self.imports: list[Import] = []
        self._package, self._scopes, self._binds = package, [self.outside], False
        self._special = {
            ast.Name: self._name,
            ast.Attribute: self._attribute,
            ast.Compare: self._compare,
            ast.comprehension: self._comprehension,
            ast.ClassDef: self._class,
            ast.Lambda: self._function,
            **dict.fromkeys(FUNCTIONS, self._function),
            **dict.fromkeys(IMPORTS, self._import),
            ast.Global: self._global,
        }

    def text(self, node) -> str:
        """A node and all below it, without places in the file; what is absent or empty is left out, as versions of Python
        differ in that."""
        if isinstance(node, list):
            return f"[{','.join([self.text(item) for item in node])}]"
        if not isinstance(node, ast.AST):
            return repr(node)
        special = self._special.get(type(node))
        return special(node) if special else self._fields(node, node._fields)

    def _fields(self, node: ast.AST, names) -> str:
        parts = []
        for name in names:
            value = getattr(node, name, None)
            if value is not None and value != [] and name not in ("ctx", "kind", "type_comment"):
                parts.append(f"{name}={self.text(value)}")
        return f"{type(node).__name__}({','.join(parts)})"

    def _use(self, start: str | Import, attributes: tuple[str, ...] = ()) -> None:
        self._scopes[-1].used.append((start, attributes))

    def _bind(self, name: str) -> None:
        if self._binds:
            self._scopes[-1].bound.add(name)

    def _name(self, node: ast.Name) -> str:
        if isinstance(node.ctx, ast.Load) or len(self._scopes) == 1:
            self._use(node.id)
        else:
            self._bind(node.id)
        if node.id in BY_TEXT or (node.id in OF_THIS_SCOPE and len(self._scopes) == 1):
            self.outside.used.append((EVERYTHING, ()))
        return node.id

    def _attribute(self, node: ast.Attribute) -> str:
        names, start = [], node
        while isinstance(start, ast.Attribute):
            names.append(start.attr)
            start = start.value
        names.reverse()
        if not isinstance(start, ast.Name):
            return f"{self.text(start)}.{'.'.join(names)}"
        self._use(start.id, tuple(names))
        if (start.id, names[0]) == ("sys", "modules"):
            self.outside.used.append((EVERYTHING, ()))
        return f"{start.id}.{'.'.join(names)}"

    def _compare(self, node: ast.Compare) -> str:
        """`name in globals()` looks at no value."""
        function = getattr(node.comparators[0], "func", None)
        if getattr(function, "id", None) == "globals" and isinstance(node.ops[0], ast.In):
            return f"{self.text(node.left)} in globals()"
        return self._fields(node, node._fields)

    def _comprehension(self, node: ast.comprehension) -> str:
        return self._without_binding(node, ("target",)) + self._fields(node, ("iter", "ifs", "is_async"))

    def _class(self, node: ast.ClassDef) -> str:
        self._bind(node.name)
        return self._without_binding(node, node._fields)

    def _without_binding(self, node: ast.AST, names) -> str:
        before, self._binds = self._binds, False
        text = self._fields(node, names)
        self._binds = before
        return text

    def _function(self, node) -> str:
        """Decorators, defaults and annotations belong to the scope around a function, its arguments and body to its own."""
        if not isinstance(node, ast.Lambda):
            self._bind(node.name)
        outer = self._fields(node, [name for name in node._fields if name != "body"])
        signature = node.args
        arguments = [
            *signature.posonlyargs,
            *signature.args,
            *signature.kwonlyargs,
            *filter(None, (signature.vararg, signature.kwarg)),
        ]
        before, self._binds = self._binds, True
        self._scopes.append(_Scope(argument.arg for argument in arguments))
        body = self._fields(node, ["body"])
        self._binds = before
        inner = self._scopes.pop()
        self._scopes[-1].used.extend(inner.free())
        return outer + body

    def _import(self, node: ast.Import | ast.ImportFrom) -> str:
        for name, bound, imported in _imported(node, self._package):
            self.imports.append(imported)
            if self._binds:
                self._scopes[-1].imports.setdefault(name, []).append(bound)
            else:
                self._use(bound)
        return self._fields(node, node._fields)

    def _global(self, node: ast.Global) -> str:
        self.outside.used.extend((name, ()) for name in node.names)
        return self._fields(node, node._fields)
