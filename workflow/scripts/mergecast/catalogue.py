"""What there is, read from the source: the modules of a wing, their one-line summaries, their parameters.

A method, feature or predictor is one module named after it. Nothing here imports those modules, so that listing them costs
no second of torch or scikit-learn, and so that no file depends on all of them. Here too: names a user chooses among.
"""

import ast
import difflib
import importlib
from functools import cache
from pathlib import Path

from .errors import MergecastError

ROOT = Path(__file__).parent
NAME = "letters, digits, '-', '.' and single '_' only, first a letter or digit"


@cache
def names(wing: str) -> tuple[str, ...]:
    """Sorted names of the modules in a wing ("merging", "prediction.baselines"), without those that start with "_".

    Parameters
    ----------
    wing : str

    Returns
    -------
    tuple of str
    """
    folder = ROOT.joinpath(*wing.split("."))
    return tuple(sorted(path.stem for path in folder.glob("*.py") if not path.stem.startswith("_")))


@cache
def folders(wing: str) -> tuple[str, ...]:
    """Sorted names of the packages in a wing ("analysis"), without those that start with "_".

    Parameters
    ----------
    wing : str

    Returns
    -------
    tuple of str
    """
    packages = {path.parent.name for path in ROOT.joinpath(*wing.split(".")).glob("*/__init__.py")}
    return tuple(sorted(name for name in packages if not name.startswith("_")))


def load(wing: str, name: str):
    """The module `name` of a wing.

    Parameters
    ----------
    wing : str
    name : str
        Of a module or package.

    Returns
    -------
    module

    Raises
    ------
    MergecastError
        With the closest known name, if there is none.
    """
    check(wing, name)
    return importlib.import_module(f"{__package__}.{wing}.{name}")


def check(wing: str, name: str) -> None:
    """Raise MergecastError if a wing has no module or package `name`.

    Parameters
    ----------
    wing : str
    name : str

    Raises
    ------
    MergecastError
        With the closest known name, if there is none.
    """
    known = (*names(wing), *folders(wing))
    if name not in known:
        raise MergecastError(unknown(wing.split(".")[0], name, known))


def unknown(kind: str, name: str, known) -> str:
    """One line about an unknown name, with the closest known one.

    Parameters
    ----------
    kind : str
        What is named.
    name : str
    known : collection of str

    Returns
    -------
    str
        Without a closest one where none is close.

    Examples
    --------
    >>> unknown("method", "tie", ["dare", "ties"])
    "unknown method 'tie'; did you mean 'ties'? Known: dare, ties"
    """
    close = difflib.get_close_matches(str(name), list(known), n=1, cutoff=0.5)
    hint = f"; did you mean {close[0]!r}?" if close else ";"
    return f"unknown {kind} {name!r}{hint} Known: {', '.join(known) or 'none'}"


@cache
def summary(wing: str, name: str) -> str:
    """First line of a module's docstring.

    Parameters
    ----------
    wing : str
    name : str

    Returns
    -------
    str
        Empty if it has none.

    Raises
    ------
    MergecastError
        As `check` does.
    """
    return (ast.get_docstring(_tree(wing, name)) or "").partition("\n")[0]


@cache
def parameters(wing: str, name: str, function: str) -> dict:
    """Keyword-only parameters of a function with their literal defaults.

    A parameter without a literal default (a callable to share work, say) is no parameter of the method and is left out.

    Parameters
    ----------
    wing : str
    name : str
        The module's.
    function : str
        The function's name, at the top of the module.

    Returns
    -------
    mapping from name to default

    Raises
    ------
    MergecastError
        If there is no such module, or if it defines no such function.
    """
    for node in _tree(wing, name).body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            defaults = {}
            for argument, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True):
                if default is not None:
                    try:
                        defaults[argument.arg] = ast.literal_eval(default)
                    except ValueError:
                        continue
            return defaults
    raise MergecastError(f"{wing}/{name}.py: defines no function {function!r}")


def literal(wing: str, name: str, constant: str, missing=None):
    """The literal assigned to a constant at the top of a module, or `missing` if it assigns none.

    Parameters
    ----------
    wing : str
    name : str
        The module's.
    constant : str
    missing : object, default None

    Returns
    -------
    object

    Raises
    ------
    MergecastError
        If there is no such module, or if what it assigns is no literal.
    """
    for node in _tree(wing, name).body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == [constant]:
            try:
                return ast.literal_eval(node.value)
            except ValueError as error:
                raise MergecastError(f"{wing}/{name}.py: {constant} is no literal; spell out its value") from error
    return missing


@cache
def _tree(wing: str, name: str) -> ast.Module:
    check(wing, name)
    return ast.parse(ROOT.joinpath(*wing.split("."), f"{name}.py").read_text(encoding="utf-8"))


def is_name(text: str) -> bool:
    """Whether a text can name a task or method, and so a file.

    Letters, digits, '-', '.' and single '_' only, the first a letter or digit, so that it hides no file and climbs to no
    folder.

    Parameters
    ----------
    text : str

    Returns
    -------
    bool

    Examples
    --------
    >>> is_name("ViT-B.16"), is_name("a__b"), is_name("a b"), is_name(".."), is_name("")
    (True, False, False, False, False)
    """
    return text[:1].isalnum() and "__" not in text and all(letter.isalnum() or letter in "-_." for letter in text)


def select(where: str, kind: str, chosen, known: tuple[str, ...]) -> tuple[str, ...]:
    """The names chosen, in their order, or all known ones for `all`.

    Parameters
    ----------
    where : str
        The key of the configuration, for the error.
    kind : str
        What is named, for the error.
    chosen : list of str, or "all"
    known : tuple of str

    Returns
    -------
    tuple of str

    Raises
    ------
    MergecastError
        For an unknown name (with the closest known one), a name given twice, an empty list, or a text where a list belongs.
    """
    if chosen == "all" or chosen == ["all"]:
        return tuple(known)
    if isinstance(chosen, str):
        raise MergecastError(f"{where}: {chosen!r} must be a list of names, or all")
    if not chosen:
        raise MergecastError(f"{where}: is empty; name at least one {kind}, or all")
    for position, name in enumerate(chosen):
        if name not in known:
            raise MergecastError(f"{where}: {unknown(kind, name, known)}")
        if name in chosen[:position]:
            raise MergecastError(f"{where}: names {name!r} twice; remove one")
    return tuple(chosen)
