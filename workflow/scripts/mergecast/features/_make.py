"""A feature computed and written: its file says what it was made from."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from .. import catalogue
from ..errors import MergecastError
from ..files import SEALS, atomic
from ..models import checkpoints
from ..models.checkpoints import State, content_hash
from . import WING, Feature, find
from ._given import Checkpoint, Grid, Images
from ._store import Table

SIZE, FURTHER_SIZE, MOST = "calibration.images_per_task", "an entry of analysis.calibration_sizes", "features.images"


def images_of(
    feature: Feature,
    shown: Iterable[tuple],
    images_per_task: int | None,
    *,
    seed: int | None,
    most: int | None = None,
    further: bool = False,
) -> Images | None:
    """What a feature with IMAGES is shown, from (task, file of images, file of its head): so many train images per task, if
    it does not declare its own number, or `most` validation images. `further`: the configuration asks for that number as a
    further one."""
    if not feature.images:
        return None
    tasks, files, heads = zip(*shown, strict=True)
    validation, asked_by = feature.split == "val", FURTHER_SIZE if further else SIZE
    if validation or feature.images_per_task:
        asked_by = MOST if validation else f"{WING}/{feature.name}.py: IMAGES_PER_TASK"
    return Images(
        files=dict(zip(tasks, files, strict=True)),
        heads=dict(zip(tasks, heads, strict=True)),
        per_task=most if validation else feature.images_per_task or images_per_task,
        seed=seed,
        asked_by=asked_by,
        split=feature.split,
    )


def opened(needs: Mapping[str, Sequence], source: Checkpoint | Grid) -> dict[str, Mapping]:
    """The files of features that others are made from, by name: what `Checkpoint.features` or `Grid.features` holds."""
    features = {}
    for name, paths in needs.items():
        if find(name).scope == "grid":
            features[name] = Table(Path(paths[0]))
        elif isinstance(source, Grid):
            features[name] = {task: State(path) for task, path in zip(source.tasks, paths, strict=True)}
        else:
            features[name] = State(paths[0])
    return features


def make(name: str, path, source: Checkpoint | Grid) -> None:
    """Compute a feature and write its file, whole or not at all."""
    feature = find(name)
    arrays = catalogue.load(WING, name).compute(source)
    base_sha256, sha256 = _origin(path, feature, source)
    if feature.scope == "grid":
        save_table(path, arrays, sha256=sha256, base_sha256=base_sha256)
    else:
        origin = {"task": source.task, "checkpoint_sha256": sha256[source.task], "base_sha256": base_sha256}
        if source.images:
            chosen = {"images_per_task": source.images.per_task, "seed": source.images.seed}
            origin["calibration"] = chosen | ({} if feature.split == "train" else {"split": feature.split})
        save_tensors(path, arrays, origin, seal_each=feature.seal_each)


def save_tensors(path, arrays: Mapping, header: Mapping[str, object], *, seal_each: bool = False) -> None:
    """Write a checkpoint's feature as safetensors; with `seal_each` the header holds the hash of each tensor, too."""
    tensors = {name: array if isinstance(array, torch.Tensor) else torch.tensor(array) for name, array in arrays.items()}
    checkpoints.save(path, tensors, header | ({SEALS: checkpoints.tensor_hashes(tensors)} if seal_each else {}))


def save_table(path, arrays: Mapping[str, np.ndarray], *, sha256: Mapping[str, str], base_sha256: str) -> None:
    """Write a feature of the grid as npz, with its tasks, the content hash of each task's checkpoint and that of the base."""
    hashes = {"sha256": np.array(list(sha256.values())), "base_sha256": np.array(base_sha256)}
    with atomic(path) as temporary:
        np.savez(temporary, tasks=np.array(list(sha256)), **arrays, **hashes)


def _origin(path, feature: Feature, source: Checkpoint | Grid) -> tuple[str, dict[str, str]]:
    """The content hash of the base and of each checkpoint, from these themselves or from the features it is made from."""
    if feature.weights:
        models = source.models if feature.scope == "grid" else {source.task: source.model}
        return content_hash(source.base), {task: content_hash(model) for task, model in models.items()}
    origins = [origin for need in feature.needs for origin in _origins(find(need), source)]
    bases, hashes = {base for base, _, _ in origins}, {(task, sha256) for _, task, sha256 in origins}
    if len(bases) > 1 or len(hashes) > len({task for task, _ in hashes}):
        raise MergecastError(f"{path}: the features it is made from are of different checkpoints; delete them and run again")
    tasks = source.tasks if feature.scope == "grid" else (source.task,)
    return bases.pop(), {task: dict(hashes)[task] for task in tasks}


def _origins(need: Feature, source: Checkpoint | Grid):
    """(base, task, checkpoint): what a feature that is needed says it was made from."""
    file = source.features[need.name]
    if need.scope == "grid":
        for task, sha256 in zip(file["tasks"], file["sha256"], strict=True):
            yield str(file["base_sha256"]), str(task), str(sha256)
    else:
        for task, state in (file if isinstance(source, Grid) else {source.task: file}).items():
            yield state.metadata["base_sha256"], task, state.metadata["checkpoint_sha256"]
