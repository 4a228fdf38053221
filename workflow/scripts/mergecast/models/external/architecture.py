"""Which architecture: from a model's name, and from the shapes of a visual tower."""

import importlib.util
import json
import re
from collections.abc import Mapping
from pathlib import Path

NAME = re.compile(r"vit[-_/]?(base|large|huge|giant|bigg|[blhg])[-_/]?(?:patch)?[-_/]?(\d{2})(?:[-_@](\d{3}))?(?!\d)", re.I)
LETTERS = {"base": "B", "large": "L", "huge": "H", "giant": "g", "bigg": "bigG", "b": "B", "l": "L", "h": "H", "g": "g"}
# What the configuration of a CLIP with plain transformers may say; one that says more (attentional pooling) is another model.
PLAIN = {"layers", "width", "patch_size", "image_size", "head_width", "mlp_ratio"}
PLAIN_TEXT = {"context_length", "vocab_size", "width", "heads", "layers"}
OURS = Path(__file__).parents[1]


def named(text: str) -> str | None:
    """The architecture that a model's name speaks of, with its resolution if it gives one.

    Parameters
    ----------
    text : str

    Returns
    -------
    str or None
        None if it speaks of none. A resolution of 224 pixels is left out.

    Examples
    --------
    >>> named("openai/clip-vit-base-patch32"), named("ViT-B-32-quickgelu"), named("ViT-L/14@336px"), named("tiny-clip")
    ('ViT-B-32', 'ViT-B-32', 'ViT-L-14-336', None)
    """
    match = NAME.search(text)
    if not match:
        return None
    size, patch, pixels = match.groups()
    return f"ViT-{LETTERS[size.lower()]}-{patch}" + (f"-{pixels}" if pixels not in (None, "224") else "")


def measured(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, int] | None:
    """Dimensions of a ViT's tower.

    Parameters
    ----------
    shapes : mapping from tensor name to shape

    Returns
    -------
    dict from str to int, or None
        `width`, `layers`, `patch_size` and `image_size` (pixels), and `features`; None if it is no such tower.
    """
    try:
        width, _, _, patch = shapes["visual.conv1.weight"]
        tokens, _ = shapes["visual.positional_embedding"]
        _, features = shapes["visual.proj"]
    except (KeyError, ValueError):
        return None
    blocks = {name.split(".")[3] for name in shapes if name.startswith("visual.transformer.resblocks.")}
    side = patch * round((tokens - 1) ** 0.5)
    return {"width": width, "layers": len(blocks), "patch_size": patch, "image_size": side, "features": features}


def candidates(dimensions: Mapping[str, int]) -> list[str]:
    """Models of OpenCLIP, and ours, whose visual tower has these dimensions, the shortest name first.

    Shapes do not tell QuickGELU from GELU, nor one text tower from another. Configurations are read as files, without
    importing OpenCLIP.

    Parameters
    ----------
    dimensions : mapping from str to int
        As `measured` returns them.

    Returns
    -------
    list of str
    """
    library = Path(importlib.util.find_spec("open_clip").origin).parent / "model_configs"
    paths = [*OURS.glob("*.json"), *library.glob("*.json")]
    fitting = [path.stem for path in paths if _plain(json.loads(path.read_text(encoding="utf-8"))) == dimensions]
    return sorted(fitting, key=lambda name: (len(name), name))


def _plain(config: dict) -> dict[str, int] | None:
    """What `measured` would find in a configuration's tower; None where it is no plain ViT."""
    tower = config.get("vision_cfg", {})
    if not ({"layers", "width", "patch_size"} <= set(tower) <= PLAIN and set(config["text_cfg"]) <= PLAIN_TEXT):
        return None
    dimensions = {key: tower[key] for key in ("width", "layers", "patch_size")}
    return dimensions | {"image_size": tower.get("image_size", 224), "features": config["embed_dim"]}
