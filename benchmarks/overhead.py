"""What the workflow costs beside the work: an empty job, starting a process that imports what a job needs, jobs planned.

    python benchmarks/overhead.py [--jobs 20] [--runs 3]

An empty job is a Snakemake `script:` that starts as all of ours do (`job.py`) and writes a file: seconds of a run with
many of them less those of a run with one, by job, one at a time. Starts are those of `python` on a rule's script, which
then does nothing. Jobs and submissions (those that a cluster is given) are counted in dry runs of the published grid.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import _measure
import _workflow

SETTINGS = 4
SCRIPTS = ("metric", "feature", "finetune", "merge", "folds", "figure")
SNAKEFILE = """
rule all:
    input:
        [f"{place}.txt" for place in range(config["jobs"])],
    localrule: True

rule empty:
    output:
        "{place}.txt",
    log:
        "{place}.log",
    script:
        "empty.py"
"""
EMPTY = """
import sys
sys.path.insert(0, "SCRIPTS")
from job import run

def main(snakemake):
    open(snakemake.output[0], "w").close()

run(main, snakemake)
"""


def empty_jobs(jobs: int) -> dict:
    """A run of so many empty jobs, one after another."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "empty.py").write_text(EMPTY.replace("SCRIPTS", str(_measure.SCRIPTS)))
        (folder / "Snakefile").write_text(SNAKEFILE)
        clock = _measure.Clock()
        with clock.stage("run"):
            _workflow.snakemake(folder, "--cores", 1, "--config", f"jobs={jobs}")
        return clock.report()


def start(script: str) -> dict:
    """A process that imports what a rule's script imports; for `python`, nothing."""
    code = f"import sys; sys.path.insert(0, {str(_measure.SCRIPTS)!r}); import job, {script}" if script in SCRIPTS else ""
    clock = _measure.Clock()
    with clock.stage("run"):
        subprocess.run([sys.executable, "-c", code], check=True)
    return clock.report()


def planned() -> dict:
    """Jobs and submissions of the published grid, of one setting and of all."""
    found = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        _workflow.copy(folder)
        for settings in (1, SETTINGS):
            text = _workflow.dry_run(folder, "--configfile", _workflow.grid(folder, settings=settings))
            jobs = _workflow.jobs(text)
            submitted = sum(_workflow.resource(job, "mem_mb") is not None for job in jobs)
            found[settings] = {"jobs": len(jobs), "submitted": submitted, "jobs_per_setting": len(jobs) / settings}
            assert _workflow.counts(text)["total"] == len(jobs), "the jobs told and those printed must be as many"
    return found


def main() -> None:
    parser = _measure.parser(__doc__)
    parser.add_argument("--jobs", type=int, default=20, help="empty jobs beyond the first (default 20)")
    options = parser.parse_args()
    if options.measure:
        what, of = options.measure
        print(json.dumps(empty_jobs(int(of)) if what == "empty" else start(of)))
        return
    runs = {f"{jobs} jobs": [__file__, "--measure", "empty", jobs] for jobs in (1, 1 + options.jobs)}
    starts = {script: [__file__, "--measure", "start", script] for script in ("python", *SCRIPTS)}
    reports = _measure.alternate(runs | starts, **_measure.how(options))
    found = {name: _measure.median(these)["stages"]["run"] for name, these in reports.items()}
    one, many = (found[name] for name in runs)
    result = {
        "empty_run": one,
        "empty_job": {key: (many[key] - one[key]) / options.jobs for key in ("cpu_s", "wall_s")},
        "start": {name: {key: found[name][key] for key in ("cpu_s", "wall_s")} for name in starts},
        "planned": planned(),
    }
    _measure.publish("overhead", options, result)


if __name__ == "__main__":
    main()
