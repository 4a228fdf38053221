"""Merged checkpoints as files: saved with their provenance."""

import json
from collections.abc import Mapping

from ..files import versions
from .checkpoints import content_hash, save


def save_merged(path, merged: Mapping, *, method: str, parameters: Mapping, base: Mapping, models: Mapping) -> None:
    """Write a merged state, whole or not at all, each tensor when its turn comes; its header is `provenance`.

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
    save(path, merged, provenance(method=method, parameters=parameters, base=base, models=models))


def provenance(*, method: str, parameters: Mapping, base: Mapping, models: Mapping) -> dict[str, str]:
    """What the header of a merge says: method, parameters, inputs by hash, and versions.

    Parameters
    ----------
    method : str
    parameters : mapping from parameter to value
    base : mapping from tensor name to tensor
    models : mapping from task to such a mapping

    Returns
    -------
    dict from str to str
    """
    return {
        "method": method,
        "parameters": json.dumps(parameters, sort_keys=True),
        "base_sha256": content_hash(base),
        "models": json.dumps({task: content_hash(models[task]) for task in sorted(models)}),
        "versions": json.dumps(versions(), sort_keys=True),
    }
