"""A configuration as it is written: its file read as text, and what its schema finds, reported in one line each."""

import math
import os

import yaml

from .. import catalogue
from ..errors import MergecastError

NAME = "must be letters, digits, '-', '.' and '_' only, the first a letter or a digit"
MEND = "mend the YAML there: indent with spaces, close every bracket and quote"


def check_file(path, manual: str = "config/README.md") -> None:
    """Raise MergecastError, with the line where there is one, for what a reader of YAML reports unclearly, or lets pass.

    Parameters
    ----------
    path : Path or str
        One that is not there, or not named `*.yaml` or `*.yml`, is left to Snakemake.
    manual : str, default "config/README.md"
        Where all keys are described.

    Raises
    ------
    MergecastError
        For text that is not UTF-8, no YAML (a tab, an open bracket, …), no mapping, a key that stands there twice (the reader
        would take the last).
    """
    path = os.path.relpath(path)
    if not os.path.isfile(path) or not path.endswith((".yaml", ".yml")):
        return
    try:
        with open(path, encoding="utf-8") as file:
            node = yaml.compose(file, yaml.SafeLoader)
    except UnicodeDecodeError as error:
        raise MergecastError(f"{path}: is not UTF-8 text ({error.reason}); save it as UTF-8") from error
    except yaml.MarkedYAMLError as error:
        raise MergecastError(f"{path}: line {_line(error.problem_mark)}: {error.problem}; {MEND}") from error
    except yaml.YAMLError as error:
        raise MergecastError(f"{path}: holds a character that YAML does not allow; take it out") from error
    if not isinstance(node, yaml.MappingNode):
        raise MergecastError(f"{path}: holds no keys; write lines of `key: value` ({manual} has all keys)")
    _check_keys(path, node)


def _check_keys(path: str, root: yaml.Node) -> None:
    """Raise MergecastError for a key that stands twice in one mapping, however deep."""
    left, done = [root], set()
    while left:
        node = left.pop()
        if id(node) in done or not isinstance(node, yaml.CollectionNode):
            continue
        done.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            left += node.value
            continue
        lines: dict[str, int] = {}
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in lines:
                first, line = lines[key.value], _line(key.start_mark)
                raise MergecastError(f"{path}: line {line}: the key {key.value!r} is in line {first} already; remove one")
            lines[str(key.value)] = _line(key.start_mark)
            left.append(value)


def _line(mark: yaml.Mark) -> int:
    return mark.line + 1


def explain(error, whole: str = "the configuration", manual: str = "config/README.md") -> str:
    """One line for a jsonschema ValidationError of the configuration: the key, what is wrong with it, what fits.

    Parameters
    ----------
    error : jsonschema.ValidationError
    whole : str, default "the configuration"
        What its top level is called.
    manual : str, default "config/README.md"
        Where all keys are described.

    Returns
    -------
    str
        It begins with the dotted key, or with `whole`.
    """
    where = ".".join(map(str, error.absolute_path)) or whole
    fits, value = error.validator_value, error.instance
    if error.validator == "additionalProperties":
        known = list(error.schema["properties"])
        extra = next(key for key in value if key not in known)
        return f"{where}: {catalogue.unknown('key', extra, known)}"
    if error.validator == "required":
        lacking = next(key for key in fits if key not in value)
        return f"{where}: lacks the key {lacking!r}; add it ({manual} says what it means)"
    if error.validator == "oneOf" and all("required" in option for option in fits):
        return f"{where}: give exactly one of {' and '.join(option['required'][0] for option in fits)}"
    if error.validator == "oneOf" and where.endswith("measure"):
        return f"{where}: is {value!r}; give all, none, {{pairs: N}}, {{tasks: [A, B, …]}} or a list of pairs A__B"
    if error.validator == "oneOf":
        return f"{where}: is {value!r}; give a list of names, or all"
    if error.validator == "type":
        return (
            f"{where}: is {value!r}; it must be of type {fits if isinstance(fits, str) else ' or '.join(fits)}{_number(value)}"
        )
    if error.validator in ("enum", "const"):
        return f"{where}: is {value!r}; it must be one of {', '.join(map(str, fits if isinstance(fits, list) else [fits]))}"
    if error.validator == "pattern" and where in ("bases", "settings"):
        return f"{where}: the name {value!r} becomes a folder; it {NAME}"
    return f"{where}: {error.message}; see {manual} for what it may be"


def _number(value) -> str:
    """How a number that was taken for text is written: in YAML, 1e-3 and '5' are text."""
    try:
        return f": write {float(value):g}" if isinstance(value, str) and math.isfinite(float(value)) else ""
    except ValueError:
        return ""
