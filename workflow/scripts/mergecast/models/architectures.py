"""The models there are, from the files that describe them, without importing OpenCLIP or torch."""

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from ..catalogue import unknown
from ..errors import MergecastError

OURS = Path(__file__).parent


def check(where: str, model: str, image_size: int) -> None:
    """Raise MergecastError, naming the key `where`, for an unknown model or one that takes images of another size.

    Where OpenCLIP is not installed beside Snakemake, a model that is not ours is left for its job to check.

    Parameters
    ----------
    where : str
        Key of the configuration.
    model : str
    image_size : int
        In pixels.

    Raises
    ------
    MergecastError
        If the model is unknown or takes images of another size.
    """
    files = _described()
    if model not in files:
        if find_spec("open_clip"):
            raise MergecastError(f"{where}.model: {unknown('model', model, sorted(files))}")
        return
    takes = json.loads(files[model].read_text(encoding="utf-8")).get("vision_cfg", {}).get("image_size", 224)
    takes = takes[0] if isinstance(takes, list) else takes
    if image_size != takes:
        raise MergecastError(f"{where}.image_size: is {image_size}, but {model} takes images of {takes} px; set it to {takes}")


def description(model: str) -> Path | None:
    """The file that describes a model, OpenCLIP's or ours.

    Parameters
    ----------
    model : str

    Returns
    -------
    Path or None
        None where there is none.
    """
    return _described().get(model)


@cache
def _described() -> dict[str, Path]:
    """The file of every model, OpenCLIP's and ours, by name."""
    spec = find_spec("open_clip")
    theirs = [Path(place) / "model_configs" for place in (spec.submodule_search_locations if spec else ())]
    return {path.stem: path for folder in (*theirs, OURS) for path in folder.glob("*.json")}
