"""Recipes by our own keys: those of `mergecast merge`."""

from pathlib import Path

from .. import merging
from ..errors import MergecastError
from ._recipe import TYPES, Recipe

MODEL = {
    "type": ["string", "object"],
    "properties": {"path": {"type": "string"}, "name": {"type": "string"}, "weight": {"type": "number"}},
    "required": ["path"],
    "additionalProperties": False,
}
SCHEMA = {
    "type": "object",
    "properties": {
        "method": {"type": "string"},
        "base": {"type": "string"},
        "models": {"type": "array", "minItems": 1, "items": MODEL},
        "parameters": {"type": "object"},
        "dtype": {"enum": list(TYPES)},
    },
    "required": ["method", "base", "models"],
    "additionalProperties": False,
}


def schema(written: dict) -> dict:
    """JSON schema of such a recipe.

    Parameters
    ----------
    written : dict
        As it was read.

    Returns
    -------
    dict
    """
    return SCHEMA


def recipe(written: dict) -> Recipe:
    """What a recipe says.

    Parameters
    ----------
    written : dict
        It fits the schema.

    Returns
    -------
    Recipe
        Its parameters are complete; weights of the models are among them.

    Raises
    ------
    MergecastError
        If the method or a parameter is unknown or wrong, or weights are given to some models, or to a method without.
    """
    models = [model if isinstance(model, dict) else {"path": model} for model in written["models"]]
    method, parameters = written["method"], dict(written.get("parameters", {}))
    weights = [model["weight"] for model in models if "weight" in model]
    if weights:
        key = _weight_parameter(method)
        if len(weights) < len(models):
            place = next(place for place, model in enumerate(models) if "weight" not in model)
            raise MergecastError(f"models.{place}: lacks the key 'weight', which another model has; give it to all or to none")
        if key in parameters:
            raise MergecastError(f"parameters.{key}: is given beside the weights of models; remove one of both")
        parameters[key] = weights
    checked = merging.check_parameters(method, parameters, len(models))
    found = tuple((model.get("name"), Path(model["path"])) for model in models)
    return Recipe(method, Path(written["base"]), found, checked, written.get("dtype"))


def _weight_parameter(method: str) -> str:
    """The parameter of a method that holds the weights of models."""
    for key in ("weights", "scale"):
        if "per_model" in merging.ranges(method).get(key, {}):
            return key
    raise MergecastError(f"models: method {method!r} takes no weight a model; remove them")
