"""A whole grid through sbatch: the same tables, what every job asked for, what a change submits."""

import os
import re
from copy import deepcopy

import grid as small
from clustergrid import CONFIG, ask

# Rules whose jobs run a model, and so ask for a GPU unless `device` is cpu.
ON_GPU = r"clip|finetune|evaluate|probes_.*|gradients_.*|merge_.*|subsets_.*|calibration_features_.*"


def test_a_grid_through_sbatch_ends_with_the_tables_of_a_local_run(clustered, local):
    assert clustered.tables() == local.tables()
    assert clustered.planned().nothing


def test_every_job_is_submitted_once_and_the_rules_of_seconds_never(clustered):
    jobs = clustered.jobs()
    print(f"{len(jobs)} submissions for 4 tasks, 2 methods, 3 metrics")
    assert all(job.state == "COMPLETED" for job in jobs)
    assert len({job.comment for job in jobs}) == len(jobs), "no job ran twice"
    rules = {job.rule for job in jobs}
    planned = {name for name, _ in clustered.planned("--forceall").jobs}
    assert planned - rules == {name for name in planned if re.fullmatch(small.LOCAL, name)}
    tasks = len(small.TASKS)
    counted = {rule: sum(job.rule == rule for job in jobs) for rule in rules}
    assert {counted[rule] for rule in ("finetune", "evaluate", "head", "images")} == {tasks}
    made = {rule: count for rule, count in counted.items() if rule.startswith(("spectra_", "probes_"))}
    assert made == {f"{feature}_tiny_{task}": 1 for feature in ("spectra", "probes") for task in small.TASKS}
    assert sum(count for rule, count in counted.items() if rule.startswith("merge_")) == (tasks - 1) * len(small.METHODS)
    assert counted["metric_tiny_0"] == len(small.METRICS)


def test_a_job_that_runs_a_model_gets_one_gpu_and_another_gets_none(clustered):
    for job in clustered.jobs():
        if re.fullmatch(ON_GPU, job.rule):
            assert (job.gpus, job.partition) == (1, "gpu"), job
        else:
            assert (job.gpus, job.partition) == (0, "cpu"), job


def test_a_job_has_the_cpus_of_its_threads_and_uses_no_more(clustered):
    assert {job.cpus for job in clustered.jobs("clip")} == {2}
    assert {job.cpus for job in clustered.jobs() if job.rule != "clip"} == {1}
    assert "on 2 threads" in (clustered.results / "logs/bases/tiny.log").read_text()
    for log in clustered.setting.glob("logs/finetune/*.log"):
        assert "on 1 thread" in log.read_text()


def test_a_finished_job_leaves_no_log_of_slurm_and_no_state_of_training(clustered):
    assert not list(clustered.results.glob("logs/slurm/**/*.log"))
    assert not list(clustered.results.rglob("*.training.*"))


def test_a_new_metric_submits_its_own_jobs_and_the_steps_after_them(clustered, tmp_path):
    grid = clustered.copy(tmp_path / "grid")
    grid.write_config(deepcopy(CONFIG) | {"metrics": [*small.METRICS, "weight_space_angle"]})
    grid.run()
    jobs = grid.jobs()
    assert all(job.state == "COMPLETED" for job in jobs)
    sees_metrics = {f"rule_folds_wildcards_tiny_{name}" for name in ("ridge", "best_metric", "effects_and_metrics")}
    assert {job.comment for job in jobs} == {
        "rule_metric_tiny_0_wildcards_weight_space_angle",
        *sees_metrics,
        "rule_analysis_ablation_wildcards_tiny",
        "rule_analysis_greedy_wildcards_tiny",
    }
    assert len(jobs) == 6


def test_gpus_are_asked_for_as_a_generic_resource_where_the_site_says_so(unfinished):
    unfinished.run("--default-resources", "gpu_gres=gpu:1", "mem_mb=2000", "runtime=10", "--", *checkpoint())
    (job,) = unfinished.jobs()
    assert (job.rule, job.state, job.gpus, job.partition) == ("finetune", "COMPLETED", 1, "gpu")
    assert "--gres=gpu:1" in ask("sacct", "-X", "-n", "-P", "--format=SubmitLine", "-j", job.number)


def test_without_a_visible_gpu_device_cuda_fails_at_once_with_one_line(unfinished):
    unfinished.write_config(deepcopy(CONFIG) | {"device": "cuda"})
    result = unfinished.run("--retries", "0", "results/tiny/checkpoints/shapes.json", check=False)
    assert result.returncode != 0
    assert "mergecast: error: device: cuda is asked for, but torch finds no GPU" in result.stdout + result.stderr
    assert "CUDA_VISIBLE_DEVICES=" in result.stdout + result.stderr, "and what the job was given"


def test_the_profile_is_found_by_its_bare_name_in_a_fresh_clone(root):
    assert os.readlink(root / "slurm") == "profiles/slurm"
    assert (root / "slurm/config.yaml").is_file()


def checkpoint() -> tuple[str]:
    return ("results/tiny/checkpoints/digits.safetensors",)
