"""Merges as people want them: in our layout or in that of a model, in any type, with a card."""

from collections.abc import Mapping
from pathlib import Path

import torch

from ...errors import MergecastError
from ..card import model_card
from ..checkpoints import content_hash, is_finite, save
from ..merged import provenance
from ..state import WEIGHTS, View
from .export import export
from .opened import Opened, open_any


class Cast(View):
    """A state with its weights rounded to one type; buffers as they are."""

    def __init__(self, state: Mapping[str, torch.Tensor], dtype: str):
        super().__init__(state)
        self._dtype = getattr(torch, dtype)

    def __getitem__(self, name: str) -> torch.Tensor:
        tensor = self.origin[name].to(self.dtype(name))
        if not is_finite(tensor):
            kind = str(self._dtype).removeprefix("torch.")
            raise MergecastError(f"merged tensor {name!r} overflows {kind}; write it as bfloat16 or float32")
        return tensor

    def dtype(self, name: str) -> torch.dtype | str:
        """Type of one tensor; see `View.dtype`.

        Parameters
        ----------
        name : str

        Returns
        -------
        torch.dtype or str
        """
        own = super().dtype(name)
        return self._dtype if own in WEIGHTS.values() else own


def publish(
    path,
    merged: Mapping,
    *,
    method: str,
    parameters: Mapping,
    base: Opened,
    models: Mapping[str, Opened],
    like=None,
    dtype: str | None = None,
    shard_size: int | None = None,
    forecast: Mapping | None = None,
) -> Mapping:
    """Write a merged state, whole or not at all; its header names method, parameters, inputs by hash, and versions.

    Parameters
    ----------
    path : Path or str
        A .safetensors file, or a folder, which gets the configuration of a model and a card.
    merged : mapping from tensor name to tensor
    method : str
    parameters : mapping from parameter to value
    base : Opened
    models : mapping from task to Opened
    like : Path or str, optional
        A model whose layout the output has. A folder is like the base unless given.
    dtype : {"float32", "bfloat16", "float16"}, optional
        Of what a model holds beside, too; that of `like` unless given.
    shard_size : int, optional
        As for `export`.
    forecast : mapping, optional
        What the card says of how well it merges: of `forecasting.said`.

    Returns
    -------
    Opened
        What was written.

    Raises
    ------
    MergecastError
        If the output cannot be written, an entry does not fit its type, or as `export` does.
    """
    header = provenance(method=method, parameters=parameters, base=base, models=models)
    if like is None and Path(path).suffix == ".safetensors":
        save(path, merged, header)
    else:
        sources = {name: {"name": _name(model.path), "sha256": content_hash(model)} for name, model in models.items()}
        origin = {"name": _name(base.path), "sha256": header["base_sha256"]}
        card = model_card(method=method, parameters=parameters, base=origin, models=sources, forecast=forecast)
        export(path, merged, like or base.path, dtype=dtype, shard_size=shard_size, header=header, card=card)
    return open_any(path)


def _name(path: Path) -> str:
    """What a card calls a model: a repository of the hub by its name; of a path its end, which is no folder of a machine."""
    return path.name if path.exists() else str(path)
