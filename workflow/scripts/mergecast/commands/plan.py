"""`mergecast plan`: which merges of a study to make next, printed."""

import json
from pathlib import Path
from typing import Annotated

import typer

from ..errors import MergecastError
from ._terminal import assigned, show


def show_plan(
    study: Annotated[Path, typer.Option(help="The results of a setting: results/SETTING.")],
    budget: Annotated[int, typer.Option(help="How many merges can be made.")],
    group: Annotated[int | None, typer.Option(help="Models of a merge, 3 to 8; pairs unless given.")] = None,
    keep: Annotated[
        list[str], typer.Option("--keep", metavar="TASK=SHARE", help="Least to keep of a task, where it is in the merge.")
    ] = [],
    including: Annotated[list[str], typer.Option("--with", metavar="TASK", help="A task that must be in it.")] = [],
    without: Annotated[list[str], typer.Option("--without", metavar="TASK", help="A task that must not be in it.")] = [],
    methods: Annotated[list[str], typer.Option("--method", metavar="METHOD", help="A method to use; all unless given.")] = [],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Say which pairs or groups to merge next, by which method, and what the best merge gains by each."""
    from .. import api

    made = api.plan(study, budget, group=group, keep=_shares(keep), including=including, without=without, methods=methods)
    if as_json:
        typer.echo(json.dumps(as_data(made), indent=1, allow_nan=False))
    else:
        _print(made)


def as_data(made) -> dict:
    """A plan as JSON has it.

    Parameters
    ----------
    made : Plan

    Returns
    -------
    dict
        `best`, `next_gain` (null where there is none) and `merges`, one object a step; what is kept is by task.
    """
    steps = []
    for row in made.table.to_dict("records"):
        kept = dict(zip(row["tasks"], row["kept"], strict=True))
        numbers = {key: None if row[key] != row[key] else row[key] for key in ("forecast", "low_0.8", "high_0.8", "gain")}
        steps.append({"step": row["step"], "tasks": list(row["tasks"]), "method": row["method"], **numbers, "kept": kept})
    return {"best": made.best, "next_gain": made.next_gain, "merges": steps}


def stop_rule(made) -> str:
    """When to stop, in a sentence.

    Parameters
    ----------
    made : Plan

    Returns
    -------
    str
    """
    if made.next_gain is None:
        return "No merge is left after these."
    return f"Stop rule: after these, the next merge is expected to better the best by {made.next_gain:.3f}."


def _print(made) -> None:
    """One row a step, then the best to beat and the stop rule."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None)
    for name in ("step", "models", "method", "forecast", "80 % interval", "gain", "keeps"):
        table.add_column(name, justify="left" if name in ("models", "method", "keeps") else "right", no_wrap=True)
    for row in made.table.to_dict("records"):
        interval = "–" if row["low_0.8"] != row["low_0.8"] else f"{row['low_0.8']:.3f} to {row['high_0.8']:.3f}"
        gain = "–" if row["gain"] != row["gain"] else f"{row['gain']:.3f}"
        keeps = ", ".join(f"{task} {share:.2f}" for task, share in zip(row["tasks"], row["kept"], strict=True))
        models = " + ".join(row["tasks"])
        table.add_row(str(row["step"]), models, row["method"], f"{row['forecast']:.3f}", interval, gain, keeps)
    console = Console(markup=False, highlight=False)
    show(console, table)
    said = "Nothing is measured yet." if made.best is None else f"The best that is measured so far: {made.best:.3f}."
    typer.echo(f"{said} {stop_rule(made)}")


def _shares(given: list[str]) -> dict[str, float]:
    """`TASK=SHARE` as a mapping."""
    shares = {}
    for name, value in assigned("--keep", "TASK=SHARE", "cars=0.9", given).items():
        try:
            shares[name] = float(value)
        except ValueError as error:
            raise MergecastError(f"--keep {name}={value}: {value!r} is no number; give one from 0 to 1") from error
    return shares
