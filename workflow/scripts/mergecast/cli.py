"""`mergecast` in the shell: checkpoints measured, merged, inspected, converted, planned, scores read; no workflow needed."""

import json
import math
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from . import __version__, api, catalogue, features, merging, metrics, prediction
from .commands._terminal import assigned, show
from .commands.forecast import show_forecast
from .commands.plan import show_plan
from .errors import MergecastError, warn

app = typer.Typer(
    help="Forecast how well fine-tuned models will merge, before merging them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("forecast")(show_forecast)
app.command("plan")(show_plan)


class Type(StrEnum):
    """In what weights can be written."""

    float32 = "float32"
    bfloat16 = "bfloat16"
    float16 = "float16"


Checkpoint = Annotated[Path, typer.Argument(help="A file of weights, a folder, or a repository of the hub.")]
Like = Annotated[
    Path | None, typer.Option(help="A model in whose layout the output is written, with all that it holds beside.")
]
Dtype = Annotated[Type | None, typer.Option(help="Of all weights; those of the base, or of --like, unless given.")]
ShardSize = Annotated[
    int | None,
    typer.Option(
        help="Bytes above which a folder holds several files of weights; as the model has them, or 5e9, unless given."
    ),
]
Embeddings = Annotated[
    list[str], typer.Option("--embedding", help="What an embedding is called, which is no matrix; again for further ones.")
]


class Kind(StrEnum):
    """What can be listed."""

    metrics = "metrics"
    methods = "methods"
    predictors = "predictors"
    features = "features"


def main(arguments: list[str] | None = None) -> None:
    """Run the command line. Bad input ends in one line on stderr and exit code 1.

    Parameters
    ----------
    arguments : list of str, optional
        By default those of the process.

    Raises
    ------
    SystemExit
        At the end, with the exit code of the command; with 1 for bad input.
    """
    try:
        app(args=arguments)
    except MergecastError as error:
        typer.echo(f"mergecast: error: {error}", err=True)
        raise SystemExit(1) from error


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"mergecast {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")] = False,
) -> None:
    pass


@app.command("metrics")
def show_metrics(
    base: Checkpoint,
    a: Checkpoint,
    b: Checkpoint,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, {name: value}.")] = False,
    embeddings: Embeddings = [],
) -> None:
    """Compute the weight metrics of two checkpoints fine-tuned from one base."""
    values, seen = api.metrics_and_seen(base, a, b, embeddings or None)
    if as_json:
        typer.echo(json.dumps(values, indent=1, allow_nan=False))
    else:
        _print_table(values)
        typer.echo(
            f"seen: {seen['tensors']} tensors, of these {seen['matrices']} matrices and {seen['embeddings']} embeddings; "
            f"{seen['parameters']:,} parameters"
        )


@app.command("merge")
def merge_checkpoints(
    output: Annotated[Path, typer.Option(help="Where to write the merged checkpoint: a .safetensors file, or a folder.")],
    method: Annotated[str, typer.Argument(help="A merge method; `mergecast list methods` says which.")] = "",
    base: Annotated[Path | None, typer.Argument(help="What the models were fine-tuned from.", show_default=False)] = None,
    models: Annotated[
        list[Path], typer.Argument(help="Checkpoints fine-tuned from the base, each PATH or NAME=PATH.", show_default=False)
    ] = [],
    recipe: Annotated[
        Path | None, typer.Option(help="A YAML file that says all of that, by our own keys or mergekit's (docs/recipes.md).")
    ] = None,
    settings: Annotated[
        list[str], typer.Option("--set", metavar="KEY=VALUE", help="A parameter of the method; [0.7,-0.3]: a value a model.")
    ] = [],
    like: Like = None,
    dtype: Dtype = None,
    shard_size: ShardSize = None,
    embeddings: Embeddings = [],
    forecast: Annotated[
        Path | None,
        typer.Option(help="What `mergecast forecast --json` printed of these models; the card of a folder says it."),
    ] = None,
) -> None:
    """Merge checkpoints fine-tuned from one base, and say in the file's header how.

    A model is called by its NAME, the task in its header, or its file; where these are alike, by its folder. What dare and
    weighted_ties draw at random depends on what models are called: to rename a file changes the draw, NAME=PATH keeps it.
    """
    if recipe and (method or settings):
        raise MergecastError(f"--recipe {recipe}: says method, base, models and parameters; give nothing else but --output")
    if recipe:
        made = api.merge_recipe(recipe, output=output, like=like, forecast=forecast)
    elif base and models:
        options = {
            "like": like,
            "dtype": dtype,
            "shard_size": shard_size,
            "embeddings": embeddings or None,
            "forecast": forecast,
        }
        made = api.merge(method, base, models, output=output, parameters=_assignments(settings), **options)
    else:
        raise MergecastError("merge: give METHOD BASE MODELS, or --recipe FILE")
    typer.echo(f"{output}: {made.metadata['method']} of {', '.join(sorted(json.loads(made.metadata['models'])))}")


