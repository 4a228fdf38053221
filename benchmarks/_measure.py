"""How every benchmark measures: one process a measurement, CPU seconds of all of it, medians of runs that alternate.

A benchmark script calls itself: `alternate` starts a process for each side in turn, and in that process a `Clock` times
the stages. What it reports is JSON on the last line that it prints. Importing this makes the library importable.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
SCRIPTS = ROOT / "workflow" / "scripts"
RESULTS = ROOT / "benchmarks" / "results"
STARTED = time.perf_counter()
RUN = "{run}"  # in a command: the number of the run
PAGE = resource.getpagesize() / 1e6  # MB
sys.path.insert(0, str(SCRIPTS))


class Clock:
    """The stages of this process, each with CPU seconds, wall seconds and peak memory.

    Make it when the imports are done: they are the first stage, `imports`, from the start of the process. CPU seconds are
    those of all threads and of child processes that have ended. Memory, in MB above what the imports took, is read every
    few milliseconds: `anonymous` is the process's own, `resident` has the pages of mapped files in it as well.
    """

    def __init__(self):
        self._mapped, self._own = _resident()
        self.stages = {"imports": {"cpu_s": cpu_seconds(), "wall_s": time.perf_counter() - STARTED}}

    @contextmanager
    def stage(self, name: str):
        """Time a block and add it to the stage of that name."""
        found = self.stages.setdefault(name, dict.fromkeys(("cpu_s", "wall_s", "anonymous_mb", "resident_mb"), 0.0))
        cpu, wall, done = cpu_seconds(), time.perf_counter(), threading.Event()

        def watch():
            while True:
                resident, anonymous = _resident()
                found["anonymous_mb"] = max(found["anonymous_mb"], anonymous - self._own)
                found["resident_mb"] = max(found["resident_mb"], resident - self._mapped)
                if done.wait(0.003):
                    return

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()
            found["cpu_s"] += cpu_seconds() - cpu
            found["wall_s"] += time.perf_counter() - wall

    def report(self, **further) -> dict:
        """The whole process up to now, its stages, and what else there is to tell."""
        whole = {"cpu_s": cpu_seconds(), "wall_s": time.perf_counter() - STARTED}
        return {"process": whole, "stages": self.stages, **further}


def cpu_seconds() -> float:
    """CPU seconds, user and system, of this process since its start and of its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def _resident() -> tuple[float, float]:
    """This process's resident memory, and the anonymous part of it, MB."""
    _, resident, mapped, *_ = map(int, Path("/proc/self/statm").read_text().split())
    return resident * PAGE, (resident - mapped) * PAGE


def spawn(*command, threads: int = 1) -> dict:
    """Run a benchmark script with arguments in a process of its own; what it reports on its last line."""
    variables = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(threads))
    result = subprocess.run(
        [sys.executable, *map(str, command)], env=os.environ | variables, capture_output=True, text=True, check=False
    )
    if result.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} failed:\n{result.stdout}{result.stderr}")
    return json.loads(result.stdout.splitlines()[-1])


def alternate(sides: dict[str, list], *, runs: int, threads: int = 1) -> dict[str, list[dict]]:
    """The reports of every side's command, run in turn, `runs` times over."""
    reports = {name: [] for name in sides}
    for run in range(runs):
        for name, command in sides.items():
            print(f"run {run + 1} of {runs}: {name}", file=sys.stderr, flush=True)
            reports[name].append(spawn(*(run if part == RUN else part for part in command), threads=threads))
    return reports


def measured(*command, runs: int, threads: int = 1) -> dict:
    """The medians of one side alone."""
    name = " ".join(map(str, command[2:]))
    return median(alternate({name: list(command)}, runs=runs, threads=threads)[name])


def median(reports: list[dict]) -> dict:
    """The median of every number in reports of one shape; of anything else, the first."""
    first = reports[0]
    return {
        key: median([report[key] for report in reports])
        if isinstance(value, dict)
        else statistics.median(report[key] for report in reports)
        if isinstance(value, int | float)
        else value
        for key, value in first.items()
    }


def exponent(sizes, seconds) -> float:
    """The power b of a fit seconds = a · size^b, by least squares of the logarithms."""
    import numpy

    return float(numpy.polyfit(numpy.log(sizes), numpy.log(seconds), 1)[0])


def parser(doc: str, *, runs: int = 3) -> argparse.ArgumentParser:
    """A parser with the options of every benchmark; `--measure` is how a script starts itself."""
    made = argparse.ArgumentParser(description=doc.partition("\n")[0])
    made.add_argument("--runs", type=int, default=runs, help=f"of every measurement; medians are told (default {runs})")
    made.add_argument("--threads", type=int, default=1, help="of both sides (default 1)")
    made.add_argument("--measure", nargs="+", help=argparse.SUPPRESS)
    return made


def how(options: argparse.Namespace) -> dict:
    """Runs and threads, for `alternate`."""
    return {"runs": options.runs, "threads": options.threads}


def publish(name: str, options: argparse.Namespace, result: dict) -> None:
    """Print a result and the machine it is of as JSON, and write it to benchmarks/results/NAME.json."""
    from mergecast.files import versions, write_json

    asked = {key: str(value) if isinstance(value, Path) else value for key, value in vars(options).items() if key != "measure"}
    told = {"benchmark": name, "options": asked, "machine": machine(), "versions": versions(), **result}
    write_json(RESULTS / f"{name}.json", told)
    print(json.dumps(told, indent=1))


def machine() -> dict:
    """What the numbers depend on: CPU model, number of cores, memory."""
    models = [line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line]
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
    return {"cpu": models[0] if models else "unknown", "cores": os.cpu_count(), "memory_gb": round(memory, 1)}
