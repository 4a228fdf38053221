"""Checkpoints that fit together and are almost surely a mistake: told in a line each, where the number is made."""

import math
from collections.abc import Iterator, Mapping

import torch

from .checkpoints import PIECE, content_hash, norm, task_vector_norm
from .state import is_weight, parts

FAR = 0.7  # ‖τ‖/‖θ0‖: fine-tuning moves a model by a few percent; two models trained apart differ by √2 of their length
NEAR = 1e-6


def doubts(base: Mapping[str, torch.Tensor], models: Mapping[str, Mapping[str, torch.Tensor]], origin: object) -> Iterator[str]:
    """What should be known before a number made of these checkpoints is believed.

    Parameters
    ----------
    base : mapping from tensor name to tensor
    models : mapping from name to such a mapping
        With the names and shapes of the base.
    origin : object
        What lines call the base.

    Yields
    ------
    str
        One line each: a checkpoint as far from the base as an unrelated model, one that hardly differs from it, two that are
        the same.
    """
    whole, seen = norm(base), {}
    for name, model in models.items():
        if (twin := seen.setdefault(content_hash(model), name)) != name:
            yield f"{name}: is the same checkpoint as {twin}"
            continue
        if not whole:
            continue
        ratio = task_vector_norm(base, model) / whole
        if ratio > FAR:
            other = next((there for there in seen.values() if there != name), None)
            alike = f" and a cosine of {_cosine(base, model, models[other]):.4f} with {other}" if other else ""
            yield (
                f"{name}: is as far from {origin} as an unrelated model (‖τ‖/‖θ0‖ {ratio:.2f}{alike}); "
                "was it fine-tuned from another base?"
            )
        elif ratio < NEAR:
            yield f"{name}: hardly differs from {origin} (‖τ‖/‖θ0‖ {ratio:.0e}); was it trained?"


def _cosine(base: Mapping, a: Mapping, b: Mapping) -> float:
    """Of two task vectors, in float64; NaN where one is zero."""
    pieces = (piece for name in base if is_weight(base, name) for piece in parts([base, a, b], name, PIECE))
    product = math.fsum(float((one.double() - origin) @ (other.double() - origin)) for origin, one, other in pieces)
    lengths = task_vector_norm(base, a) * task_vector_norm(base, b)
    return product / lengths if lengths else float("nan")
