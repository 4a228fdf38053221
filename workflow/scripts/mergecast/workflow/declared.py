"""Parameters by name: Snakemake compares the set of their values, in which two that exchange theirs look the same."""

import hashlib
import inspect
from pathlib import Path

NAME = "declared"
DERIVED = {"input", "output", "threads", "resources"}  # what Snakemake follows by itself


def declare(rules, folder) -> None:
    """Give every rule of the Snakefiles below `folder` that has parameters one more: a hash of their names and values.

    For the end of a Snakefile. Rules of other workflows, which may use ours as a module, are left alone.
    """
    for rule in rules:
        params = dict(rule.params.items())
        if params and NAME not in params and Path(str(rule.snakefile)).is_relative_to(str(folder)):
            rule.set_params(**{NAME: _declared(params)})


def _declared(params: dict):
    """A parameter that Snakemake calls with the wildcards of each job; 16 hexadecimal digits."""

    given = {name: value for name, value in params.items() if not (callable(value) and _arguments(value) & DERIVED)}

    def declared(wildcards) -> str:
        values = {name: value(wildcards) if callable(value) else value for name, value in given.items()}
        return hashlib.sha256(repr(sorted(values.items())).encode()).hexdigest()[:16]

    return declared


def _arguments(function) -> set[str]:
    return set(inspect.signature(function).parameters)
