"""Parameters by name: Snakemake compares the set of their values, in which two that exchange theirs look the same."""

import ast
import hashlib
import inspect
from pathlib import Path

from snakemake.io import apply_wildcards

from . import records

NAME = "declared"
DERIVED = {"input", "output", "threads", "resources"}  # arguments of a parameter that Snakemake follows on its own


def declare(rules, folder, *, rerun_versions: bool = False) -> None:
    """Give every rule of the Snakefiles below `folder` that has parameters one more: a hash of their names and values.

    For the end of a Snakefile. Rules of other workflows, which may use ours as a module, are left alone.

    Parameters
    ----------
    rules : iterable of Snakemake rules
    folder : Path or str
    rerun_versions : bool, default False
        Whether the parameter of a job whose results are of other versions of the packages that make numbers names the versions
        of today. It goes on to name them in later runs.
    """
    for rule in rules:
        params = dict(rule.params.items())
        if params and NAME not in params and Path(str(rule.snakefile)).is_relative_to(str(folder)):
            rule.set_params(**{NAME: _declared(params, str(rule.log[0]), rerun_versions)})


def _declared(params: dict, log: str, rerun_versions: bool):
    """A parameter that Snakemake calls with the wildcards of each job: 16 hexadecimal digits, perhaps versions."""
    compared = {name: value for name, value in params.items() if not (callable(value) and _arguments(value) & DERIVED)}

    def declared(wildcards) -> str:
        values = {name: value(wildcards) if callable(value) else value for name, value in compared.items()}
        named = hashlib.sha256(repr(sorted(values.items())).encode()).hexdigest()[:16]
        record = records.read(apply_wildcards(log, wildcards)) or {}
        if rerun_versions and records.differing(record.get("versions", {})):
            return f"{named} {sorted(records.present_versions().items())}"
        return " ".join([named, *_versions(record)])

    return declared


def _versions(record: dict) -> list[str]:
    """The versions that the parameter of an earlier job named, if it did."""
    return ast.literal_eval(record.get("params", {}).get(NAME, "''")).split(" ", 1)[1:]


def _arguments(function) -> set[str]:
    return set(inspect.signature(function).parameters)
