"""LoRA adapters as PEFT saves them, merged into the model they were trained on: θ = θ0 + s·B·A, or DoRA's m·V/‖V‖.

Sources: Hu et al. 2022, "LoRA"; s = α/r, or α/√r (Kalajdzievski 2023, "rsLoRA"); Liu et al. 2024, "DoRA": V = θ0 + s·B·A, its
norm taken by row. What is saved whole beside it, biases and `modules_to_save`, stands in place of the base's. The files:
PEFT's `adapter_config.json` and `adapter_model.safetensors`.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from ...errors import MergecastError
from ...pretenders import pretender
from ..state import State, View, shape_of
from . import architecture, naming
from .layouts import Mapped, Place, listed, table
from .reading import File

KEY = re.compile(r"(?:base_model\.model\.)?(.+)\.lora_(A|B|magnitude_vector)(?:\.default)?(?:\.weight)?")
# How PEFT names what was trained whole: the layer below an adapter, a copy of a module.
WHOLE = re.compile(r"\.(base_layer|modules_to_save(\.default)?|original_module)(?=\.)")
EMBEDDINGS = ("embed_tokens", "lm_head")  # saved whole where one of them is adapted
# PEFT's wrapper of torch's MultiheadAttention adds the adapter of out_proj twice, while training too: huggingface/peft#3774.
ATTENTION = re.compile(r"visual\..*\.attn(\.|$)")
# Each changes more than is said above, or θ0 itself.
REFUSED = (
    "use_qalora", "use_bdlora", "lora_bias", "target_parameters", "trainable_token_indices", "layer_replication",
    "alora_invocation_tokens", "arrow_config", "kasa_config", "monteclora_config",
)  # fmt: skip
# The other initialisations start by changing θ0, and their adapters fit only that changed base.
STARTS = (True, False, "gaussian", "orthogonal", "eva")
REMEDY = "save the merged model instead (PEFT's merge_and_unload)"


@dataclass
class Adapter:
    """What an adapter's file holds, by module: A (r×in), B (out×r) and DoRA's m; `whole`: tensors trained whole, by name."""

    modules: dict[str, dict[str, torch.Tensor]] = field(default_factory=dict)
    whole: dict[str, torch.Tensor] = field(default_factory=dict)


class Adapted(View):
    """A base with an adapter merged into it, each tensor when it is asked for."""

    def __init__(self, base: State, changes: Mapping[str, list[tuple[Place, Callable]]]):
        super().__init__(base)
        self._changes = changes

    def __getitem__(self, name: str) -> torch.Tensor:
        if name not in self._changes:
            return self.origin[name]
        tensor = self.origin[name].clone()
        for place, change in self._changes[name]:
            target = place.seen(tensor)
            target.copy_(change(target))
        return tensor


def merge(file: File, base: State) -> Mapped:
    """A base with an adapter merged into it: the visual tower of a CLIP, or a whole model of another kind.

    Adapters of a CLIP's text tower are left out, since heads are the base's, and so is a classifier that was trained beside it.
    Products are taken in float32.

    Parameters
    ----------
    file : File
        Weights of the adapter and, as its `config`, the path of its `adapter_config.json`.
    base : State or Opened

    Returns
    -------
    Mapped
        In the base's types; `left_out` counts adapted modules of the text tower, not tensors.

    Raises
    ------
    MergecastError
        If the adapter holds more than can be merged, is of another base, or has tensors without a place.
    """
    config = read_config(file.config)
    _check_architecture(file.config, config, base)
    adapter = _adapter(file, config)
    if fused := [module for module in adapter.modules if ATTENTION.search(module)]:
        raise MergecastError(f"{file.path}: the adapter of {listed(fused)} counts once or twice, by PEFT's version; {REMEDY}")
    clip = getattr(base, "clip", True)
    names = [*(f"{module}.weight" for module in adapter.modules), *adapter.whole]
    look_up = table(naming.clip_of_modules(names)) if clip else naming.placed(names, base, Place)
    places = {module: look_up(f"{module}.weight") for module in adapter.modules}
    if unknown := [module for module, place in places.items() if place is None]:
        where = "a CLIP" if clip else f"the base {base.path}"
        raise MergecastError(f"{file.path}: the adapter of {listed(unknown)} has no place in {where}; {REMEDY}")
    tower = "visual." if clip else ""
    wanted = {module: place for module, place in places.items() if place.name.startswith(tower)}
    if not wanted:
        raise MergecastError(f"{file.path}: adapts nothing of the visual tower; give an adapter of the image encoder")
    changes: dict[str, list[tuple[Place, Callable]]] = {}
    whole = {name: look_up(name) for name in adapter.whole}
    for name, place in whole.items():
        if place is not None and place.name.startswith(tower):
            changes.setdefault(place.name, []).append((place, _instead(file, base, name, adapter.whole[name], place)))
    for module, place in wanted.items():
        place = place if clip else _turned(place, adapter.modules[module], base, config)
        changes.setdefault(place.name, []).append((place, _change(file, config, base, module, adapter.modules[module], place)))
    outside = tuple(name for name, place in whole.items() if place is None)
    return Mapped(Adapted(base, changes), "LoRA adapter (PEFT)", len(places) - len(wanted), outside)


def _shape(file: File, module: str, place: Place, base: State) -> torch.Size:
    """Shape of a module's weight as the module has it: (out, …)."""
    if place.name not in base:
        raise MergecastError(f"{file.path}: adapts {module!r}, which the base {base.path} has not; give its own base")
    return place.seen(torch.empty(shape_of(base, place.name), device="meta")).shape


