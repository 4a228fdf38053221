"""Recipes: a merge written down in a file, by our own keys or by mergekit's; docs/recipes.md says how they are read."""

from pathlib import Path

import yaml
from jsonschema import Draft202012Validator

from ..config.messages import check_file, explain
from ..errors import MergecastError
from ..models.external import hub
from . import mergekit, own
from ._recipe import Recipe

MANUAL = "docs/recipes.md"


def read_recipe(path) -> Recipe:
    """Read a recipe and check all of it that can be checked without opening a model.

    Parameters
    ----------
    path : Path or str
        A YAML file, by mergekit's keys if it has `merge_method`. Paths in it are relative to its folder.

    Returns
    -------
    Recipe

    Raises
    ------
    MergecastError
        For a file that cannot be read, a key that is unknown, lacking or of another type, a model that is not there, and what
        mergekit computes and we do not. The message names file and key.
    """
    path = Path(path)
    if not path.is_file() or path.suffix not in (".yaml", ".yml"):
        raise MergecastError(f"{path}: is no file of YAML; name one that ends in .yaml or .yml")
    check_file(path, MANUAL)
    try:
        written = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, ValueError) as error:
        raise MergecastError(f"{path}: cannot be read ({str(error).splitlines()[0]}); write plain keys and values") from error
    kind = mergekit if "merge_method" in written else own
    try:
        schema = kind.schema(written)
        for error in sorted(Draft202012Validator(schema).iter_errors(written), key=lambda error: [*map(str, error.path)]):
            raise MergecastError(explain(error, "the recipe", MANUAL))
        recipe = kind.recipe(written)
    except MergecastError as error:
        raise MergecastError(f"{path}: {error}") from error
    return _placed(recipe, path)


def _placed(recipe: Recipe, path: Path) -> Recipe:
    """With paths as they are seen from here, and all of them there."""
    placed = recipe.seen_from(path.parent)
    for model in (placed.base, *(file for _, file in placed.models)):
        if not model.exists() and not hub.is_repository(str(model)):
            raise MergecastError(f"{path}: {model} is no file or folder; paths are relative to the recipe")
    return placed
