"""Whether the jobs of a finished run kept to what their rules declare: threads, and memory where a rule asks for it.

    python benchmarks/budgets.py [results] [-- --configfile mine.yaml]

Threads and memory are those that a dry run of everything prints, job by job, in the folder of the results and with the same
arguments (behind `--`) as the run had; what was used is in the files that Snakemake's `benchmark:` left. CPU seconds over
wall may exceed the threads by a tenth. Snakemake samples both only every few seconds: a job shorter than that shows
neither. Prints a table, and exits with 1 if a job was over its budget.
"""

import argparse
import sys
from collections import defaultdict
from pathlib import Path

import _workflow
import stages
from _measure import ROOT

SLACK = 1.1  # of CPU over wall: two clocks, read at different moments
MEBI = 1.048576  # MB; `max_rss` counts in MiB, `mem_mb` in MB


def used(folder: Path, arguments: list[str]) -> dict[str, list[dict]]:
    """By stage, for every planned job with a benchmark file: what it declares and what it took."""
    snakefile = [] if (folder / "Snakefile").exists() else ["--snakefile", ROOT / "Snakefile"]
    found = defaultdict(list)
    for job in _workflow.jobs(_workflow.dry_run(folder, "--forceall", *snakefile, *arguments)):
        path = folder / job.get("benchmark", "none")
        if path.is_file():
            took, memory = stages.numbers(path), _workflow.resource(job, "mem_mb")
            found[stages.stage(Path(job["benchmark"]))].append(
                {
                    "threads": int(job.get("threads", 1)),
                    "load": took.get("cpu_time", 0.0) / took["s"] if took["s"] else 0.0,
                    "mem_mb": float(memory) if memory and memory.isdigit() else None,
                    "peak_mb": took.get("max_rss", 0.0) * MEBI,
                }
            )
    return found


def within(job: dict) -> bool:
    """Whether a job kept to its budget, so far as it has one."""
    return job["load"] <= SLACK * job["threads"] and (job["mem_mb"] is None or job["peak_mb"] <= job["mem_mb"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("results", nargs="?", type=Path, default=Path("results"), help="of a finished run (default: results)")
    parser.add_argument("snakemake", nargs="*", help="arguments of the run, behind --")
    arguments = parser.parse_args()
    found = used(arguments.results.absolute().parent, arguments.snakemake)
    if not found:
        parser.error("no benchmark files of planned jobs there; run the workflow first, and give the arguments it had")
    print("| rule | jobs | threads | CPU/wall, most | mem_mb | peak resident, MB | within |")
    print("|---|---:|---:|---:|---:|---:|---|")
    for stage, jobs in sorted(found.items()):
        most = {key: max(job[key] for job in jobs) for key in ("threads", "load", "peak_mb")}
        memory = min((job["mem_mb"] for job in jobs if job["mem_mb"] is not None), default=None)
        over = sum(not within(job) for job in jobs)
        cells = [stage, len(jobs), most["threads"], f"{most['load']:.2f}", f"{memory:.0f}" if memory else "–"]
        print("|", " | ".join(map(str, [*cells, f"{most['peak_mb']:.0f}", f"{over} over" if over else "yes"])), "|")
    sys.exit(any(not within(job) for jobs in found.values() for job in jobs))


if __name__ == "__main__":
    main()