def _turned(place: Place, trained: Mapping, base: State, config: Mapping) -> Place:
    """The place of a weight that is stored (in, out), as GPT-2's are: PEFT's `fan_in_fan_out`, which a CLIP never needs."""
    stored = (len(trained["B"]), trained["A"][0].numel())[::-1]
    return replace(place, turned=bool(config.get("fan_in_fan_out")) and tuple(shape_of(base, place.name)) == stored)


def _change(file: File, config: dict, base: State, module: str, trained: Mapping, place: Place) -> Callable:
    """What merges the adapter of one module into its weight."""
    down, up = trained["A"], trained["B"]
    shape = _shape(file, module, place, base)
    inner = shape[1:].numel()
    if (len(up), up[0].numel(), down[0].numel()) != (shape[0], len(down), inner):
        raise MergecastError(
            f"{file.path}: the adapter of {module!r} is {len(up)}×{down[0].numel()}, its weight in the base {base.path} "
            f"{shape[0]}×{inner}; give the base that it was trained on"
        )
    scale = _scale(file.config, config, module, len(down))
    size = trained["magnitude_vector"].float().flatten() if "magnitude_vector" in trained else None
    if size is not None and len(size) != shape[0]:
        raise MergecastError(
            f"{file.path}: lora_magnitude_vector of {module!r} has {len(size)} entries for {shape[0]} rows; "
            "save the adapter again"
        )

    def change(target: torch.Tensor) -> torch.Tensor:
        # A convolution's kernels lie flat in A, and B is its 1×1 convolution: one product for all kinds of modules.
        product = up.flatten(1).float() @ down.flatten(1).float() * scale
        merged = target.float() + product.view(shape)
        if size is not None:
            merged = merged * (size / merged.flatten(1).norm(dim=1)).view(-1, *[1] * (merged.ndim - 1))
        return merged.to(target.dtype)

    return change


def _instead(file: File, base: State, name: str, tensor: torch.Tensor, place: Place) -> Callable:
    """What puts a tensor that was trained whole in place of the base's."""
    if (shape := _shape(file, name, place, base)) != tensor.shape:
        raise MergecastError(
            f"{file.path}: tensor {name!r} has shape {tuple(tensor.shape)}, in the base {base.path} {tuple(shape)}; "
            "give the base that it was trained on"
        )
    return lambda _: tensor


