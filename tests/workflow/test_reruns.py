"""What reruns, and what does not, after one change to a finished grid."""

import os
from copy import deepcopy

import grid as small

# What follows a change of one metric or method: never fine-tuning, features, merges or other metrics.
DOWNSTREAM = r"tables/|folds/|nulls/|figures/|results/report.html"


def changed(**keys) -> dict:
    return deepcopy(small.SMALL) | keys


def test_a_finished_run_is_a_no_op(grid):
    assert grid.planned().nothing


def test_adding_a_metric_runs_that_metric_and_what_depends_on_it(grid):
    grid.write_config(changed(metrics=[*small.METRICS, "weight_space_angle"]))
    plan = grid.planned()
    assert plan.matching("metrics/") == {f"metrics/weight_space_angle/{a}__{b}.json" for b, before in rows() for a in before}
    assert plan.matching("folds/ridge.json"), "the predictor sees another table of metrics"
    assert not plan.matching("(folds|nulls)/(single_task|task_effects|train_mean)"), "they see none"
    assert only(plan, "metrics/weight_space_angle/|" + DOWNSTREAM)


def test_adding_a_method_runs_that_method_and_what_depends_on_it(grid):
    grid.write_config(changed(methods=[*small.METHODS, "ties"]))
    plan = grid.planned()
    assert plan.matching("merges/") == {f"merges/ties/{a}__{b}.json" for b, before in rows() for a in before}
    assert not plan.matching("metrics/|features/|calibration/|tables/(metrics|checkpoints|calibration_metrics).csv")
    assert only(plan, "(merges|subsets)/ties/|" + DOWNSTREAM)


def test_changing_one_methods_parameter_reruns_that_method_only(grid):
    grid.write_config(changed(method_parameters={"dare": {"drop": 0.5}}))
    plan = grid.planned()
    assert plan.matching("merges/") == {f"merges/dare/{a}__{b}.json" for b, before in rows() for a in before}
    assert plan.matching("subsets/") == {f"subsets/dare/{name}.json" for name in ("000", "001")}
    assert only(plan, "(merges|subsets)/dare/|" + DOWNSTREAM)


def test_editing_a_merge_methods_module_reruns_that_method_alone(grid):
    edit(grid, "merging/dare.py")
    plan = grid.planned()
    assert plan.matching("merges/") == {f"merges/dare/{a}__{b}.json" for b, before in rows() for a in before}
    assert only(plan, "(merges|subsets)/dare/|" + DOWNSTREAM)


def test_editing_a_metric_categorys_module_reruns_that_category_alone(grid):
    edit(grid, "metrics/subspace.py")
    plan = grid.planned()
    assert plan.matching("metrics/") == {f"metrics/subspace_overlap/{a}__{b}.json" for b, before in rows() for a in before}
    assert only(plan, "metrics/subspace_overlap/|" + DOWNSTREAM)


def test_a_changed_picture_remakes_its_task_and_an_unchanged_folder_nothing(root, tmp_path):
    grid, target = small.Grid.new(root, tmp_path / "grid"), "results/images/32px/birds.safetensors"
    grid.add_pictures("birds", "folder", "birds")
    grid.run(target)
    before = (grid.folder / target).read_bytes()
    assert grid.planned(target).nothing
    pictures = sorted((grid.folder / "birds/test/wren").iterdir())
    pictures[0].write_bytes(pictures[1].read_bytes())
    assert grid.planned(target).outputs == {target}
    grid.run(target)
    assert (grid.folder / target).read_bytes() != before
    assert grid.planned(target).nothing


def test_editing_a_predictors_module_reruns_its_folds_alone(grid):
    edit(grid, "prediction/predictors/ridge.py")
    plan = grid.planned()
    assert plan.matching("(folds|nulls)/") == {"folds/ridge.json", "nulls/ridge.csv"}
    assert not plan.matching("tables/(checkpoints|metrics|merges|subsets|correlations|greedy|calibration_metrics).csv")
    assert only(plan, r"folds/ridge.json|nulls/ridge.csv|tables/|figures/|results/report.html")


