"""mergekit's recipes, of the methods that both have: by its conventions, or refused."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .. import merging
from ..errors import MergecastError
from ._recipe import TYPES, Recipe

SINGULAR = 1e-8  # weights that sum to less divide nothing
REFUSED = {
    "slices": "stacks parts of models, and whole models are merged here; list them under `models`",
    "modules": "merges parts of models, and whole models are merged here; list them under `models`",
    "tokenizer": "that of the base is kept; remove the key",
    "chat_template": "that of the base is kept; remove the key",
}
FLAG, ANY = {"type": "boolean"}, {}


@dataclass(frozen=True)
class Terms:
    """What a recipe says of its models, in their order, and of their sum."""

    weights: list[float]
    densities: list[float]
    factor: float
    normalize: bool
    rescale: bool


def _linear(terms: Terms) -> tuple[str, dict]:
    if not terms.normalize and not math.isclose(math.fsum(terms.weights), 1, rel_tol=1e-9):
        raise MergecastError(
            "parameters.normalize: is false, and the weights do not sum to 1, so that the base would be scaled, too; "
            "let them sum to 1 or take task_arithmetic"
        )
    return "weight_avg", {"weights": terms.weights}


def _task_arithmetic(terms: Terms) -> tuple[str, dict]:
    return "task_arithmetic", {"scale": _factors(terms)}


def _dare_linear(terms: Terms) -> tuple[str, dict]:
    """`dare` is a mean, mergekit's a sum; both divide what is left by the density, unless `rescale` is false."""
    left = [1.0 if terms.rescale else density for density in terms.densities]
    scale = [len(left) * factor * share for factor, share in zip(_factors(terms), left, strict=True)]
    return "dare", {"drop": [1 - density for density in terms.densities], "scale": scale}


def _ties(terms: Terms) -> tuple[str, dict]:
    if terms.rescale:
        raise MergecastError("parameters.rescale: is true, and `ties` rescales nothing here; remove it")
    return "weighted_ties", _elected(terms) | {"mask": "magnitude", "scale": terms.factor}


def _dare_ties(terms: Terms) -> tuple[str, dict]:
    if not terms.rescale and len(set(terms.densities)) > 1:
        raise MergecastError("parameters.rescale: is false, and densities differ; give one density, or rescale")
    scale = terms.factor if terms.rescale else terms.factor * terms.densities[0]
    return "weighted_ties", _elected(terms) | {"mask": "random", "scale": scale}


def _elected(terms: Terms) -> dict:
    return {"keep": terms.densities, "weights": terms.weights, "normalize": terms.normalize}


def _factors(terms: Terms) -> list[float]:
    """The factor of each task vector: its weight, over the sum of all if they are normalised, times lambda."""
    total = math.fsum(terms.weights)
    divisor = total if terms.normalize and abs(total) >= SINGULAR else 1.0
    return [terms.factor * weight / divisor for weight in terms.weights]


@dataclass(frozen=True)
class Known:
    """A method of mergekit: our method and parameters of `Terms`; what it takes of each model and of all; its defaults."""

    ours: Callable[[Terms], tuple[str, dict]]
    each: tuple[str, ...]
    whole: tuple[str, ...]
    normalize: bool
    rescale: bool


WHOLE = ("normalize", "lambda", "int8_mask", "rescale")
KNOWN = {
    "linear": Known(_linear, ("weight",), ("normalize",), normalize=True, rescale=False),
    "task_arithmetic": Known(_task_arithmetic, ("weight",), WHOLE[:3], normalize=False, rescale=False),
    "ties": Known(_ties, ("weight", "density"), WHOLE, normalize=True, rescale=False),
    "dare_linear": Known(_dare_linear, ("weight", "density"), WHOLE, normalize=False, rescale=True),
    "dare_ties": Known(_dare_ties, ("weight", "density"), WHOLE, normalize=False, rescale=True),
}


