"""`mergecast forecast`: checkpoints that were never merged, by what a study learnt."""

import contextlib
import json
import os
from pathlib import Path
from typing import Annotated

import typer

from ..errors import MergecastError
from ._terminal import assigned, show


def show_forecast(
    base: Annotated[Path, typer.Argument(help="What the checkpoints were fine-tuned from.")],
    models: Annotated[list[Path], typer.Argument(help="Two or more checkpoints, each PATH or NAME=PATH.")],
    study: Annotated[Path, typer.Option(help="The results of a setting that learnt: results/SETTING.")],
    images: Annotated[
        list[str],
        typer.Option("--task", metavar="NAME=IMAGES", help="Images of a checkpoint's task: .npz, folder or data set's folder."),
    ] = [],
    heads: Annotated[
        list[str], typer.Option("--head", metavar="NAME=FILE", help="A checkpoint's head; from class names unless given.")
    ] = [],
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    threads: Annotated[int, typer.Option(min=1, help="Of the processor; all cores unless given.")] = os.cpu_count() or 1,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Forecast what merges of checkpoints keep, without merging them."""
    from .. import api

    given, tops = _paths("--task", images), _paths("--head", heads)
    with _bar() as progress:
        options = {"device": device, "threads": threads, "progress": progress}
        found = api.forecast(base, *models, study=study, images=given, heads=tops, **options).data
    if as_json:
        typer.echo(json.dumps(found, indent=1, allow_nan=False))
    else:
        _print(found)


def _paths(option: str, given: list[str]) -> dict[str, str]:
    """`NAME=PATH` as a mapping."""
    paths = assigned(option, "NAME=PATH", "cars=cars.npz", given)
    for name, path in paths.items():
        if not path:
            raise MergecastError(f"{option} {name}=: must be NAME=PATH, such as cars=cars.npz")
    return paths


@contextlib.contextmanager
def _bar():
    """A bar of images looked at, on stderr and gone at the end, if that is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as shown:
        job = shown.add_task("images looked at", total=None)
        yield lambda done, total: shown.update(job, completed=done, total=total)


def _print(found: dict) -> None:
    """A table for each pair, best first, then why, what is near, and how far to trust it."""
    from rich.console import Console

    console = Console(markup=False, highlight=False, soft_wrap=True)
    pairs = sorted(found["pairs"], key=lambda pair: -_best(pair)[1]["forecast"])
    for pair in pairs:
        console.print(f"{pair['task_a']} + {pair['task_b']}: {pair['case']}, by {_looked(found)}")
        _table(console, pair)
        method, best = _best(pair)
        if best["measured"] is not None:
            console.print("This pair was measured by the study; its forecast is by a model that has not seen it.")
        console.print(f"Why, under {method}:")
        for reason in best["reasons"]:
            console.print(f"  {reason['contribution']:+.3f}  {reason['reason']}")
        near = "; ".join(f"{each['task_a']} + {each['task_b']} {each['measured'][method]:.3f}" for each in pair["neighbours"])
        console.print(f"Nearest measured pairs, under {method}: {near}")
        console.print(_trust(pair["scores"]))
        for level, reason in (pair["refused"] or {}).items():
            console.print(f"No {float(level):.0%} interval: {reason}.")
        for line in pair["outside"]:
            console.print(f"warning: {line}")
        console.print()
    if found["group"]:
        _group(console, found)
    for line in found["warnings"]:
        console.print(f"warning: {line}")


def _looked(found: dict) -> str:
    if found["forecaster"] == "weights":
        return "weights alone"
    return f"{found['images_looked_at']:,} images passed through their models"


def _best(pair: dict):
    return max(pair["methods"].items(), key=lambda item: item[1]["forecast"])


def _table(console, pair: dict) -> None:
    from rich.table import Table

    levels = list(next(iter(pair["methods"].values()))["interval"])
    table = Table(box=None)
    table.add_column("method", no_wrap=True)
    sides = [f"keeps {pair[key]}" for key in ("task_a", "task_b")]
    for name in ("forecast", *(f"{float(level):.0%} interval" for level in levels), *sides, "mean"):
        table.add_column(name, justify="right", no_wrap=True)
    measured = any(each["measured"] is not None for each in pair["methods"].values())
    if measured:
        table.add_column("measured", justify="right", no_wrap=True)
    for method, each in sorted(pair["methods"].items(), key=lambda item: -item[1]["forecast"]):
        bounds = [_bounds(each["interval"][level]) for level in levels]
        numbers = [each["forecast"], *each["kept"], each["baseline"]]
        first, *others = (f"{number:.3f}" for number in numbers)
        table.add_row(method, first, *bounds, *others, *([f"{each['measured']:.3f}"] if measured else []))
    show(console, table)


def _group(console, found: dict) -> None:
    """The merge of all of them, as its pairs say."""
    from rich.table import Table

    names = list(found["checkpoints"])
    table = Table(box=None)
    table.add_column("method", no_wrap=True)
    for name in ("forecast", "80% interval", *(f"keeps {name}" for name in names)):
        table.add_column(name, justify="right", no_wrap=True)
    for method, each in sorted(found["group"].items(), key=lambda item: -item[1]["forecast"]):
        shown = _bounds(each["interval"]["0.8"])
        table.add_row(method, f"{each['forecast']:.3f}", shown, *(f"{each['kept'][name]:.3f}" for name in names))
    console.print(f"all {len(names)} together, as their pairs say")
    show(console, table)
    if not any(each["measured_groups"] for each in found["group"].values()):
        console.print(f"The study measured no merge of {len(names)}, so nothing says how far groups lie from their pairs.")
    console.print()


def _bounds(interval: list[float] | None) -> str:
    return "–" if interval is None else "{:.3f} to {:.3f}".format(*interval)


def _trust(scores: dict | None) -> str:
    if not scores:
        return "The study never forecast such a pair, so nothing says how far to trust this."
    q2 = "undefined" if scores["q2"] is None else f"{scores['q2']:.2f}"
    return (
        f"How far to trust it: over {scores['n_forecasts']:,} such forecasts of the study Q² {q2}, off by {scores['mae']:.3f} "
        f"on average; guessing the mean is off by {scores['mae_of_mean']:.3f}."
    )
