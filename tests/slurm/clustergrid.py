"""A grid whose runs go through `snakemake --profile slurm`, and what SLURM says of its jobs."""

import subprocess
import sys
import time
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import grid as small

# Shorter waits than a real cluster should be asked for.
IMPATIENT = ("--slurm-init-seconds-before-status-checks", "1", "--latency-wait", "10")
CONFIG = deepcopy(small.SMALL) | {"device": "auto", "subsets": None}
CONFIG["analysis"] = {"predictor": "ridge", "calibration_sizes": []}
CONFIG["bases"]["tiny"]["threads"] = 2
# What the tests of faults ask for: everything up to the merges.
MEASURED = ("results/tiny/tables/checkpoints.csv", "results/tiny/tables/merges.csv")


@dataclass(frozen=True)
class Job:
    """One line of sacct."""

    number: str
    comment: str  # rule_{name}_wildcards_{values}
    state: str
    partition: str
    cpus: int
    tres: str

    @property
    def rule(self) -> str:
        return self.comment.removeprefix("rule_").partition("_wildcards_")[0]

    @property
    def gpus(self) -> int:
        return int(dict(item.split("=") for item in self.tres.split(",")).get("gres/gpu", 0))


class ClusterGrid(small.Grid):
    """A `Grid` whose commands run on the cluster."""

    @classmethod
    def new(cls, root, folder, config, tasks=small.TASKS) -> "ClusterGrid":
        grid = super().new(root, folder, config, tasks)
        link = root / "slurm"
        assert link.is_symlink(), "the name after --profile is a link, so that it is found in a fresh clone"
        (folder / "slurm").symlink_to(link.readlink())
        return grid

    def copy(self, folder: Path) -> "ClusterGrid":
        return ClusterGrid(super().copy(folder).folder)

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "snakemake", "--profile", "slurm", *IMPATIENT, *arguments]

    def start(self, *arguments: str) -> subprocess.Popen:
        """A run in the background."""
        with open(self.folder / "run.log", "w") as log:
            command = self.command(*arguments)
            return subprocess.Popen(command, cwd=self.folder, env=small.environment(), stdout=log, stderr=log)

    def jobs(self, rule: str = "") -> list[Job]:
        """This grid's jobs, as SLURM's accounting knows them, of one rule or of all, in the order they were submitted."""
        fields = "JobIDRaw,Comment,State,Partition,AllocCPUS,AllocTRES,WorkDir"
        lines = ask("sacct", "-X", "--noheader", "--parsable2", "--starttime=now-2hours", f"--format={fields}").splitlines()
        rows = (line.split("|") for line in lines)
        mine = (row for row in rows if Path(row[-1]) == self.folder and row[1].startswith("rule_"))
        jobs = [Job(row[0], row[1], row[2].partition(" ")[0], row[3], int(row[4]), row[5]) for row in mine]
        return [job for job in jobs if rule in ("", job.rule)]

    def wait_until_running(self, rule: str, process: subprocess.Popen) -> str:
        """Number of the first job of a rule that runs; accounting knows a job's rule only when the job has ended."""
        deadline = time.monotonic() + 600
        while time.monotonic() < deadline:
            for line in ask("squeue", "--me", "--noheader", "--states=RUNNING", "--format=%i|%k|%Z").splitlines():
                number, comment, folder = line.split("|")
                if comment.startswith(f"rule_{rule}_wildcards_") and Path(folder) == self.folder:
                    return number
            assert process.poll() is None, (self.folder / "run.log").read_text()[-4000:]
            time.sleep(0.3)
        raise AssertionError(f"no job of {rule} ever ran: {self.jobs()}")

    def finish(self, process: subprocess.Popen, *, fails: bool = False) -> str:
        """Wait for a run in the background and return what it printed."""
        code = process.wait(timeout=1800)  # against a hang alone: two busy cores are slow
        text = (self.folder / "run.log").read_text()
        assert (code != 0) == fails, text[-6000:]
        return text

    def measured(self) -> dict[str, bytes]:
        """Bytes of the tables that the tests of faults ask for."""
        return {name: (self.folder / name).read_bytes() for name in MEASURED}


def ask(*command: str) -> str:
    """What a SLURM command prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
