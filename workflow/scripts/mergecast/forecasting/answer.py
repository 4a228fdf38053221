"""The forecast of checkpoints that were never merged: files in, plain data out."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path

from ..errors import MergecastError
from ..models import devices
from ..models.checkpoints import content_hash
from ..models.doubts import doubts
from ..models.external.checkpoint import read_checkpoint
from . import inputs, measure
from .groups import group
from .pairs import forecasts
from .study import Study
from .tables import tables


def answer(
    study: Study,
    base,
    models: Sequence,
    images: Mapping[str, object] = {},
    heads: Mapping[str, object] = {},
    *,
    device: str = "auto",
    threads: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict:
    """What merges of these checkpoints would keep, by what a study learnt.

    Parameters
    ----------
    study : Study
    base : Path or str
        What the checkpoints were fine-tuned from.
    models : sequence of Path or str
        Two or more files, of any layout that `mergecast convert` reads. A checkpoint is named after its file.
    images : mapping from name to Path or str
        Images of a checkpoint's task (see `images.of_path`), where it is none of the study's, or other images than those.
    heads : mapping from name to Path or str
        Heads, as safetensors with the tensor `weight` (classes, width). Without one, names of classes go through the text
        tower of the study.
    device : {"auto", "cpu", "cuda"}, default "auto"
    threads : int, default 1
    progress : callable, optional
        Called with the numbers of images looked at so far, and in all.

    Returns
    -------
    dict
        `study`, `forecaster` ("images" or "weights"), `predictor`, `target`, `levels` of the intervals, `parameters` by method
        of the study's merges, `same_base` (whether the base is the study's), `base_sha256`, `images_looked_at`,
        `checkpoints` by name, `warnings`; `pairs`, as `pairs.forecasts` makes them, each with the `scores` of its case and
        the levels that are `refused`; `group`, of three to eight checkpoints, as `groups.group` makes it.

    Raises
    ------
    MergecastError
        For fewer than two models, names that are the same or unknown, and whatever cannot be read or does not fit.
    """
    named = inputs.named(models)
    for key, given in (("--task", images), ("--head", heads)):
        for name in given:
            if name not in named:
                raise MergecastError(f"{key} {name}: there is no checkpoint of that name; they are {', '.join(named)}")
    kept = study.forecaster("images" if (study.folder / "forecaster" / "images.json").is_file() else "weights")
    with tempfile.TemporaryDirectory() as folder:
        origin = inputs.Origin(base, study, kept, Path(folder))
        states = {name: read_checkpoint(path, origin.state).state for name, path in named.items()}
        hashes = {name: content_hash(state) for name, state in states.items()}
        tasks = {sha256: task for task, sha256 in kept.about["checkpoints"].items()}
        known = {name: tasks[sha256] for name, sha256 in hashes.items() if sha256 in tasks} if origin.same else {}
        if twice := [name for name in known if list(known.values()).count(known[name]) > 1]:
            raise MergecastError(f"{' and '.join(str(named[name]) for name in twice)}: are the same checkpoint; give each once")
        shown = inputs.shown(origin, named, images, known)
        warnings = [*_warnings(origin, named, shown, known, kept), *doubts(origin.state, states, base)]
        if len(shown) < len(named) or not origin.fits:
            kept = study.forecaster("weights")
        traits, passed = _measured(origin, kept, states, known, shown, heads, devices.choose(device, threads=threads), progress)
    pairs = forecasts(kept, list(combinations(named, 2)), traits, known)
    for pair in pairs:
        pair |= {key: kept.about[key].get(pair["case"]) for key in ("scores", "refused")}
    table = tables(pairs, kept.about["levels"], kept.about["predictor"])["forecasts"]
    return {
        "study": str(study.folder),
        "forecaster": "images" if kept.library else "weights",
        "predictor": kept.about["predictor"],
        "target": kept.about["target"],
        "levels": list(kept.about["levels"]),
        "parameters": kept.about["parameters"],
        "same_base": origin.same,
        "base_sha256": content_hash(origin.state),
        "images_looked_at": passed,
        "checkpoints": {
            name: {"file": str(path), "sha256": hashes[name], "known": known.get(name)}
            | ({"images": len(shown[name].split), "from": shown[name].source} if kept.library else {})
            for name, path in named.items()
        },
        "warnings": warnings,
        "pairs": pairs,
        "group": group(study, table, list(named), kept.about["target"]),
    }


def _warnings(origin, named, shown, known, kept):
    if not kept.library:
        yield f"{origin.study.folder}: has no forecaster of images, so weights alone are looked at"
    if not origin.same:
        yield f"{origin.path}: is another base than the study's, for which the forecaster was never tried"
    if not origin.fits:
        yield f"{origin.path}: has another architecture than the study's base, so weights alone are looked at"
    for name in named:
        if name in kept.about["tasks"] and known.get(name) != name:
            yield f"{name}: is called like a task of the study and is another checkpoint; it counts as one never seen"
        if name not in shown and origin.fits and kept.library:
            yield f"{name}: has no images, so weights alone are looked at; add --task {name}=IMAGES"


def _measured(origin, kept, states, known, shown, heads, device, progress):
    """The covariates of a forecaster for these checkpoints, and how many images were looked at for them."""
    if not kept.library:
        subjects = {name: measure.Subject(known.get(name, name), state) for name, state in states.items()}
        return measure.traits(kept, origin.state, subjects, {}, device=device), 0
    large = sum(tensor.numel() for tensor in next(iter(states.values())).values()) >= measure.LARGE
    library, views = inputs.library(origin, inputs.LIBRARY_IMAGES if large else None)
    subjects = {
        name: measure.Subject(
            known.get(name, name), state, shown[name], inputs.head(origin, name, shown[name], heads.get(name))
        )
        for name, state in states.items()
    }
    total, done = measure.passes(kept, subjects, library, same_base=origin.same), 0

    def passed(images: int) -> None:
        nonlocal done
        done += images
        progress(done, total)

    made = measure.traits(
        replace(kept, library=views),
        origin.state,
        subjects,
        library,
        model=origin.own,
        same_base=origin.same,
        device=device,
        progress=passed,
    )
    return made, done
