"""What a forecast, as `mergecast forecast --json` prints it, says of one merge."""

import json
from collections.abc import Mapping
from pathlib import Path

from ..errors import MergecastError

REMEDY = "give what `mergecast forecast --json` printed of these checkpoints"


def said(path, method: str, parameters: Mapping, base: str, models: Mapping[str, str]) -> dict:
    """The forecast of one merge, and what was measured of it.

    Parameters
    ----------
    path : Path or str
        JSON of `answer`.
    method : str
    parameters : mapping from parameter to value
        Of the method, all of them.
    base : str
        SHA-256 of the base as an image tower in no type smaller than float32 or bfloat16.
    models : mapping from name to str
        The same of the models; they may be called otherwise in the forecast.

    Returns
    -------
    dict
        `study`, `predictor`, `target`, `forecast`, `kept` by name, `interval` and its `level` (None if there is none), and,
        of two models, `case`, `measured` (None if it was not) and `scores` (None if the study forecast none such).

    Raises
    ------
    MergecastError
        If the file cannot be read, is of other checkpoints or another base, or its study merged by other parameters.
    """
    found = _read(path)
    own = {
        name: next((key for key, each in found["checkpoints"].items() if each["sha256"] == sha), None)
        for name, sha in models.items()
    }
    if lacking := [name for name, key in own.items() if key is None]:
        raise MergecastError(f"{path}: says nothing of {', '.join(lacking)}; {REMEDY}")
    if found["base_sha256"] != base:
        raise MergecastError(f"{path}: is a forecast of models of another base; {REMEDY}")
    if method not in found["parameters"]:
        known = ", ".join(found["parameters"])
        raise MergecastError(f"{path}: says nothing of {method}, which its study did not merge by; it knows {known}")
    theirs, ours = (json.dumps(dict(each), sort_keys=True) for each in (found["parameters"][method], parameters))
    if theirs != ours:
        raise MergecastError(f"{path}: is of {method} by {theirs}, not by {ours}; merge as its study did")
    names = {key: name for name, key in own.items()}
    each = _pair(found, names, method) if len(models) == 2 else _group(found, names, method)
    if each is None:
        raise MergecastError(f"{path}: has no forecast of these {len(models)} models together; {REMEDY}")
    about = {"study": Path(found["study"]).name, "predictor": found["predictor"], "target": found["target"]}
    return about | each


def _read(path) -> dict:
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
        lacking = [
            key
            for key in ("study", "predictor", "target", "base_sha256", "checkpoints", "parameters", "pairs")
            if key not in found
        ]
    except (OSError, ValueError, TypeError) as error:
        raise MergecastError(f"{path}: cannot be read as JSON ({error}); {REMEDY}") from error
    if lacking:
        raise MergecastError(f"{path}: lacks the key {lacking[0]!r}; {REMEDY}")
    return found


def _pair(found: Mapping, names: Mapping[str, str], method: str) -> dict | None:
    for pair in found["pairs"]:
        tasks = pair["task_a"], pair["task_b"]
        if set(tasks) == set(names):
            each = pair["methods"][method]
            kept = {names[task]: share for task, share in zip(tasks, each["kept"], strict=True)}
            more = {"case": pair["case"], "measured": each["measured"], "scores": pair["scores"]}
            return {"forecast": each["forecast"], "kept": kept, **_interval(each), **more}
    return None


def _group(found: Mapping, names: Mapping[str, str], method: str) -> dict | None:
    """Of three models or more: all of a forecast together, or nothing."""
    if not found.get("group") or set(found["checkpoints"]) != set(names):
        return None
    each = found["group"][method]
    kept = {names[task]: share for task, share in each["kept"].items()}
    return {"forecast": each["forecast"], "kept": kept, **_interval(each)}


def _interval(each: Mapping) -> dict:
    """The narrowest interval that there is."""
    there = {level: bounds for level, bounds in each["interval"].items() if bounds is not None}
    level = min(there, key=float, default=None)
    return {"interval": there.get(level), "level": level}
