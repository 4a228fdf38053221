"""The demo, killed again and again at moments of chance while it is at work, ends with the tables of an undisturbed run.

`KILLS` (50) and `SEED` (0) in the environment choose how many moments, and which.
"""

import json
import os
import random
import shutil
import time
from collections import Counter

from demo import Demo
from whole import broken, left_over, tables

KILLS, SEED = int(os.environ.get("KILLS", 50)), int(os.environ.get("SEED", 0))
SECONDS = (0.2, 15.0)  # that a run is left before it is killed, from when its first job began or ended


def at_work_when_killed(demo: Demo, seconds: float, from_an_end: bool) -> list[str] | None:
    """Start the demo and kill it so long after its first job began, or ended; the rules then at work, or None if it ended
    before. Of runs that are killed soon after they began, the long jobs at the start of the demo would see all kills."""
    process = demo.start()
    kill_at = None
    while kill_at is None or time.monotonic() < kill_at:
        if process.poll() is not None:
            assert process.returncode == 0, (demo.folder / "run.log").read_text()[-4000:]
            return None
        if kill_at is None and (demo.has_ended_a_job() if from_an_end else demo.at_work()):
            kill_at = time.monotonic() + seconds
        time.sleep(0.05)
    rules = demo.at_work()
    demo.kill(process)
    return rules


def test_a_run_killed_at_any_moment_and_resumed_ends_with_the_tables_of_an_undisturbed_one(root, tmp_path):
    begun, chance = time.monotonic(), random.Random(SEED)
    undisturbed = Demo.new(root, tmp_path / "undisturbed")
    undisturbed.run()
    expected = tables(undisturbed.results)
    reference = time.monotonic() - begun

    def assert_finished():
        assert tables(demo.results) == expected
        assert broken(demo.results) == {} and left_over(demo.results) == []

    demo = Demo.new(root, tmp_path / "demo")
    kills, struck, finished, left = 0, Counter(), 0, 0
    while kills < KILLS:
        seconds, from_an_end = chance.uniform(*SECONDS), chance.random() < 0.5
        rules = at_work_when_killed(demo, seconds, from_an_end)
        if rules is None:
            assert_finished()
            finished += 1
            shutil.rmtree(demo.results)
            continue
        kills += bool(rules)  # between two jobs, nothing is at work
        struck.update(rules)
        left += len(left_over(demo.results))
        print(
            f"kill {kills} of {KILLS}, {seconds:.1f} s after the first job {'ended' if from_an_end else 'began'}: "
            f"{', '.join(rules) or 'nothing at work'}",
            flush=True,
        )
        assert broken(demo.results) == {}
        demo.unlock()
    demo.run()
    assert_finished()
    assert demo.planned().nothing
    summary = {
        "kills": kills,
        "jobs_struck": struck.total(),
        "rules_struck": dict(struck.most_common()),
        "files_and_states_left_by_kills": left,
        "whole_runs": finished + 1,
        "tables_compared": len(expected),
        "undisturbed_s": round(reference),
        "wall_s": round(time.monotonic() - begun),
    }
    print(json.dumps(summary), flush=True)
