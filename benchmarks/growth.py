"""How the metric stage grows with the number of checkpoints, and planning with the size of the grid.

    python benchmarks/growth.py [--models 8 16 32 64 128] [--runs 3] [--tasks 20 50 100] [--plan-runs 1]

The metric stage runs on small random checkpoints by the rules' scripts (`metric_stage.py`), with one metric of each kind
of feature. Planning is a dry run of the published configuration: its own twenty tasks with one setting and with all four,
then other numbers of procedural tasks with one setting. Exponents b are of least-squares fits CPU seconds = a · N^b.
"""

import json
import tempfile
from pathlib import Path

import _checkpoints
import _measure
import _workflow
import metric_stage

METRICS = ["task_vector_cosine_similarity", "subspace_overlap"]
STAGES = ("spectra", "inner_products", "pairs")
SETTINGS = 4  # of the published configuration


def plan(folder: Path, config: str) -> dict:
    """A dry run, as a user starts it."""
    clock = _measure.Clock()
    with clock.stage("plan"):
        text = _workflow.dry_run(folder, "--quiet", "rules", "--configfile", config)
    return clock.report(jobs=_workflow.counts(text)["total"])


def stages(options) -> dict:
    """The metric stage at every number of checkpoints."""
    found = {}
    for count in options.models:
        with tempfile.TemporaryDirectory() as folder:
            _checkpoints.make(Path(folder), options.model, count)
            command = [__file__, "--measure", "stage", folder, count]
            found[count] = _measure.measured(*command, **_measure.how(options))
    cpu = {stage: [report["stages"][stage]["cpu_s"] for report in found.values()] for stage in STAGES}
    features = [sum(both) for both in zip(cpu["spectra"], cpu["inner_products"], strict=True)]
    pair = [seconds / report["pairs"] for seconds, report in zip(cpu["pairs"], found.values(), strict=True)]
    fitted = {**cpu, "features": features, "pairs_per_pair": pair}
    return {
        "metrics": METRICS,
        "by_models": found,
        "cpu_s": fitted,
        "exponents": {name: _measure.exponent(options.models, seconds) for name, seconds in fitted.items()},
    }


def plans(options) -> dict:
    """A dry run of every grid."""
    found = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        _workflow.copy(folder)
        grids = {f"published, {settings} settings": (None, settings) for settings in (1, SETTINGS)}
        grids |= {f"{tasks} tasks": (tasks, 1) for tasks in options.tasks}
        for name, (tasks, settings) in grids.items():
            command = [__file__, "--measure", "plan", folder, _workflow.grid(folder, tasks, settings)]
            found[name] = _measure.measured(*command, runs=options.plan_runs, threads=options.threads)
    seconds = [found[f"{tasks} tasks"]["stages"]["plan"]["cpu_s"] for tasks in options.tasks]
    return {"grids": found, "exponent": _measure.exponent(options.tasks, seconds)}


def main() -> None:
    parser = _measure.parser(__doc__)
    parser.add_argument("--models", type=int, nargs="+", default=[8, 16, 32, 64, 128], help="of the metric stage")
    parser.add_argument("--model", default="tiny-clip", help="architecture (default tiny-clip)")
    parser.add_argument("--plan-runs", type=int, default=1, help="of every dry run, some of which take minutes (default 1)")
    parser.add_argument("--tasks", type=int, nargs="+", default=[20, 50, 100], help="of the planned grids")
    options = parser.parse_args()
    if options.measure:
        what, folder, of = options.measure
        if what == "plan":
            print(json.dumps(plan(Path(folder), of)))
        else:
            tasks = [f"t{place:03}" for place in range(int(of))]
            print(json.dumps(metric_stage.ours(Path(folder), tasks, METRICS)))
        return
    _measure.publish("growth", options, {"metric_stage": stages(options), "planning": plans(options)})


if __name__ == "__main__":
    main()
