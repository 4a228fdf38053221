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
    """The files a checkpoint consists of: itself or, for an adapter (its folder or its weights), weights and configuration."""
    path = Path(path)
    if path.is_dir():
        path = next((path / name for name in ADAPTER_WEIGHTS if (path / name).is_file()), path / ADAPTER_WEIGHTS[0])
    return [str(path), *([str(path.with_name(ADAPTER_CONFIG))] if path.name in ADAPTER_WEIGHTS else [])]


def checkpoint_paths(where: str, own: Mapping, tasks: Sequence[str], known: Sequence[str]) -> dict[str, str] | None:
    """Paths of the checkpoints brought, by task, for the tasks of a setting; None if it brings none.

    `own`: the setting as written, `where`: its key. Raises MergecastError for a task that is not in the table of tasks
    (`known`), a file that is not there, or a task with neither a checkpoint nor a recipe.
    """
    given = own.get("checkpoints") or {}
    for task in given:
        if task not in known:
            raise MergecastError(f"{where}.checkpoints: {catalogue.unknown('task', task, known)}")
    found = {task: str(given[task]) for task in tasks if task in given}
    for task, path in found.items():
        for file in files(path):
            if not Path(file).is_file():
                raise MergecastError(
                    f"{where}.checkpoints.{task}: {file!r} is no file; put the checkpoint there or correct the path"
                )
    if "recipe" not in own and len(found) < len(tasks):
        lacking = [task for task in tasks if task not in found]
        raise MergecastError(
            f"{where}: lacks the key 'recipe', by which {lacking[0]} ({len(lacking)} in all) would be fine-tuned; "
            "add it, or bring all `checkpoints`"
        )
    return found or None