@app.command("inspect")
def inspect_checkpoint(
    checkpoint: Annotated[Path, typer.Argument(help="A file of weights, a folder, or a repository of the hub.")],
    base: Annotated[Path | None, typer.Option(help="The base it was fine-tuned from, to measure what changed.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, with every tensor.")] = False,
) -> None:
    """Say what a checkpoint is, whether it fits a base, and how far each layer moved from it."""
    from .models.external.inspection import inspect
    from .models.external.opened import open_any

    facts = inspect(checkpoint, None if base is None else open_any(base))
    for doubt in facts.get("doubts", []):
        warn(doubt)
    if as_json:
        typer.echo(json.dumps(facts, indent=1, allow_nan=False))
    else:
        _print_facts(facts)


@app.command("convert")
def convert_checkpoint(
    checkpoint: Annotated[Path, typer.Argument(help="A file of weights, a folder, or a repository of the hub.")],
    output: Annotated[Path, typer.Argument(help="Where to write the visual tower, a .safetensors file.")],
    base: Annotated[Path | None, typer.Option(help="The base to check against; an adapter is merged into it.")] = None,
) -> None:
    """Write the visual tower of a checkpoint, of any layout that can be read, as one that the workflow takes."""
    api.check_output("OUTPUT", output, [checkpoint] if base is None else [checkpoint, base])
    from .models.checkpoints import save
    from .models.external.checkpoint import read_checkpoint
    from .models.external.opened import open_any

    origin = None if base is None else open_any(base)
    tower = read_checkpoint(checkpoint, origin)
    save(output, tower.state, tower.provenance(origin))
    typer.echo(f"{output}: {tower.layout}, {tower.format}")
    for note in tower.notes():
        typer.echo(note)


@app.command("export")
def export_checkpoint(
    checkpoint: Checkpoint,
    output: Annotated[Path, typer.Argument(help="Where to write it: a .safetensors file, or a folder.")],
    like: Annotated[Path, typer.Option(help="The model whose layout it gets, with all that the model holds beside.")],
    dtype: Dtype = None,
    shard_size: ShardSize = None,
) -> None:
    """Write a checkpoint in the layout of a model: a folder of Hugging Face's that loads, or a whole OpenCLIP state."""
    typer.echo(f"{api.export(checkpoint, output, like=like, dtype=dtype, shard_size=shard_size)}: in the layout of {like}")


@app.command("scores")
def show_scores(
    table: Annotated[Path, typer.Argument(help="A score table: results/SETTING/tables/scores.csv.")],
    target: Annotated[str, typer.Option(help="Which target; the first of the table unless given.")] = "",
    split: Annotated[str, typer.Option(help="Which split.")] = "loto",
    method: Annotated[str, typer.Option(help="One merge method; the mean over all of them unless given.")] = "",
) -> None:
    """Print how good each forecast is beside its null and the baselines."""
    from .prediction.overview import COLUMNS, over_methods
    from .tables import read

    shown = over_methods(read(table), target=target, split=split, method=method)
    rows = [[row.predictor, row.kind, *(getattr(row, name) for name in COLUMNS)] for row in shown.itertuples()]
    _print_rows(["predictor", "kind", *COLUMNS], rows)


@app.command("check")
def check_results(
    results: Annotated[Path, typer.Argument(help="The folder `results` of a workflow.")] = Path("results"),
) -> None:
    """List results whose inputs, parameters, code or versions are not those of today; exit code 1 if there are any."""
    from .workflow.check import differences

    changed = differences(results)
    for job, reasons in changed.items():
        typer.echo(f"{job}: {'; '.join(reasons)}")
    if changed:
        raise typer.Exit(1)
    typer.echo(f"{results}: everything is what its record says, made from what is there today")


