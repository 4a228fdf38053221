"""What reruns, and what does not, after one change to a finished grid."""

from copy import deepcopy
from pathlib import Path

import pytest
from safetensors.numpy import load_file

import grid as small

# What follows a change of one metric or method: never fine-tuning, features, merges or other metrics.
DOWNSTREAM = r"tables/|folds/|nulls/|figures/|results/report.html"
# A metric in the words of the tutorial, for a file that holds others.
ANOTHER = '''

@metric(needs=("spectra",))
def largest_change(features: PairFeatures) -> float:
    """How strong the strongest change of any matrix is in either model: 0 for two models that equal the base.

    The largest singular value; at least 0.
    """
    return max(float(spectrum.values[0]) for pair in features.spectra.values() for spectrum in pair)
'''


def changed(**keys) -> dict:
    return deepcopy(small.SMALL) | keys


def test_a_finished_run_is_a_no_op(grid):
    assert grid.planned().nothing


def test_adding_a_metric_runs_that_metric_and_what_depends_on_it(grid):
    grid.write_config(changed(metrics=[*small.METRICS, "weight_space_angle"]))
    plan = grid.planned()
    assert plan.matching("metrics/") == every_pair("metrics/weight_space_angle")
    assert plan.matching("folds/ridge.json"), "the predictor sees another table of metrics"
    assert not plan.matching("(folds|nulls)/(single_task|task_effects|train_mean)"), "they see none"
    assert only(plan, "metrics/weight_space_angle/|" + DOWNSTREAM)


def test_adding_a_method_runs_that_method_and_what_depends_on_it(grid):
    grid.write_config(changed(methods=[*small.METHODS, "ties"]))
    plan = grid.planned()
    assert plan.matching("merges/") == every_pair("merges/ties")
    assert not plan.matching("metrics/|features/|calibration/|tables/(metrics|checkpoints|calibration_metrics).csv")
    assert only(plan, "(merges|subsets)/ties/|" + DOWNSTREAM)


def test_changing_one_methods_parameter_reruns_that_method_only(grid):
    grid.write_config(changed(method_parameters={"dare": {"drop": 0.5}}))
    plan = grid.planned()
    assert plan.matching("merges/") == every_pair("merges/dare")
    assert plan.matching("subsets/") == {f"subsets/dare/{name}.json" for name in ("000", "001")}
    assert only(plan, "(merges|subsets)/dare/|" + DOWNSTREAM)


def test_editing_a_merge_methods_module_reruns_that_method_alone(grid):
    replace(grid, "merging/dare.py", "yield scale /", "yield 1.0 * scale /")
    plan = grid.planned()
    assert plan.matching("merges/") == every_pair("merges/dare")
    assert only(plan, "(merges|subsets)/dare/|" + DOWNSTREAM)


@pytest.mark.parametrize(
    "old, new, reruns",
    [
        ("_overlap(a.left, b.left)", "0.0 + _overlap(a.left, b.left)", True),
        ("a.shape[1] ** 0.5", "a.shape[1] ** (1 / 2)", True),
        ("a.values[:LARGEST]", "a.values[0:LARGEST]", False),
        ("LARGEST = 100", "LARGEST = 99", False),
    ],
    ids=["the metric", "a function it calls", "another metric of its file", "a constant that another one uses"],
)
def test_editing_a_metrics_file_reruns_the_metrics_that_the_edit_concerns(grid, old, new, reruns):
    replace(grid, "metrics/subspace.py", old, new)
    plan = grid.planned()
    assert plan.matching("metrics/") == (every_pair("metrics/subspace_overlap") if reruns else set())
    # The ablation and the page hold the categories and the words of all metrics, asked for or not.
    assert only(
        plan, "metrics/subspace_overlap/|" + DOWNSTREAM if reruns else "tables/ablation.csv|figures/|results/report.html"
    )


