"""Checkpoints made elsewhere: read without running what is in them, put under OpenCLIP's names, checked against the base.

Here is only what the configuration asks, which needs no torch; `external.checkpoint.read_checkpoint` reads the weights.
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from ... import catalogue
from ...errors import MergecastError
from . import hub

ADAPTER_CONFIG = "adapter_config.json"
ADAPTER_WEIGHTS = ("adapter_model.safetensors", "adapter_model.bin")
PICKLES = (".pt", ".pth", ".bin", ".ckpt")
INDEX = ".index.json"
SHARD = re.compile(r"-\d{5}-of-\d{5}\.[a-z]+$")
# What a training leaves beside the weights.
OF_TRAINING = re.compile(r"(training_args|optimizer|scheduler|scaler|rng_state(_\d+)?|random_states_\d+)\.(bin|pt|pth)$")


def files(path) -> list[str]:
    """The files a checkpoint consists of: itself; an index and its shards; an adapter and its configuration.

    Parameters
    ----------
    path : Path or str
        A file; a folder that holds one model; or, where nothing has that name, a repository of Hugging Face's hub, such as
        `openai/clip-vit-base-patch32`.

    Returns
    -------
    list of str
        Paths. A single file need not be there.

    Raises
    ------
    MergecastError
        If a folder holds no weights, or weights under several names; if an index cannot be read or leads out of its folder;
        if a repository is neither in the cache nor reachable.
    """
    path = Path(path)
    if not path.exists() and hub.is_repository(str(path)):
        path = hub.fetched(str(path))
    if path.is_dir():
        path = _weights_in(path)
    if path.name in ADAPTER_WEIGHTS:
        return [str(path), str(path.with_name(ADAPTER_CONFIG))]
    if path.name.endswith(INDEX):
        return [str(path), *(str(path.with_name(name)) for name in sorted(set(shards(path).values())))]
    return [str(path)]


def shards(index) -> dict[str, str]:
    """Which shard each tensor is in, as an index of `save_pretrained` says.

    Parameters
    ----------
    index : Path or str
        Such as `model.safetensors.index.json`.

    Returns
    -------
    dict from tensor name to file name
        The files lie beside the index.

    Raises
    ------
    MergecastError
        If it cannot be read, names no tensor, or names a file in another folder.
    """
    try:
        found = json.loads(Path(index).read_text(encoding="utf-8"))["weight_map"]
        names = {str(tensor): str(file) for tensor, file in found.items()}
    except FileNotFoundError as error:
        raise MergecastError(f"{index}: no such file; check the path") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise MergecastError(f"{index}: is no index of shards ({type(error).__name__}: {error}); copy it again") from error
    if not names:
        raise MergecastError(f"{index}: names no tensor; copy it again")
    if odd := sorted({file for file in names.values() if Path(file).name != file}):
        raise MergecastError(f"{index}: names the shard {odd[0]!r}, which is not beside it; put all shards into one folder")
    return names


def _weights_in(folder: Path) -> Path:
    """The one file of weights, or index of shards, in a folder."""
    there = sorted(path.name for path in folder.iterdir() if path.is_file() and not OF_TRAINING.match(path.name))
    weights = [name for name in there if name.endswith((".safetensors", *PICKLES, INDEX))]
    indexed = {shard for name in weights if name.endswith(INDEX) for shard in shards(folder / name).values()}
    known = [name for name in weights if name not in indexed]
    if loose := [name for name in known if SHARD.search(name)]:
        raise MergecastError(f"{folder}: holds the shard {loose[0]} and no index that names it; copy *{INDEX} too")
    if not known:
        held = ", ".join(there[:5]) + (", …" if len(there) > 5 else "") if there else "nothing"
        raise MergecastError(f"{folder}: holds no weights, but {held}; give the folder or the file that has them")
    if len(known) > 1:
        raise MergecastError(f"{folder}: holds weights under {len(known)} names, {', '.join(known)}; give the file you mean")
    return folder / known[0]


def check_files(where: str, path, what: str) -> None:
    """See that all files of a checkpoint are there.

    Parameters
    ----------
    where : str
        Key that names it.
    path : Path or str
        As for `files`.
    what : str
        How the error calls it.

    Raises
    ------
    MergecastError
        If one is not there, or as `files` does; the message begins with the key.
    """
    try:
        lacking = [file for file in files(path) if not Path(file).is_file()]
    except MergecastError as error:
        raise MergecastError(f"{where}: {error}") from error
    if lacking:
        raise MergecastError(f"{where}: {lacking[0]!r} is no file; put the {what} there or correct the path")


def checkpoint_paths(where: str, setting: Mapping, tasks: Sequence[str], known: Sequence[str]) -> dict[str, str] | None:
    """Paths of the checkpoints brought, by task, for the tasks of a setting.

    Parameters
    ----------
    where : str
        Key of the setting.
    setting : mapping
        As written.
    tasks : sequence of str
        Of the setting.
    known : sequence of str
        The tasks in the table of tasks.

    Returns
    -------
    dict from task to str, or None
        None if the setting brings none.

    Raises
    ------
    MergecastError
        If a task is not in the table of tasks, a file is not there, or a task has neither a checkpoint nor a recipe.
    """
    checkpoints = setting.get("checkpoints") or {}
    for task in checkpoints:
        if task not in known:
            raise MergecastError(f"{where}.checkpoints: {catalogue.unknown('task', task, known)}")
    paths = {task: str(checkpoints[task]) for task in tasks if task in checkpoints}
    for task, path in paths.items():
        check_files(f"{where}.checkpoints.{task}", path, "checkpoint")
    if "recipe" not in setting and len(paths) < len(tasks):
        lacking = [task for task in tasks if task not in paths]
        raise MergecastError(
            f"{where}: lacks the key 'recipe', by which {lacking[0]} ({len(lacking)} in all) would be fine-tuned; "
            "add it, or bring all `checkpoints`"
        )
    return paths or None
