"""What a checkpoint is, in plain values: its kind, its shapes, whether it fits a base, how far each layer moved."""

from collections import Counter
from itertools import islice

import torch

from ...errors import MergecastError
from ..checkpoints import State, content_hash, embeddings_of, faults, is_matrix, norm, task_vector, task_vector_norm
from ..doubts import doubts
from ..state import dtype_of, shape_of
from . import architecture
from .opened import Opened, of_file
from .reading import read

MOST_REASONS = 3


def inspect(path, base: Opened | State | None = None) -> dict:
    """Facts about a file of weights, strict JSON.

    Parameters
    ----------
    path : Path or str
    base : Opened, State or None

    Returns
    -------
    dict
        Of the file: `files`, `format`, `header`, `dtypes`, `tensors`, `parameters`. Of the visual tower in it, or of all its
        tensors where there is none: `layout`, `notes` (what was left out, or is the base's), `architecture`,
        `models` (names with these shapes), `sha256`, `norm`; or `unreadable`, why it cannot be. With a base: `fits`,
        `reasons`, and if the shapes agree `task_vector_norm`, `relative_norm` and `doubts`.
        `layers`: see `layer`. None where a number is undefined.

    Raises
    ------
    MergecastError
        If the file cannot be read at all.
    """
    file = read(path)
    dtypes = Counter(str(dtype_of(file.tensors, name)).removeprefix("torch.") for name in file.tensors)
    facts = {
        "files": list(file.sources),
        "format": file.format,
        "header": dict(file.metadata),
        "dtypes": dict(sorted(dtypes.items())),
        "tensors": len(file.tensors),
        "parameters": sum(torch.Size(shape_of(file.tensors, name)).numel() for name in file.tensors),
    }
    try:
        checkpoint = of_file(file, path, base)
    except MergecastError as error:
        reason = str(error).removeprefix(f"{file.path}: ")
        return facts | {"unreadable": reason} | ({"fits": False, "reasons": [reason]} if base is not None else {})
    shapes = {name: shape_of(checkpoint, name) for name in checkpoint}
    measured = architecture.measured(shapes)
    facts |= {
        "layout": checkpoint.layout,
        "notes": checkpoint.notes,
        "architecture": measured,
        "models": architecture.candidates(measured) if measured else [],
        "sha256": content_hash(checkpoint),
        "norm": _number(norm(checkpoint)),
    }
    if base is not None:
        reasons = list(
            islice(faults(checkpoint, base, checkpoint.metadata.get("base_sha256"), clip=checkpoint.clip), MOST_REASONS)
        )
        facts |= {"fits": not reasons, "reasons": reasons}
        if shapes != {name: base.shape(name) for name in base}:
            base = None
        else:
            facts["doubts"] = list(doubts(base, {str(path): checkpoint}, base.path))
            moved, whole = task_vector_norm(base, checkpoint), norm(base)
            facts |= {"task_vector_norm": _number(moved), "relative_norm": _number(moved / whole) if whole else None}
    return facts | {"layers": [layer(name, checkpoint, base) for name in sorted(checkpoint)]}


def layer(name: str, state, base: Opened | State | None = None) -> dict:
    """Facts about one tensor, all in float64.

    Parameters
    ----------
    name : str
    state : mapping from tensor name to tensor
    base : Opened, State or None

    Returns
    -------
    dict
        `name`, `shape`, `norm` ‖θ‖; with a base `task_vector_norm` ‖τ‖ and `relative_norm` ‖τ‖/‖θ0‖ and, of a matrix,
        `stable_rank` ‖τ‖²_F/‖τ‖²_2 and `effective_rank` exp(−Σ p ln p), p = σ/Σσ. None where a number is not finite, for ranks
        of τ = 0, and for the relative norm where θ0 = 0.

    Notes
    -----
    Effective rank: Roy and Vetterli 2007.
    """
    tensor = state[name]
    facts = {"name": name, "shape": list(tensor.shape), "norm": _number(float(tensor.double().norm()))}
    if base is None:
        return facts
    tau = task_vector(base, state, name, torch.float64)
    moved, whole = float(tau.norm()), float(base[name].double().norm())
    facts |= {"task_vector_norm": _number(moved), "relative_norm": _number(moved / whole) if whole else None}
    if is_matrix(name, tensor, embeddings_of(base)):
        stable, effective = _ranks(tau)
        facts |= {"stable_rank": stable, "effective_rank": effective}
    return facts


def _ranks(tau: torch.Tensor) -> tuple[float | None, float | None]:
    if not tau.any() or not torch.isfinite(tau).all():
        return None, None
    values = torch.linalg.svdvals(tau)
    shares = values / values.sum()
    entropy = -torch.special.xlogy(shares, shares).sum()
    return float((values / values[0]).square().sum()), float(entropy.exp())


def _number(value: float) -> float | None:
    return value if value - value == 0 else None
