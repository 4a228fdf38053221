"""Faults of a real cluster, one a test: after each the grid finishes, with the tables of an undisturbed local run."""

import json
import time
from copy import deepcopy

import pytest

from clustergrid import CONFIG, MEASURED, ask
from mergecast.models.checkpoints import State, content_hash


@pytest.fixture(scope="module", autouse=True)
def overtime_begun(cluster, local, tmp_path_factory):
    """Fine-tuning of more than a minute, SLURM's least limit, on the cluster and alone, while the other tests run."""
    config = deepcopy(CONFIG)
    own = config["settings"]["tiny"]
    config["settings"]["slow"] = own | {"recipe": own["recipe"] | {"steps": 4500}}
    grids = [local.copy(tmp_path_factory.mktemp("overtime") / name) for name in ("clustered", "alone")]
    for grid in grids:
        grid.write_config(config)
    target = "results/slow/checkpoints/digits.safetensors"
    begun = grids[0].start(
        "--retries", "5", "--set-resources", "finetune:runtime=attempt", "finetune:mem_mb=3000", "--", target
    )
    return grids, [begun, grids[1].start("--executor", "local", "--cores", "1", "--", target)]


@pytest.fixture
def overtime(overtime_begun):
    """The two grids, when both runs have ended."""
    grids, processes = overtime_begun
    for grid, process in zip(grids, processes, strict=True):
        grid.finish(process)
    return grids


def test_a_cancelled_job_is_submitted_again(unfinished, local):
    process = unfinished.start(*MEASURED)
    job = unfinished.wait_until_running("finetune", process)
    ask("scancel", job)
    unfinished.finish(process)
    assert [job.state for job in unfinished.jobs("finetune")] == ["CANCELLED", "COMPLETED"]
    assert unfinished.measured() == local.measured()


def test_a_job_over_its_memory_is_given_more(unfinished, local):
    unfinished.run("--set-resources", "evaluate:mem_mb=150 * attempt ** 5", "--", *MEASURED)
    first, *others, last = unfinished.jobs("evaluate")
    log = unfinished.results / f"logs/slurm/rule_evaluate/tiny_digits/{first.number}.log"
    assert "Exceeded job memory limit" in log.read_text()
    assert (first.state, last.state) == ("FAILED", "COMPLETED")
    assert memory(first) == 150 and memory(last) == 150 * (len(others) + 2) ** 5
    assert unfinished.measured() == local.measured()


def test_jobs_of_a_node_that_goes_down_run_on_another(unfinished, local):
    process = unfinished.start(*MEASURED)
    job = unfinished.wait_until_running("finetune", process)
    node = ask("squeue", "-h", "-j", job, "-o", "%N").strip()
    ask("scontrol", "update", f"nodename={node}", "state=down", "reason=test")
    try:
        unfinished.finish(process)
    finally:
        if "down" in ask("sinfo", "-h", "-n", node, "-o", "%T"):
            ask("scontrol", "update", f"nodename={node}", "state=resume")
    assert [job.state for job in unfinished.jobs("finetune")] == ["NODE_FAIL", "COMPLETED"]
    assert unfinished.measured() == local.measured()


def test_a_restart_of_slurmctld_disturbs_nothing(unfinished, local, cluster):
    log = unfinished.setting / "logs/finetune/digits.log"
    log.unlink()
    process = unfinished.start(*MEASURED)
    unfinished.wait_until_running("finetune", process)
    while not log.exists():  # until then srun is still asking slurmctld for its step, and asks again minutes later
        assert process.poll() is None
        time.sleep(0.1)
    cluster("restart")
    unfinished.finish(process)
    assert [job.state for job in unfinished.jobs("finetune")] == ["COMPLETED"]
    assert unfinished.measured() == local.measured()


def test_after_a_kill_of_snakemake_no_job_runs_twice_and_the_whole_grid_finishes(unfinished, local):
    process = unfinished.start()
    orphan = unfinished.wait_until_running("finetune", process)
    ask("scontrol", "suspend", orphan)  # else it might have ended when Snakemake looks again
    process.kill()
    process.wait()
    assert orphan in ask("squeue", "-h", "-o", "%i").split(), "its job is still there"
    unfinished.run("--unlock")
    result = unfinished.run()
    assert f"cancelled 1 jobs that a killed run left in the queue: {orphan}" in result.stdout + result.stderr
    assert [job.state for job in unfinished.jobs("finetune")] == ["CANCELLED", "COMPLETED"]
    assert unfinished.tables() == local.tables()
    assert unfinished.planned().nothing


def test_a_job_that_always_fails_is_told_and_the_others_finish(unfinished, local):
    module = unfinished.folder / "workflow/scripts/mergecast/merging/dare.py"
    source = module.read_text()
    module.write_text(source + "\nraise RuntimeError('a fault that no retry mends')\n")
    process = unfinished.start("--retries", "1", "--", *MEASURED)
    text = unfinished.finish(process, fails=True)
    assert "RuntimeError: a fault that no retry mends" in text, "the job's own log is shown"
    assert "results/tiny/logs/merges/dare/" in text, "and where it is"
    jobs = unfinished.jobs("merge_tiny_digits_shapes")
    states = {job.comment.rpartition("_wildcards_")[2]: [] for job in jobs}
    for job in jobs:
        states[job.comment.rpartition("_wildcards_")[2]].append(job.state)
    assert states == {"dare": ["FAILED", "FAILED"], "weight_avg": ["COMPLETED"]}
    made = json.loads((unfinished.setting / "merges/weight_avg/shapes__digits.json").read_text())
    assert made == json.loads((local.setting / "merges/weight_avg/shapes__digits.json").read_text())
    module.write_text(source)
    unfinished.run(*MEASURED)
    assert unfinished.measured() == local.measured()


def test_a_job_over_its_time_goes_on_where_it_was_killed(overtime):
    clustered, alone = overtime
    first, *_, last = clustered.jobs("finetune")
    assert (first.state, last.state) == ("TIMEOUT", "COMPLETED")
    log = (clustered.results / "slow/logs/finetune/digits.log").read_text()
    assert int(log.partition("resuming after step ")[2].split()[0]) > 100, "the time of the first attempt was not lost"
    whole, resumed = (grid.results / "slow/checkpoints/digits.safetensors" for grid in (alone, clustered))
    assert content_hash(State(resumed)) == content_hash(State(whole))
    curves = [grid.results / "slow/curves/digits.csv" for grid in (alone, clustered)]
    assert curves[0].read_bytes() == curves[1].read_bytes()


def memory(job) -> int:
    amount = dict(item.split("=") for item in job.tres.split(","))["mem"]
    return int(float(amount[:-1]) * {"M": 1, "G": 1024}[amount[-1]])
