"""Checkpoints made elsewhere: read without running what is in them, put under OpenCLIP's names, checked against the base.

Here is only what the configuration asks, which needs no torch; `external.checkpoint.read_checkpoint` reads the weights.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from ... import catalogue
from ...errors import MergecastError

ADAPTER_CONFIG = "adapter_config.json"
ADAPTER_WEIGHTS = ("adapter_model.safetensors", "adapter_model.bin")


def files(path) -> list[str]:
    """The files a checkpoint consists of: itself or, for an adapter, weights and configuration.

    Parameters
    ----------
    path : Path or str
        A file; for an adapter its folder or its weights.

    Returns
    -------
    list of str
        One path, or two of an adapter; they need not be there.
    """
    path = Path(path)
    if path.is_dir():
        path = next((path / name for name in ADAPTER_WEIGHTS if (path / name).is_file()), path / ADAPTER_WEIGHTS[0])
    return [str(path), *([str(path.with_name(ADAPTER_CONFIG))] if path.name in ADAPTER_WEIGHTS else [])]


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
        for file in files(path):
            if not Path(file).is_file():
                raise MergecastError(
                    f"{where}.checkpoints.{task}: {file!r} is no file; put the checkpoint there or correct the path"
                )
    if "recipe" not in setting and len(paths) < len(tasks):
        lacking = [task for task in tasks if task not in paths]
        raise MergecastError(
            f"{where}: lacks the key 'recipe', by which {lacking[0]} ({len(lacking)} in all) would be fine-tuned; "
            "add it, or bring all `checkpoints`"
        )
    return paths or None