def schema(written: Mapping) -> dict:
    """JSON schema of a recipe of its method.

    Parameters
    ----------
    written : mapping
        As it was read.

    Returns
    -------
    dict

    Raises
    ------
    MergecastError
        For a key or method of mergekit that is not taken.
    """
    for key, why in REFUSED.items():
        if key in written:
            raise MergecastError(f"{key}: {why}")
    method = written["merge_method"]
    if method not in list(KNOWN):
        there = "; ours of that name has conventions of its own, so write `method` in place of it"
        raise MergecastError(
            f"merge_method: {method!r} of mergekit is not there; known are {', '.join(KNOWN)}"
            + (there if method in merging.methods() else "")
        )
    each, whole = KNOWN[method].each, KNOWN[method].whole
    models = {"model": {"type": "string"}, "parameters": _object(dict.fromkeys(each, ANY))}
    options = dict.fromkeys(each, ANY) | {key: ANY if key == "lambda" else FLAG for key in whole}
    return _object(
        {
            "merge_method": {"type": "string"},
            "base_model": {"type": "string"},
            "models": {"type": "array", "minItems": 1, "items": _object(models, "model")},
            "parameters": _object(options),
            "tokenizer_source": {"enum": ["base"]},  # that of the base is kept
            "dtype": {"enum": list(TYPES)},
            "out_dtype": {"enum": list(TYPES)},
        },
        *(() if method == "linear" else ("base_model",)),  # a mean has no base: the first model stands for it
        "models",
    )


def recipe(written: Mapping) -> Recipe:
    """What a recipe says, in terms of our methods.

    Parameters
    ----------
    written : mapping
        It fits the schema.

    Returns
    -------
    Recipe
        Its models are without the base, which only `linear` counts among them.

    Raises
    ------
    MergecastError
        For a number that is lacking or none, and for what mergekit computes and we do not.
    """
    known, whole = KNOWN[written["merge_method"]], written.get("parameters", {})
    base = Path(written.get("base_model", written["models"][0]["model"]))
    models = {f"models.{place}": model for place, model in enumerate(written["models"])}
    listed = {where for where, model in models.items() if Path(model["model"]) == base}
    if known.ours is not _linear:
        models = {where: model for where, model in models.items() if where not in listed}
    elif "weight" in whole and not listed:
        raise MergecastError(
            "parameters.weight: is also of the base, in mergekit; give each model its own, or list the base, too"
        )
    if not models:
        raise MergecastError("models: is nothing but the base; add a model that was fine-tuned from it")
    terms = Terms(
        weights=[
            _number(f"{where}.parameters", whole | model.get("parameters", {}), "weight") for where, model in models.items()
        ],
        densities=[_density(f"{where}.parameters", whole | model.get("parameters", {})) for where, model in models.items()],
        factor=_number("parameters", {"lambda": 1.0} | whole, "lambda"),
        normalize=whole.get("normalize", known.normalize),
        rescale=whole.get("rescale", known.rescale),
    )
    ours, parameters = known.ours(terms)
    checked = merging.check_parameters(ours, parameters, len(models))
    paths = tuple((None, Path(model["model"])) for model in models.values())
    return Recipe(ours, base, paths, checked, written.get("out_dtype", written.get("dtype")))


def _object(properties: dict, *required: str) -> dict:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def _density(where: str, given: Mapping) -> float:
    """The share of entries kept, 1 unless it is given."""
    density = _number(where, {"density": 1.0} | given, "density")
    if not 0 < density <= 1:
        raise MergecastError(f"{where}.density: is {density:g}; give the share of entries kept, above 0 and at most 1")
    return density


def _number(where: str, given: Mapping, key: str) -> float:
    if key not in given:
        raise MergecastError(f"{where}: lacks the key {key!r}; give one number a model")
    value = given[key]
    if isinstance(value, list | dict):
        raise MergecastError(
            f"{where}.{key}: is a value by layer or tensor (a gradient or filter), which is not there; give one number"
        )
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise MergecastError(f"{where}.{key}: is {value!r}; give a finite number")
    return float(value)
