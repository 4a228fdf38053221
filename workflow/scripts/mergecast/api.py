"""What `import mergecast` offers: forecasts, plans, metrics, merges, studies opened. The command line calls this."""

import contextlib
import io
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
        Two or more, of any layout that `mergecast convert` reads. Each a path, or `NAME=PATH`; called as by `merge`.
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


def metrics(base: Path_, a: Path_, b: Path_) -> dict[str, float]:
    """Every metric of weights of two checkpoints fine-tuned from one base.

    Parameters
    ----------
    base, a, b : Path or str
        Checkpoints of any layout that `mergecast convert` reads, or state dicts of any other kind of model, with the same
        names. `a` and `b` may be `NAME=PATH`; errors call them as `merge` does.

    Returns
    -------
    dict from str to float

    Raises
    ------
    MergecastError
        If a file cannot be read, or does not fit the base.
    """
    from .features._pair import pair_features
    from .metrics import compute_all
    from .models.names import named

    itself = Path(a).resolve() == Path(b).resolve()
    origin, opened = _opened(base, {"A": a, "B": b} if itself else named([a, b]))
    return compute_all(pair_features(origin, *opened.values(), tuple(opened)))


def merge(
    method: str,
    base: Path_,
    models: Sequence[Path_ | tuple[str | None, Path_]],
    *,
    output: Path_ | None = None,
    parameters: Mapping[str, Any] | None = None,
    dtype: str | None = None,
) -> "dict[str, torch.Tensor]":
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
        Where to write the merged checkpoint, a .safetensors file whose header says how it was made.
    parameters : mapping from name to value, optional
        Of the method; its defaults unless given. A list of values, one a model, is in the order of `models`.
    dtype : {"float32", "bfloat16", "float16"}, optional
        Of the result; that of the base unless given.

    Returns
    -------
    dict from str to tensor

    Raises
    ------
    MergecastError
        For an unknown method or parameter, and files that cannot be read, do not fit, or would be written over.
    """
    from . import merging
    from .models.merged import as_type, save_merged
    from .models.names import named

    checked = merging.check_parameters(method, dict(parameters or {}), len(models))
    paths = named(models)
    checked = merging.by_task(method, checked, paths)
    if output is not None:
        check_output("--output", output, [base, *paths.values()])
    origin, opened = _opened(base, paths)
    merged = merging.merge(method, origin, opened, checked)
    if dtype is not None:
        merged = as_type(merged, dtype)
    if output is not None:
        save_merged(output, merged, method=method, parameters=checked, base=origin, models=opened)
    return merged


def merge_recipe(recipe: Path_, *, output: Path_ | None = None) -> "dict[str, torch.Tensor]":
    """Merge as a file says.

    Parameters
    ----------
    recipe : Path or str
        A YAML file by our own keys or mergekit's (docs/recipes.md).
    output : Path or str, optional
        As for `merge`.

    Returns
    -------
    dict from str to tensor

    Raises
    ------
    MergecastError
        For a recipe that cannot be read, or asks for what is not there, and as `merge` does.
    """
    from .recipes import read_recipe

    found = read_recipe(recipe)
    options = {"output": output, "parameters": found.parameters, "dtype": found.dtype}
    return merge(found.method, found.base, found.models, **options)


def _opened(base: Path_, paths: Mapping[str, Path_]) -> "tuple[Opened, dict[str, Opened]]":
    """A base and models of any layout; what is odd of them is said on stderr."""
    from .errors import warn
    from .models.doubts import doubts
    from .models.external.opened import open_any

    origin = open_any(base)
    models = {name: open_any(path, origin) for name, path in paths.items()}
    for name, opened in {str(base): origin, **models}.items():
        for note in opened.notes:
            warn(f"{name}: {note}")
    for line in doubts(origin, models, base):
        warn(line)
    return origin, models


def check_output(what: str, output: Path_, inputs: Sequence[Path_]) -> None:
    """Weights are written as safetensors, and never over what they are made from.

    Parameters
    ----------
    what : str
        How the error calls the output.
    output : Path or str
    inputs : sequence of Path or str

    Raises
    ------
    MergecastError
        Otherwise.
    """
    from .errors import MergecastError

    if Path(output).suffix != ".safetensors":
        raise MergecastError(f"{what} {output}: must end in .safetensors")
    if Path(output).resolve() in [Path(path).resolve() for path in inputs]:
        raise MergecastError(f"{what} {output}: is one of the files it is made from; name another file")