def test_a_directed_headline_plans_no_analysis_that_needs_one_value_a_pair(grid):
    grid.write_config(changed(targets=["retained_a", "accuracy"]))
    plan = grid.planned()
    assert plan.matching(r"tables/(scores|ablation).csv") == {"tables/scores.csv", "tables/ablation.csv"}
    assert not plan.matching(
        r"tables/(selection|subset_ranking|subset_scores|calibration).csv|figures/(selection|subsets|calibration)"
    )


def test_editing_the_pages_template_remakes_the_page_alone(grid):
    path = grid.folder / "workflow/scripts/mergecast/report/templates/page.css"
    path.write_text(path.read_text() + "\n/* edited */\n")
    assert grid.planned().outputs == {"results/report.html"}


def test_touching_a_source_file_without_changing_it_reruns_nothing(grid):
    for path in (grid.folder / "workflow").rglob("*.py"):
        os.utime(path)
    assert grid.planned().nothing


def test_appending_a_task_adds_its_row_and_remakes_no_merge_and_no_fine_tuning(grid):
    metric = "task_vector_cosine_similarity"
    before = {name: grid.values(name) for name in small.METRICS}
    old = {path: path.read_bytes() for kind in ("merges", "checkpoints") for path in grid.setting.glob(f"{kind}/**/*.*")}
    grid.write_tasks(small.TASKS | {"textures": ("procedural", "figure=textures train=120 test=60")})
    plan = grid.planned()
    assert plan.matching("checkpoints/") == {"checkpoints/textures.safetensors", "checkpoints/textures.json"}
    assert plan.matching("features/(spectra|gradients)/") == {"features/spectra/textures.safetensors"}
    assert len(plan.matching("features/probes/")) == 5, "the new task's calibration images are new to every checkpoint"
    assert plan.matching("merges/") == {f"merges/{method}/{a}__textures.json" for method in small.METHODS for a in small.TASKS}
    assert not plan.matching("base|heads/(?!textures)")

    grid.run()
    assert len(grid.values(metric)) == 10
    for name, values in before.items():
        now = grid.values(name)
        assert {pair: now[pair] for pair in values} == values, f"{name} of old pairs changed"
    assert all(path.read_bytes() == content for path, content in old.items())
    assert grid.planned().nothing


def test_one_pair_under_one_method_is_a_target_by_itself(root, tmp_path):
    grid = small.Grid.new(root, tmp_path / "grid")
    target = "results/tiny/merges/dare/shapes__digits.json"
    plan = grid.planned(target)
    assert target in plan.outputs
    assert not plan.matching("metrics/|features/|folds/|tables/|merges/weight_avg/")


def test_a_job_runs_the_code_beside_its_snakefile_whatever_is_installed(grid):
    path = grid.folder / "workflow/scripts/mergecast/merging/dare.py"
    path.write_text(path.read_text() + "\nraise RuntimeError('this clone, and no other')\n")
    result = grid.run("results/tiny/merges/dare/shapes__letters.json", check=False)
    assert result.returncode != 0
    assert "RuntimeError: this clone, and no other" in result.stdout + result.stderr


def rows() -> list[tuple[str, list[str]]]:
    tasks = list(small.TASKS)
    return [(task, tasks[:row]) for row, task in enumerate(tasks)]


def only(plan: small.Plan, pattern: str) -> bool:
    """Whether every planned output matches, and there are some."""
    short = {path.removeprefix("results/tiny/") for path in plan.outputs}
    assert short == plan.matching(pattern), sorted(short - plan.matching(pattern))
    return bool(short)


def edit(grid: small.Grid, module: str) -> None:
    """Change a source file without changing what it does."""
    path = grid.folder / "workflow/scripts/mergecast" / module
    path.write_text(path.read_text() + "\n# edited\n")
