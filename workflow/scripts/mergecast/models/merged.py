"""Merged checkpoints as files: models opened by the names of their tasks, the merge saved with its provenance."""

import json
from collections.abc import Iterable, Mapping

from ..errors import MergecastError
from ..files import versions
from .checkpoints import State, content_hash, open_checkpoint, save


def open_models(base: State, paths: Iterable) -> dict[str, State]:
    """Checkpoints by task: the `task` of the file's header or, where it has none, the file's name without its suffix.

    Parameters
    ----------
    base : State
    paths : iterable of Path or str

    Returns
    -------
    dict from task to State
        In the order of `paths`.

    Raises
    ------
    MergecastError
        If a checkpoint is missing, damaged or does not fit the base, or two have one task.
    """
    models: dict[str, State] = {}
    for path in paths:
        state = open_checkpoint(path, base)
        task = state.metadata.get("task") or state.path.stem
        if task in models:
            raise MergecastError(f"{path}: is of task {task!r}, as is {models[task].path}; give models of different tasks")
        models[task] = state
    return models


def save_merged(path, merged: Mapping, *, method: str, parameters: Mapping, base: Mapping, models: Mapping) -> None:
    """Write a merged state, whole or not at all; its header names method, parameters, inputs by hash, and versions.

    Parameters
    ----------
    path : Path or str
    merged : mapping from tensor name to tensor
    method : str
    parameters : mapping from parameter to value
    base : mapping from tensor name to tensor
    models : mapping from task to such a mapping

    Raises
    ------
    MergecastError
        If the file cannot be written.
    """
    header = {
        "method": method,
        "parameters": json.dumps(parameters, sort_keys=True),
        "base_sha256": content_hash(base),
        "models": json.dumps({task: content_hash(models[task]) for task in sorted(models)}),
        "versions": json.dumps(versions(), sort_keys=True),
    }
    save(path, merged, header)
