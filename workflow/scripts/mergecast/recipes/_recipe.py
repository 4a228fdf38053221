"""What a recipe says, whichever keys it is written by."""

from dataclasses import dataclass, field, replace
from pathlib import Path

TYPES = ("float32", "bfloat16", "float16")


@dataclass(frozen=True)
class Recipe:
    """A merge: `models` are (name, path), the name None where none is given; `dtype` is None for the type of the base."""

    method: str
    base: Path
    models: tuple[tuple[str | None, Path], ...]
    parameters: dict = field(default_factory=dict)
    dtype: str | None = None

    def seen_from(self, folder: Path) -> "Recipe":
        """The same with its relative paths taken from a folder."""
        models = tuple((name, folder / path) for name, path in self.models)
        return replace(self, base=folder / self.base, models=models)
