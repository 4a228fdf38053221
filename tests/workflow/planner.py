"""Plans of one grid, one after another in one process by Snakemake's API, which saves each the start of a process.

As a script, in the folder of the grid: for every line of JSON on stdin, {"targets": [...], "config": {...}}, a line on stdout
with what `jobs` returns and what is logged.
"""

import contextlib
import importlib
import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from grid import Grid, environment


@dataclass(frozen=True)
class Job:
    """A job of a plan: whether it would run, and which jobs make its inputs, by their places among all jobs."""

    rule: str
    outputs: tuple[str, ...]
    runs: bool
    after: tuple[int, ...]


class Planner:
    """Plans of a grid as it is at the moment, until the `with` block ends. `log` is what Snakemake said of the last one."""

    def __init__(self, grid: Grid):
        self.log = ""
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            cwd=grid.folder,
            env=environment() | {"PYTHONPATH": str(Path(__file__).parent), "PYTHONDONTWRITEBYTECODE": "1"},
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.communicate()

    def plan(self, *targets: str, **config) -> list[Job]:
        """All jobs behind the targets, or behind everything; `config` is what `--config` would say."""
        print(json.dumps({"targets": targets, "config": config}), file=self._process.stdin, flush=True)
        found, self.log = json.loads(self._process.stdout.readline())
        return [Job(rule, tuple(outputs), runs, tuple(after)) for rule, outputs, runs, after in found]


def jobs(targets: list[str], config: dict) -> list:
    """Rule, outputs, whether it would run, and the jobs before it, of every job of a plan of this folder."""
    from snakemake.api import SnakemakeApi
    from snakemake.settings.types import ConfigSettings, DAGSettings, OutputSettings, RerunTrigger, ResourceSettings

    for name in [name for name in sys.modules if name.partition(".")[0] == "mergecast"]:
        del sys.modules[name]  # the code of this moment
    importlib.invalidate_caches()
    triggers = frozenset(RerunTrigger.parse_choice(name) for name in ("mtime", "params", "input", "software-env"))
    with SnakemakeApi(OutputSettings(nocolor=True)) as api:
        workflow = api.workflow(
            ResourceSettings(cores=2), config_settings=ConfigSettings(config=config), snakefile=Path("Snakefile")
        )
        settings = DAGSettings(targets=frozenset(targets), rerun_triggers=triggers)
        workflow.dag(settings).execute_workflow(executor="dryrun")
        dag = workflow._workflow.dag
        every, running = list(dag.jobs), set(dag.needrun_jobs(exclude_finished=False))
        number = {job: place for place, job in enumerate(every)}
        return [
            [job.rule.name, list(map(str, job.output)), job in running, [number[other] for other in dag.dependencies[job]]]
            for job in every
        ]


if __name__ == "__main__":
    answers = sys.stdout
    for line in sys.stdin:
        log = io.StringIO()
        with contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
            found = jobs(**json.loads(line))
        print(json.dumps([found, log.getvalue()]), file=answers, flush=True)
    os._exit(0)  # at once: taking apart what all the plans have left takes half a minute
