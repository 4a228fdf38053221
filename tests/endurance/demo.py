"""The demo, as its user runs it, in a folder of its own; and what is at work in it, and ends when it is killed."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import grid as small

STARTED = re.compile(r"^(?:local)?rule (\S+):\n(?:    .*\n)*?    jobid: (\d+)$", re.MULTILINE)
ENDED = re.compile(r"^Finished jobid: (\d+) ", re.MULTILINE)


class Demo(small.Grid):
    """A grid of config/config.yaml and config/tasks.tsv as they are."""

    @classmethod
    def new(cls, root: Path, folder: Path) -> "Demo":
        demo = super().new(root, folder)
        for name in ("config.yaml", "tasks.tsv"):
            (folder / "config" / name).write_bytes((root / "config" / name).read_bytes())
        return demo

    def start(self) -> subprocess.Popen:
        """A run in the background, as a session of its own, its output in run.log."""
        with open(self.folder / "run.log", "w") as log:
            return subprocess.Popen(
                self.command(), cwd=self.folder, env=small.environment(), stdout=log, stderr=log, start_new_session=True
            )

    def at_work(self) -> list[str]:
        """Rules of the jobs that the run has started and not yet ended, by its own output."""
        log = (self.folder / "run.log").read_text()
        ended = set(ENDED.findall(log))
        return [rule for rule, job in STARTED.findall(log) if job not in ended]

    def has_ended_a_job(self) -> bool:
        """Whether the run has finished a job."""
        return bool(ENDED.search((self.folder / "run.log").read_text()))

    def kill(self, process: subprocess.Popen) -> None:
        """Kill a run and all its jobs, at once and without a warning."""
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        deadline = time.monotonic() + 30
        while left := living(self.folder):
            assert time.monotonic() < deadline, f"processes {left} outlive the run that started them"
            time.sleep(0.01)

    def unlock(self) -> None:
        """Take away the lock of a killed run, if it had got so far as to have one."""
        if any((self.folder / ".snakemake/locks").glob("*")):
            self.run("--unlock")


def living(folder: Path) -> list[int]:
    """Numbers of the processes that work in a folder."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cwd"):
        try:
            if place.readlink() == folder.resolve():
                found.append(int(place.parts[2]))
        except OSError:  # it has just ended
            continue
    return found
