"""What there is, read from the source: the modules of a wing, their one-line summaries, their parameters.

A method or predictor is one module named after it. Nothing here imports those modules, so that listing them costs
no second of torch or scikit-learn, and so that no file depends on all of them.
"""

import ast
import difflib
import importlib
import inspect
from functools import cache
from pathlib import Path

from .errors import MergecastError

ROOT = Path(__file__).parent


@cache
def names(wing: str) -> tuple[str, ...]:
    """Sorted names of the modules in a wing ("merging", "prediction.baselines"), without those that start with "_"."""
    folder = ROOT.joinpath(*wing.split("."))
    return tuple(sorted(path.stem for path in folder.glob("*.py") if not path.stem.startswith("_")))


def load(wing: str, name: str):
    """The module `name` of a wing. Raises MergecastError with the closest known name if there is none."""
    check(wing, name)
    return importlib.import_module(f"{__package__}.{wing}.{name}")


def check(wing: str, name: str) -> None:
    """Raise MergecastError if a wing has no module `name`."""
    if name not in names(wing):
        raise MergecastError(unknown(wing.split(".")[0], name, names(wing)))


def unknown(kind: str, name: str, known) -> str:
    """One line about an unknown name, with the closest known one.

    >>> unknown("method", "tie", ["dare", "ties"])
    "unknown method 'tie'; did you mean 'ties'? Known: dare, ties"
    """
    close = difflib.get_close_matches(str(name), list(known), n=1, cutoff=0.5)
    hint = f"; did you mean {close[0]!r}?" if close else ";"
    return f"unknown {kind} {name!r}{hint} Known: {', '.join(known) or 'none'}"


@cache
def summary(wing: str, name: str) -> str:
    """First line of a module's docstring."""
    return (ast.get_docstring(_tree(wing, name)) or "").partition("\n")[0]


@cache
def parameters(wing: str, name: str, function: str) -> dict:
    """Keyword-only parameters of a function with their literal defaults; a parameter without a literal default
    (a callable to share work, say) is no parameter of the method and is left out."""
    for node in _tree(wing, name).body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            found = {}
            for argument, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True):
                if default is not None:
                    try:
                        found[argument.arg] = ast.literal_eval(default)
                    except ValueError:
                        continue
            return found
    raise MergecastError(f"{wing}/{name}.py: defines no function {function!r}")


def _tree(wing: str, name: str) -> ast.Module:
    check(wing, name)
    return ast.parse(ROOT.joinpath(*wing.split("."), f"{name}.py").read_text(encoding="utf-8"))


def docline(thing) -> str:
    """First line of an object's docstring."""
    return (inspect.getdoc(thing) or "").partition("\n")[0]