@app.command("list")
def list_known(kind: Annotated[Kind, typer.Argument(help="What to list.")]) -> None:
    """Say what metrics, merge methods, predictors or features there are, one line each."""
    if kind is Kind.metrics:
        lines = [f"{metric.name} — {metric.summary}" for metric in metrics.catalogue().values()]
    elif kind is Kind.methods:
        lines = [f"{_signature(name)} — {catalogue.summary('merging', name)}" for name in merging.methods()]
    elif kind is Kind.features:
        lines = [f"{name} — {catalogue.summary(features.WING, name)}" for name in features.names()]
    else:
        kinds = {"predictor": "", "baseline": " (baseline)"}
        lines = [f"{name}{kinds[kind]} — {prediction.summary(name)}" for name, kind in prediction.kinds().items()]
    typer.echo("\n".join(lines))


def _signature(method: str) -> str:
    """`ties (keep=0.2, …)`, or the bare name of a method without parameters; values as `--set` takes them."""
    defaults = ", ".join(
        f"{key}={value if isinstance(value, str) else json.dumps(value)}" for key, value in merging.parameters(method).items()
    )
    return f"{method} ({defaults})" if defaults else method


def _assignments(settings: list[str]) -> dict:
    """`key=value` settings as a mapping; a value is read as JSON where it is some, as a word otherwise."""
    parameters = {}
    for key, text in assigned("--set", "KEY=VALUE", "scale=0.5", settings).items():
        try:
            parameters[key] = json.loads(text)
        except ValueError:
            parameters[key] = text
    return parameters


# Of a tensor θ and its task vector τ; ranks are those of τ.
LAYER = {
    "norm": "‖θ‖",
    "task_vector_norm": "‖τ‖",
    "relative_norm": "‖τ‖/‖θ0‖",
    "stable_rank": "stable rank",
    "effective_rank": "effective rank",
}


def _print_facts(facts: dict) -> None:
    """What `inspect` found: one line per fact, then one row per matrix; `--json` has every tensor."""
    kinds = ", ".join(f"{number} {kind}" for kind, number in facts["dtypes"].items())
    shape = facts.get("architecture") or {}
    lines = {
        "file": ", ".join(facts["files"]),
        "format": facts["format"],
        "layout": facts.get("layout") or f"unknown: {facts['unreadable']}",
        "tensors": f"{facts['tensors']} ({kinds}), {facts['parameters']:,} parameters",
        "tower": ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in shape.items()),
        "model": " or ".join(facts.get("models", [])),
        "sha256": facts.get("sha256", ""),
        "fits": {True: "yes", False: f"no: {'; '.join(facts.get('reasons', []))}"}.get(facts.get("fits"), ""),
        **{LAYER[key]: f"{facts[key]:.6g}" for key in LAYER if facts.get(key) is not None},
        **{f"header {key}": value for key, value in sorted(facts["header"].items())},
    }
    for name, text in [*lines.items(), *(note.split(": ", 1) for note in facts.get("notes", []))]:
        if text:
            # What a file says of itself is shown as text: it may hold what commands a terminal.
            typer.echo("".join(letter if letter.isprintable() else "?" for letter in f"{name:<10} {text}"))
    layers = [layer for layer in facts.get("layers", []) if len(layer["shape"]) > 1]
    if layers:
        columns = [key for key in LAYER if any(key in layer for layer in layers)]
        rows = [
            [layer["name"], "×".join(map(str, layer["shape"])), *(_defined(layer.get(key)) for key in columns)]
            for layer in layers
        ]
        _print_rows(["tensor", "shape", *(LAYER[key] for key in columns)], rows, "{:.4g}")


def _defined(value: float | None) -> float:
    return math.nan if value is None else value


def _print_table(values: dict[str, float]) -> None:
    rows = [[name, metrics.find(name).category, value] for name, value in values.items()]
    _print_rows(["metric", "category", "value"], rows, "{:.6g}")


def _print_rows(columns: list[str], rows: list[list], form: str = "{:.3f}") -> None:
    """A table in the terminal: two columns of words, then numbers, undefined ones as a dash; never cut short."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None)
    for number, name in enumerate(columns):
        table.add_column(name, justify="right" if number > 1 else "left", no_wrap=True)
    for first, second, *values in rows:
        table.add_row(first, second, *("–" if value != value else form.format(value) for value in values))
    console = Console(markup=False)
    show(console, table)


if __name__ == "__main__":
    main()
