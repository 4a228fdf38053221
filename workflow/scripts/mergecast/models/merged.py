"""Merged checkpoints as files: saved with their provenance."""

import json
from collections.abc import Mapping

import torch

from ..errors import MergecastError
from ..files import versions
from .checkpoints import content_hash, is_finite, save


def as_type(merged: Mapping, dtype: str) -> dict:
    """A merged state, rounded to another floating type.

    Parameters
    ----------
    merged : mapping from tensor name to tensor
    dtype : {"float32", "bfloat16", "float16"}

    Returns
    -------
    dict from tensor name to tensor

    Raises
    ------
    MergecastError
        If an entry does not fit the type.
    """
    cast = {name: tensor.to(getattr(torch, dtype)) for name, tensor in merged.items()}
    for name, tensor in cast.items():
        if not is_finite(tensor):
            raise MergecastError(f"merged tensor {name!r} overflows {dtype}; write it as bfloat16 or float32")
    return cast


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
