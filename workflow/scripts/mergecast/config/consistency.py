"""What a schema cannot say of a configuration: numbers that are none, and keys that contradict each other."""

import math
from collections.abc import Iterator

from ..errors import MergecastError

# Keys of whole numbers; to a schema, 130.0 is one as well.
WHOLE = {
    *("seed", "permutations", "costly", "halves", "bootstrap", "size", "count", "calibration_sizes", "images_per_task"),
    *(
        "pairs",
        "merges",
        "metrics",
        "image_size",
        "threads",
        "procedural",
        "steps",
        "epochs",
        "batch_size",
        "warmup_steps",
        "evaluations",
    ),
}
# Names of what lies in results/ beside the settings.
RESERVED = ("README.md", "across", "bases", "benchmarks", "images", "logs", "records", "report.html")


def check(config: dict) -> None:
    """Raise MergecastError, naming the key, for the first fault of a configuration that has passed its schema.

    Parameters
    ----------
    config : dict

    Raises
    ------
    MergecastError
        For NaN and infinity; a whole number with a point; a setting named like something else in results/; a warm-up longer
        than the training; momentum for AdamW, which has none.
    """
    for where, number in _floats(config):
        if not math.isfinite(number):
            raise MergecastError(f"{where}: is {number}; give a finite number")
        key = next(part for part in reversed(where.split(".")) if not part.isdigit())
        if key in WHOLE:
            raise MergecastError(f"{where}: is {number}; give a whole number, without a point")
    for name, base in (config.get("bases") or {}).items():
        _check_training(f"bases.{name}.training", base.get("training") or {})
    for name, setting in (config.get("settings") or {}).items():
        if name in RESERVED:
            raise MergecastError(f"settings: {name!r} is the name of something else in results/; give the setting another")
        recipe = setting.get("recipe") or {}
        _check_training(f"settings.{name}.recipe", recipe)
        if recipe.get("optimizer") == "AdamW" and "momentum" in recipe:
            raise MergecastError(f"settings.{name}.recipe: momentum is for SGD; leave it out or set `optimizer: SGD`")


def _check_training(where: str, training: dict) -> None:
    if training.get("warmup_steps", 0) > training.get("steps", math.inf):
        raise MergecastError(
            f"{where}: warmup_steps is {training['warmup_steps']}, but there are {training['steps']} steps; "
            "give less, or more steps"
        )


def _floats(value, where: str = "") -> Iterator[tuple[str, float]]:
    """Every floating-point number of nested mappings and lists, with its dotted key."""
    if isinstance(value, float):
        yield where, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _floats(item, f"{where}.{key}" if where else str(key))
