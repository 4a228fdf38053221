"""What `import mergecast` offers: forecasts, plans, metrics, merges, studies opened. The command line calls this."""

import contextlib
import io
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import MergecastError, warn
from .models.external import PICKLES, files

if TYPE_CHECKING:
    import pandas as pd
    import torch

    from .forecasting.study import Study
    from .models.external.opened import Opened
    from .planning import Plan

Path_ = str | os.PathLike[str]


@dataclass(frozen=True)
class Forecast:
    """What merges of checkpoints are forecast to keep.

    `table`: one row per pair and method, the columns of a study's table `forecasts`. `reasons`: what moved each most.
    `neighbours`: the nearest measured pairs of each pair. `warnings`: what should be known before it is believed. `data`: all
    of it as `mergecast forecast --json` prints it.
    """

    table: "pd.DataFrame"
    reasons: "pd.DataFrame"
    neighbours: "pd.DataFrame"
    warnings: list[str]
    data: dict[str, Any]


def forecast(
    base: Path_,
    *models: Path_,
    study: "Path_ | Study",
    images: Mapping[str, Path_] | None = None,
    heads: Mapping[str, Path_] | None = None,
    device: str = "auto",
    threads: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Forecast:
    """Forecast what merges of checkpoints keep, without merging them.

    Parameters
    ----------
    base : Path or str
        What they were fine-tuned from.
    *models : Path or str
        Two or more, of any layout that `mergecast convert` reads. Each a path, which names
        it, or `NAME=PATH`.
    study : Path, str or Study
        The results of a setting that learnt: `results/{setting}`.
    images : mapping from name to Path or str, optional
        Images of a checkpoint's task: an .npz file, a folder of pictures, or the folder of a data set. Tasks of the study have
        theirs. Without any, weights alone are looked at.
    heads : mapping from name to Path or str, optional
        Safetensors with the tensor `weight` (classes, width); from the names of the classes unless given.
    device : {"auto", "cpu", "cuda"}, default "auto"
    threads : int, optional
        Of the processor; all cores unless given.
    progress : callable, optional
        Called with the numbers of images looked at so far, and in all.

    Returns
    -------
    Forecast

    Raises
    ------
    MergecastError
        For whatever cannot be read or does not fit.
    """
    from .forecasting.answer import answer
    from .forecasting.study import Study, load_study
    from .forecasting.tables import tables

    opened = study if isinstance(study, Study) else load_study(study)
    with contextlib.redirect_stdout(io.StringIO()):
        options = {"device": device, "threads": threads or os.cpu_count() or 1, "progress": progress}
        found = answer(opened, base, models, images or {}, heads or {}, **options)
    made = tables(found["pairs"], found["levels"], found["predictor"])
    return Forecast(made["forecasts"], made["forecast_reasons"], made["neighbours"], found["warnings"], found)


def plan(
    study: "Path_ | Study",
    budget: int,
    *,
    group: int | None = None,
    keep: Mapping[str, float] | None = None,
    including: Sequence[str] = (),
    without: Sequence[str] = (),
    methods: Sequence[str] = (),
) -> "Plan":
    """Which merges of a study to make next, in the order worth trying.

    Parameters
    ----------
    study : Path, str or Study
        `results/{setting}`.
    budget : int
        How many merges can be made.
    group : int, optional
        Models of a merge, 3 to 8; pairs unless given.
    keep : mapping from task to float, optional
        Least to keep of a task, where it is in the merge.
    including, without : sequence of str, default ()
        Tasks that must, or must not, be in it.
    methods : sequence of str, default ()
        These alone; all unless given.

    Returns
    -------
    Plan
        `table`, one row per merge, `best`, the best measured value, and `next_gain`, the stop rule.

    Raises
    ------
    MergecastError
        For an unknown task or method, numbers out of range, and a study without forecasts.
    """
    from .forecasting.study import Study, load_study
    from .planning import Wish
    from .planning import plan as planned

    opened = study if isinstance(study, Study) else load_study(study)
    wish = Wish(dict(keep or {}), tuple(including), tuple(without), tuple(methods))
    there = {name: opened.table(name) for name in ("merges", "subsets") if opened.has(name)}
    return planned(opened.table("forecasts"), budget, group=group, wish=wish, target=opened.target, **there)


def metrics(base: Path_, a: Path_, b: Path_, *, embeddings: Collection[str] | None = None) -> dict[str, float]:
    """Every metric of weights of two checkpoints fine-tuned from one base.

    Parameters
    ----------
    base, a, b : Path or str
        Checkpoints of any layout that `mergecast convert` reads, or state dicts of any other kind of model, with the same
        names. `a` and `b` may be `NAME=PATH`; errors call them as `merge` does.
    embeddings : collection of str, optional
        What embeddings are called, which are no matrices: the last part of their names, but for `weight`.

    Returns
    -------
    dict from str to float

    Raises
    ------
    MergecastError
        If a file cannot be read, or does not fit the base.
    """
    return metrics_and_seen(base, a, b, embeddings)[0]


def metrics_and_seen(
    base: Path_, a: Path_, b: Path_, embeddings: Collection[str] | None = None
) -> tuple[dict[str, float], dict[str, int]]:
    """The metrics, and how many tensors they were computed from.

    Parameters
    ----------
    base, a, b : Path or str
    embeddings : collection of str, optional
        As for `metrics`.

    Returns
    -------
    dict from str to float, and dict from str to int
        `metrics` and `checkpoints.seen`.

    Raises
    ------
    MergecastError
        As `metrics` does.
    """
    from .features._pair import pair_features
    from .metrics import compute_all
    from .models.checkpoints import seen
    from .models.names import named

    itself = Path(a).resolve() == Path(b).resolve()
    origin, opened = _opened(base, {"A": a, "B": b} if itself else named([a, b]), embeddings)
    values = compute_all(pair_features(origin, *opened.values(), tuple(opened)))
    _tell(base, origin, opened)
    return values, seen(origin)


def merge(
    method: str,
    base: Path_,
    models: Sequence[Path_ | tuple[str | None, Path_]],
    *,
    output: Path_ | None = None,
    parameters: Mapping[str, Any] | None = None,
    like: Path_ | None = None,
    dtype: str | None = None,
    shard_size: int | None = None,
    embeddings: Collection[str] | None = None,
    forecast: Path_ | None = None,
) -> "Mapping[str, torch.Tensor]":
    """Merge checkpoints fine-tuned from one base.

    Parameters
    ----------
    method : str
        One of those that `mergecast list methods` names.
    base : Path or str
    models : sequence of Path or str, or of (name, Path or str)
        Each a path, `NAME=PATH` where no file has that whole name, or a pair of both. A model without a name is called by the
        `task` in its header, else by its file; models called alike are told apart by their files and folders.
    output : Path or str, optional
        Where to write the merged checkpoint, tensor by tensor: a .safetensors file whose header says how it was made, or a
        folder with configuration, tokeniser and a model card.
    parameters : mapping from name to value, optional
        Of the method; its defaults unless given. A list of values, one a model, is in the order of `models`.
    like : Path or str, optional
        A model in whose layout the output is written, with all that it holds beside. A folder is like the base unless given.
    dtype : {"float32", "bfloat16", "float16"}, optional
        Of the output; that of the base, or of `like`, unless given.
    shard_size : int, optional
        Bytes above which a folder holds several files of weights. Unless given they are divided as in the model it is like,
        or, where that is one file or no safetensors, above 5e9 bytes.
    embeddings : collection of str, optional
        What embeddings are called, which are no matrices: the last part of their names, but for `weight`.
    forecast : Path or str, optional
        A file that `mergecast forecast --json` printed of these checkpoints: the card of a folder says it, beside what the
        study measured.

    Returns
    -------
    mapping from str to tensor
        In memory, or, where there is an output, read from what was written.

    Raises
    ------
    MergecastError
        For an unknown method or parameter, files that cannot be read, do not fit, or would be written over, and a forecast of
        something else.
    """
    from . import merging
    from .models.external.publish import Cast, publish
    from .models.names import named

    checked = merging.check_parameters(method, dict(parameters or {}), len(models))
    paths = named(models)
    checked = merging.by_task(method, checked, paths)
    if output is not None:
        check_output("--output", output, [base, *paths.values(), *([] if like is None else [like])], folder=True)
    if forecast is not None and (output is None or Path(output).suffix == ".safetensors"):
        raise MergecastError(f"--forecast {forecast}: is said on the card of a folder; give a folder as --output")
    origin, opened = _opened(base, paths, embeddings)
    quality = None if forecast is None else _said(forecast, method, checked, origin, opened)
    merged = merging.lazily(method, origin, opened, checked)
    if dtype is not None:
        merged = Cast(merged, dtype)
    told = {"method": method, "parameters": checked, "base": origin, "models": opened}
    options = {"like": like, "dtype": dtype, "shard_size": shard_size, "forecast": quality}
    made = dict(merged) if output is None else publish(output, merged, **told, **options)
    _tell(base, origin, opened)
    return made


def merge_recipe(
    recipe: Path_, *, output: Path_ | None = None, like: Path_ | None = None, forecast: Path_ | None = None
) -> "Mapping[str, torch.Tensor]":
    """Merge as a file says.

    Parameters
    ----------
    recipe : Path or str
        A YAML file by our own keys or mergekit's (docs/recipes.md).
    output, like, forecast : Path or str, optional
        As for `merge`.

    Returns
    -------
    mapping from str to tensor

    Raises
    ------
    MergecastError
        For a recipe that cannot be read, or asks for what is not there, and as `merge` does.
    """
    from .recipes import read_recipe

    found = read_recipe(recipe)
    options = {"output": output, "parameters": found.parameters, "like": like, "dtype": found.dtype, "forecast": forecast}
    return merge(found.method, found.base, found.models, **options)


def export(checkpoint: Path_, output: Path_, *, like: Path_, dtype: str | None = None, shard_size: int | None = None) -> Path:
    """Write a checkpoint in the layout of a model, with all that the model holds beside.

    Parameters
    ----------
    checkpoint : Path or str
        An image tower, or a state dict of the same model.
    output : Path or str
        A .safetensors file, or a folder with that model's configuration and tokeniser.
    like : Path or str
        A model of any layout that `mergecast convert` reads.
    dtype : {"float32", "bfloat16", "float16"}, optional
        Of all weights; those of `like` unless given.
    shard_size : int, optional
        Bytes above which a folder holds several files of weights. Unless given they are divided as in the model it is like,
        or, where that is one file or no safetensors, above 5e9 bytes.

    Returns
    -------
    Path

    Raises
    ------
    MergecastError
        If a file cannot be read, is of another architecture, or would be written over.
    """
    from .models.external.export import export as written
    from .models.external.opened import open_any

    check_output("OUTPUT", output, [checkpoint, like], folder=True)
    opened = open_any(checkpoint)
    told = {key: value for key, value in opened.metadata.items() if key != "format"}
    return written(output, opened, like, dtype=dtype, shard_size=shard_size, header=told)


def _opened(
    base: Path_, paths: Mapping[str, Path_], embeddings: Collection[str] | None = None
) -> "tuple[Opened, dict[str, Opened]]":
    """A base and models of any layout."""
    from .models.external.opened import open_any

    origin = open_any(base, embeddings=embeddings)
    return origin, {name: open_any(path, origin) for name, path in paths.items()}


def _said(path: Path_, method: str, parameters: Mapping, base: "Opened", models: "Mapping[str, Opened]") -> dict:
    """What a file of a forecast says of a merge."""
    from .forecasting.said import said
    from .models.external.checkpoint import Raised
    from .models.state import hash_of

    return said(
        path, method, parameters, hash_of(Raised(base)), {name: hash_of(Raised(model)) for name, model in models.items()}
    )


def _tell(base: Path_, origin: "Opened", models: "Mapping[str, Opened]") -> None:
    """Say on stderr what is odd of checkpoints, once the number that is made of them is there."""
    from .models.doubts import doubts

    for name, opened in {str(base): origin, **models}.items():
        for note in opened.notes:
            warn(f"{name}: {note}")
    others = {name: opened for name, opened in models.items() if opened.path != origin.path}  # the base may be merged, too
    for line in doubts(origin, others, base):
        warn(line)


def check_output(what: str, output: Path_, inputs: Sequence[Path_], *, folder: bool = False) -> None:
    """Weights are written as safetensors, and never over what they are made from.

    Parameters
    ----------
    what : str
        How the error calls the output.
    output : Path or str
    inputs : sequence of Path or str
    folder : bool, default False
        Whether it may be a folder, which then has no suffix of a file of weights.

    Raises
    ------
    MergecastError
        Otherwise.
    """
    if folder and Path(output).suffix not in (".safetensors", *PICKLES):
        return
    if Path(output).suffix != ".safetensors":
        raise MergecastError(f"{what} {output}: must end in .safetensors" + (", or be a folder" if folder else ""))
    if Path(output).resolve() in [Path(file).resolve() for path in inputs for file in files(path)]:
        raise MergecastError(f"{what} {output}: is one of the files it is made from; name another file")
