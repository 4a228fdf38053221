"""Training that may be killed at any moment: its state in a file beside the result, picked up where it stopped."""

import hashlib
import json
import os
import time
from pathlib import Path

import torch
from torch import nn

from ..errors import MergecastError
from ..files import file_hash
from ..models.checkpoints import State, save

SECONDS = 10.0  # between two saves, at least
SHARE = 0.02  # of the time that saving may take at most
LARGE = 1e9  # bytes


class Progress:
    """The saved state of one training run: weights, optimizer, curve and step, as one safetensors file.

    `path` is that file, or None for a run that saves nothing. `identity` says what the run is made from (JSON-able): a
    file of another identity, or a damaged one, is not resumed. The state holds all that the next step depends on as long
    as batches are a function of the step, so a resumed run gives the bits of one that was never killed.

    Saves are `seconds` apart, or further where saving takes more than 2 % of the time.
    """

    def __init__(self, path=None, identity: object = None, *, seconds: float = SECONDS):
        self.path = Path(path) if path else None
        self._identity = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
        self._seconds, self._due = seconds, time.monotonic() + seconds

    def resume(self, module: nn.Module, trainer: torch.optim.Optimizer) -> tuple[int, list[dict]]:
        """Restore weights and optimizer in place.

        Parameters
        ----------
        module : nn.Module
        trainer : torch.optim.Optimizer

        Returns
        -------
        tuple of int and list of dict
            How many steps are done, and their curve; (0, []) if there is no state of this run.
        """
        if self.path is None or not self.path.exists():
            return 0, []
        try:
            state = State(self.path)
            if state.metadata.get("identity") != self._identity:
                print(f"{self.path}: belongs to another run, starting anew")
                return 0, []
        except MergecastError as error:
            print(f"{error}; starting anew")
            return 0, []
        module.load_state_dict({name: state[f"weights/{name}"] for name in module.state_dict()})
        moments: dict[int, dict] = {}
        for name in state:
            if name.startswith("optimizer/"):
                _, index, key = name.split("/")
                moments.setdefault(int(index), {})[key] = state[name]
        trainer.load_state_dict({"state": moments, "param_groups": trainer.state_dict()["param_groups"]})
        step, curve = int(state.metadata["step"]), json.loads(state.metadata["curve"])
        print(f"{self.path}: resuming after step {step}")
        return step, curve

    def save(self, step: int, module: nn.Module, trainer: torch.optim.Optimizer, curve: list[dict]) -> None:
        """Write the state after `step` steps, if a save is due.

        Parameters
        ----------
        step : int
        module : nn.Module
        trainer : torch.optim.Optimizer
        curve : list of dict
            One row per step done.

        Raises
        ------
        MergecastError
            If the file cannot be written.
        """
        if self.path is None or time.monotonic() < self._due:
            return
        begun = time.monotonic()
        tensors = {f"weights/{name}": tensor for name, tensor in module.state_dict().items()}
        for index, moments in trainer.state_dict()["state"].items():
            held = {key: value for key, value in moments.items() if value is not None}
            tensors |= {f"optimizer/{index}/{key}": value for key, value in held.items()}
        save(self.path, tensors, {"identity": self._identity, "step": str(step), "curve": json.dumps(curve)})
        now = time.monotonic()
        self._due = now + max(self._seconds, (now - begun) / SHARE)

    def done(self) -> None:
        """Forget the run: its result is written."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)


UNSAVED = Progress()  # training that nobody would miss


def beside(output, *, inputs: list[str], params: dict, threads: int) -> Progress:
    """The progress of the job that makes `output`: its own by every input file, parameter, thread count and torch's version.

    Parameters
    ----------
    output : Path or str
    inputs : list of str
        Paths of the input files.
    params : dict
    threads : int

    Returns
    -------
    Progress
        Its file lies, hidden, in the folder of `output`.
    """
    path = Path(output)
    identity = [[_known_by(name) for name in inputs], repr(sorted(params.items())), threads, torch.__version__]
    return Progress(path.with_name(f".{path.stem}.training.safetensors"), identity)


def _known_by(path) -> object:
    """What a file is known by: its hash or, where reading it takes long, its size and the time it was written."""
    status = os.stat(path)
    return file_hash(path) if status.st_size < LARGE else [status.st_size, status.st_mtime_ns]
