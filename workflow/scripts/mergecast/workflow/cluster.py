"""What a run on a SLURM cluster needs beside its executor: no orphans at its start, no state of a job misread or lost."""

import asyncio
import subprocess
import time
from pathlib import Path

PATIENCE = 180.0  # seconds that a cancelled job may take to end
PAUSE, TRIES = 30.0, 120  # seconds between two questions to a SLURM that does not answer, and how many are asked


def orphans(folder) -> list[str]:
    """Numbers of your jobs that run, or wait, for the workflow in `folder`: a job of a rule says so in its comment.

    Parameters
    ----------
    folder : Path or str
        The working directory of the workflow.

    Returns
    -------
    list of str

    Raises
    ------
    subprocess.SubprocessError, OSError
        If SLURM does not answer.
    """
    lines = _slurm("squeue", "--me", "--noheader", "--format=%i|%Z|%k").splitlines()
    jobs = (line.split("|", 2) for line in lines)
    here = Path(folder).resolve()
    return [job for job, where, comment in jobs if comment.startswith("rule_") and Path(where).resolve() == here]


def cancel_orphans(folder) -> list[str]:
    """Cancel the `orphans` and wait until they have ended, so that no result has two makers.

    For the start of a run. Snakemake lets a second run in whose files have nothing to do with those of the first; each has a
    lock, and while there are two, nothing is cancelled, since which run a job belongs to cannot be said.

    Parameters
    ----------
    folder : Path or str
        The working directory of the workflow.

    Returns
    -------
    list of str
        Lines for the reader: what was cancelled, what has not ended after 180 s, why nothing was cancelled; or none.
    """
    if len(list(Path(folder, ".snakemake/locks").glob("*.output.lock"))) > 1:
        return ["another run is at work in this folder, so no job of an earlier one is looked for or cancelled"]
    try:
        cancelled = left = orphans(folder)
        if cancelled:
            _slurm("scancel", *cancelled)
        deadline = time.monotonic() + PATIENCE
        while left and time.monotonic() < deadline:
            time.sleep(0.5)
            left = orphans(folder)
    except (subprocess.SubprocessError, OSError) as error:
        return [f"SLURM does not answer ({error}); if an earlier run was killed, see `squeue --me` and cancel its jobs"]
    lines = (
        [f"cancelled {len(cancelled)} jobs that a killed run left in the queue: {', '.join(cancelled)}"] if cancelled else []
    )
    return lines + [f"they have not ended yet: {', '.join(left)}; stop Snakemake and start again when they have"] * bool(left)


def patient(query):
    """A query of job states that can be trusted, made of the executor's own.

    The executor's own (`snakemake_executor_plugin_slurm.query_job_status`, 2.8.0) has two faults: a job that was cancelled
    is "CANCELLED by 1000" to sacct, which the executor takes for running, for ever; and when there is no answer
    it forgets the jobs that it asked for, and waits for them for ever. This one gives the state alone, and asks again
    for an hour.

    Parameters
    ----------
    query : coroutine function
        (command, logger) -> ({job: state}, seconds), or (None, None) when there is no answer.

    Returns
    -------
    coroutine function
        (command, logger) -> ({job: state}, seconds). After an hour without an answer it raises TimeoutError, which ends the
        run: the next one finds its jobs.
    """

    async def states(command, logger):
        for _ in range(TRIES):
            answer, seconds = await query(command, logger)
            if answer is not None:
                return {job: state.partition(" ")[0] for job, state in answer.items()}, seconds
            logger.warning(f"SLURM does not say how its jobs are; asking again in {PAUSE:.0f} s")
            await asyncio.sleep(PAUSE)
        raise TimeoutError(f"SLURM has not answered for {TRIES * PAUSE / 60:.0f} minutes; start again when it does")

    return states


def _slurm(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