def test_adding_a_metric_to_a_file_of_others_computes_that_metric_alone(grid):
    path = source(grid, "metrics/subspace.py")
    path.write_text(path.read_text() + ANOTHER)
    grid.write_config(changed(metrics=[*small.METRICS, "largest_change"]))
    plan = grid.planned()
    assert plan.matching("metrics/") == every_pair("metrics/largest_change")
    assert not plan.matching("tables/calibration_metrics.csv"), "it looks at no image"
    assert only(plan, "metrics/largest_change/|" + DOWNSTREAM)
    grid.run("results/tiny/tables/metrics.csv")
    assert len(grid.values("largest_change")) == 6


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
    replace(grid, "prediction/predictors/ridge.py", "strengths=(0.1,", "strengths=(0.2,")
    plan = grid.planned()
    assert plan.matching("(folds|nulls)/") == {"folds/ridge.json", "nulls/ridge.csv"}
    assert not plan.matching("tables/(checkpoints|metrics|merges|subsets|correlations|greedy|calibration_metrics).csv")
    assert only(plan, r"folds/ridge.json|nulls/ridge.csv|tables/|figures/|results/report.html")


def test_a_directed_headline_plans_no_analysis_that_needs_one_value_a_pair(grid):
    grid.write_config(changed(targets=["retained", "accuracy"]))
    plan = grid.planned()
    assert plan.matching(r"tables/(scores|ablation).csv") == {"tables/scores.csv", "tables/ablation.csv"}
    assert not plan.matching(
        r"tables/(selection|subset_ranking|subset_scores|calibration).csv|figures/(selection|subsets|calibration)"
    )


def test_editing_the_pages_template_remakes_the_page_alone(grid):
    path = grid.folder / "workflow/scripts/mergecast/report/templates/page.css"
    path.write_text(path.read_text() + "\n/* edited */\n")
    assert grid.planned().outputs == {"results/report.html"}


def test_touching_every_source_file_and_commenting_it_reruns_nothing(grid):
    for path in (grid.folder / "workflow").rglob("*.py"):
        path.write_text("# A comment.\n\n" + path.read_text() + "\n# Another.\n")
    assert grid.planned().nothing


def test_tiles_of_checkpoints_hold_the_same_features_and_full_ones_stay(grid):
    made = [f"results/tiny/features/{name}/{task}.safetensors" for name in ("spectra", "probes") for task in small.TASKS]
    table = grid.setting / "tables/calibration_metrics.csv"
    before, further = {path: load_file(grid.folder / path) for path in made}, table.read_bytes()
    for path in (table, *(grid.folder / path for path in made)):
        path.unlink()
    grid.write_config(changed(tile={"merges": 10, "metrics": 1000, "features": 3}))
    grid.run(*made, table.relative_to(grid.folder).as_posix())
    assert table.read_bytes() == further
    for path, tensors in before.items():
        again = load_file(grid.folder / path)
        assert again.keys() == tensors.keys() and all((again[name] == tensors[name]).all() for name in tensors), path
    logs = {path.relative_to(grid.setting / "logs").as_posix() for path in grid.setting.glob("logs/**/digits.log")}
    assert {"spectra/digits.log", "calibration/features/digits.log"} <= logs, "the fourth task is a tile of its own"

    grid.write_tasks(small.TASKS | {"textures": ("procedural", "figure=textures train=120 test=60")})
    planned = {Path(path).stem for path in grid.planned().matching("features/spectra/")}
    assert planned == {"digits", "textures"}, "the last tile was not full; the first is"


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


def every_pair(folder: str) -> set[str]:
    """A file for every pair of the grid."""
    return {f"{folder}/{a}__{b}.json" for b, before in rows() for a in before}


def source(grid: small.Grid, module: str) -> Path:
    return grid.folder / "workflow/scripts/mergecast" / module


def replace(grid: small.Grid, module: str, old: str, new: str) -> None:
    """Edit a source file."""
    path = source(grid, module)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
