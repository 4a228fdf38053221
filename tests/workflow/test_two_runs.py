"""Two runs of one grid in one folder: the second is refused, and the first does not notice."""

import os
import signal
import subprocess
import time

import grid as small
from mergecast.models.checkpoints import State, content_hash

TARGET = "results/tiny/checkpoints/digits.safetensors"


def test_a_second_run_is_refused_and_the_first_ends_undisturbed(grid, finished):
    checkpoint = grid.folder / TARGET
    checkpoint.unlink()
    log = grid.setting / "logs/finetune/digits.log"
    log.unlink()
    first = subprocess.Popen(
        grid.command(TARGET), cwd=grid.folder, env=small.environment(), start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 900
        while not log.exists():
            assert first.poll() is None and time.monotonic() < deadline, "the first run never came to its job"
            time.sleep(0.02)
        os.killpg(first.pid, signal.SIGSTOP)  # so that it is at work for as long as the second takes to start
        second = grid.run(check=False)
        os.killpg(first.pid, signal.SIGCONT)
        assert first.wait(timeout=900) == 0
    finally:
        if first.poll() is None:
            os.killpg(first.pid, signal.SIGKILL)
    assert second.returncode != 0
    assert "Directory cannot be locked" in second.stderr + second.stdout and "--unlock" in second.stderr + second.stdout
    assert "Traceback" not in second.stderr + second.stdout
    assert content_hash(State(checkpoint)) == content_hash(State(finished.folder / TARGET))
    assert grid.tables() == finished.tables()
