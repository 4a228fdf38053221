"""Jobs that a killed run left in the queue of a SLURM cluster."""

import subprocess
import time
from pathlib import Path

PATIENCE = 180.0  # seconds that a cancelled job may take to end


def orphans(folder) -> list[str]:
    """Numbers of your jobs that run, or wait, for the workflow in `folder`: a job of a rule says so in its comment.

    Raises subprocess.SubprocessError or OSError when SLURM does not answer.
    """
    lines = _slurm("squeue", "--me", "--noheader", "--format=%i|%Z|%k").splitlines()
    jobs = (line.split("|", 2) for line in lines)
    here = Path(folder).resolve()
    return [job for job, where, comment in jobs if comment.startswith("rule_") and Path(where).resolve() == here]


def cancel_orphans(folder) -> list[str]:
    """Cancel them and wait until they have ended, so that no result has two makers; a line for the reader, or none.

    For the start of a run: Snakemake's lock says that no other run is at work in the folder.
    """
    try:
        found = left = orphans(folder)
        if found:
            _slurm("scancel", *found)
        deadline = time.monotonic() + PATIENCE
        while left and time.monotonic() < deadline:
            time.sleep(0.5)
            left = orphans(folder)
    except (subprocess.SubprocessError, OSError) as error:
        return [f"SLURM does not answer ({error}); if an earlier run was killed, see `squeue --me` and cancel its jobs"]
    ended = [f"cancelled {len(found)} jobs that a killed run left in the queue: {', '.join(found)}"] if found else []
    return ended + [f"they have not ended yet: {', '.join(left)}; stop Snakemake and start again when they have"] * bool(left)


def _slurm(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