def read_config(path) -> dict:
    """An adapter's configuration.

    Parameters
    ----------
    path : Path or str

    Returns
    -------
    dict

    Raises
    ------
    MergecastError
        If it cannot be read, or says of more than can be merged, naming the key.
    """
    try:
        config = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        found = pretender(path, "configuration") or f"cannot be read as JSON ({error}); an adapter needs it beside its weights"
        raise MergecastError(f"{path}: {found}") from error
    if not isinstance(config, dict) or config.get("peft_type") != "LORA":
        kind = config.get("peft_type") if isinstance(config, dict) else None
        raise MergecastError(f"{path}: peft_type is {kind!r}, only LORA can be merged; {REMEDY}")
    if refused := [key for key in REFUSED if config.get(key)]:
        raise MergecastError(f"{path}: {refused[0]} is set, whose merge is not known here; {REMEDY}")
    if (start := config.get("init_lora_weights", True)) not in STARTS:
        raise MergecastError(f"{path}: init_lora_weights is {start!r}, which changes the base first; {REMEDY}")
    return config


def _check_architecture(path, config: dict, base: State) -> None:
    """Names of models say what shapes may not: a ViT-L-14 at 336 px, for one."""
    named, model = config.get("base_model_name_or_path"), base.metadata.get("model")
    theirs, ours = architecture.named(named or ""), architecture.named(model or "")
    if theirs and ours and theirs != ours:
        raise MergecastError(f"{path}: is an adapter of {named}, and the base {base.path} is a {model}; give its own base")


def _adapter(file: File, config: Mapping) -> Adapter:
    """The tensors of a file sorted. What its configuration does not speak of is an error: it was trained, and would be lost."""
    adapter, others = Adapter(), []
    for name in file.tensors:
        if matched := KEY.fullmatch(name):
            adapter.modules.setdefault(matched[1], {})[matched[2]] = file.tensors[name]
        elif _declared(plain := WHOLE.sub("", name.removeprefix("base_model.model.")), config):
            adapter.whole[plain] = file.tensors[name]
        else:
            others.append(name)
    if others:
        raise MergecastError(f"{file.path}: {listed(others)} is no part of the adapter that {file.config} tells of; {REMEDY}")
    sides = {"A", "B"} | ({"magnitude_vector"} if config.get("use_dora") else set())
    for module, trained in adapter.modules.items():
        if trained.keys() != sides:
            odd = sorted(f"lora_{side}" for side in trained.keys() ^ sides)
            verb = "lacks its" if trained.keys() < sides else "has beside its matrices, unlike its configuration,"
            raise MergecastError(f"{file.path}: the adapter of {listed([module])} {verb} {' and '.join(odd)}; save it whole")
        for side, tensor in trained.items():
            if tensor.ndim < (1 if side == "magnitude_vector" else 2) or not tensor.numel() or not tensor.is_floating_point():
                raise MergecastError(f"{file.path}: lora_{side} of {module!r} is no matrix of weights; save the adapter again")
    return adapter


def _declared(name: str, config: Mapping) -> bool:
    """Whether a configuration says that a tensor is saved whole: a bias, or of a module; embeddings PEFT saves unasked."""
    saved = [*(config.get("modules_to_save") or []), *EMBEDDINGS]
    parts = name.split(".")
    return (config.get("bias", "none") != "none" and parts[-1] == "bias") or any(
        f".{module}." in f".{name}" for module in saved
    )


def _scale(path, config: Mapping, module: str, rank: int) -> float:
    """s of one module, its own rank and α where a pattern gives them: the first that ends the module's name, as in PEFT."""
    try:
        r, alpha = (
            next((value for pattern, value in patterns.items() if re.match(rf"(.*\.)?({pattern})$", module)), default)
            for patterns, default in (
                (config.get("rank_pattern") or {}, config["r"]),
                (config.get("alpha_pattern") or {}, config["lora_alpha"]),
            )
        )
        scale = alpha / (math.sqrt(r) if config.get("use_rslora") else r)
    except (re.error, KeyError, TypeError, AttributeError, ValueError, ZeroDivisionError) as error:
        raise MergecastError(
            f"{path}: its r, lora_alpha or patterns make no scale ({error}); save the adapter again"
        ) from error
    if r != rank:
        raise MergecastError(f"{path}: gives {module!r} rank {json.dumps(r)}, its weights have {rank}; give the adapter's own")
    return scale
