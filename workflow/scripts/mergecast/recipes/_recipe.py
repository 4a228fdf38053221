"""What a recipe says, whichever keys it is written by."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from ..models.external import hub

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
        """The same with its relative paths taken from a folder; what is not there and can name a repository stays as it is."""

        def seen(path: Path) -> Path:
            return path if hub.is_repository(str(path)) and not (folder / path).exists() else folder / path

        models = tuple((name, seen(path)) for name, path in self.models)
        return replace(self, base=seen(self.base), models=models)
