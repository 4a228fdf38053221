"""A forecast from covariates, run whole on six small tasks: its features, tables, folds, costs, and what remakes them."""

import json
from copy import deepcopy

import numpy as np
import pandas
import pytest
from safetensors.numpy import load_file

import grid as small
from planner import Planner
from test_nothing_stale import CODE, PAGE, changed, check

TASKS = small.TASKS | {name: ("procedural", f"figure={name} train=120 test=60") for name in ("colours", "counts")}
CONFIG = deepcopy(small.SMALL) | {
    "metrics": ["task_vector_cosine_similarity"],
    "predictors": ["directed_ridge"],
    "targets": ["normalised_accuracy"],
    "splits": {"loto": {"permutations": 3}, "l2to": {"permutations": 3}},
    "subsets": None,
    "analysis": {"predictor": "ridge", "calibration_sizes": []},
    "features": {"images": 8},
    "tile": {"merges": 10, "metrics": 1000, "features": 4},
}
FITTED = ("folds/directed_ridge.json", "nulls/directed_ridge.csv", "tables/frontier.csv", "tables/split_half.csv")


@pytest.fixture(scope="module")
def study(root, tmp_path_factory):
    grid = small.Grid.new(root, tmp_path_factory.mktemp("covariates") / "grid", config(), TASKS)
    grid.run()
    return grid


def config(**keys):
    """The configuration; a predictor of metrics is there for the analyses."""
    return CONFIG | {"predictors": ["directed_ridge", "ridge"]} | keys


@pytest.fixture(scope="module")
def planner(study):
    with Planner(study) as process:
        yield process


def table(study, name):
    return pandas.read_csv(study.setting / f"tables/{name}.csv")


def test_covariates_are_tables_of_tasks_and_of_ordered_pairs(study):
    traits, pairs, library = (table(study, name) for name in ("traits", "pair_traits", "library"))
    assert sorted(traits.task) == sorted(TASKS) and traits.notna().all(axis=None)
    assert {"scaling_0.3", "scaling_confidence_margin_10", "noise_ratio", "length_whole"} <= set(traits.columns)
    for one in (pairs, library):
        assert {(row.kept, row.other) for row in one.itertuples()} == {(a, b) for a in TASKS for b in TASKS if a != b}
        assert one.notna().all(axis=None)
    views = load_file(study.setting / "features/views/shapes.safetensors")
    assert len(views["labels"]) == 8, "as many validation images as the configuration says"
    file = np.load(study.setting / "features/scaling.npz")
    place = list(file["tasks"]).index("shapes")
    assert traits.set_index("task")["scaling_0.3"]["shapes"] == pytest.approx(file["0.3"][place])


def test_the_forecast_is_of_pairs_and_its_intervals_stand_around_it(study):
    folds = json.loads((study.setting / "folds/directed_ridge.json").read_text())["folds"]
    two_out = [fold for fold in folds if fold["split"] == "l2to" and fold["method"] == "dare"]
    assert len(two_out) == 15 and all(len(fold["predictions"]) == 1 for fold in two_out)
    rows = table(study, "intervals")
    assert rows.predicted.notna().all()
    known = rows[rows.lower.notna()]
    assert len(known) and np.allclose((known.lower + known.upper) / 2, known.predicted)


def test_costs_are_counted_from_the_jobs_of_the_run(study):
    timings, frontier = table(study, "timings"), table(study, "frontier")
    views = timings[timings.name == "views"]
    assert [*views.checkpoints] == [4, 2] and [*views.forwards] == [4 * 40, 2 * 40] and (views.seconds > 0).all()
    assert timings[timings.kind == "merge"].merges.sum() == 2 * 15
    assert set(frontier.checkpoints) == {2, 10, 20, 100} and frontier.seconds.notna().all()
    assert "cheaper than measuring" in (study.folder / PAGE).read_text()


def test_plans_are_replayed_on_the_measured_grid_and_groups_wait_for_subsets(study):
    found = table(study, "planner")
    assert set(found.strategy) == {"plan", "largest_gain", "random_order", "best_method", "task_effects", "oracle"}
    assert set(found.forecaster) == {"directed_ridge"}
    mine = found[(found.scope == "task") & (found.split == "l2to")]
    assert (mine.n == 6).all() and (mine.candidates == 10).all() and set(mine.budget) == {1, 2, 5, 10}
    assert (mine.regret[mine.strategy == "oracle"] == 0).all() and (mine.regret >= 0).all()
    assert (study.setting / "figures/planner.svg").exists() and not (study.setting / "tables/planner_groups.csv").exists()


CHANGES = {
    "as many images": (config(), ()),
    "fewer images": (config(features={"images": 6}), ("features/views/", "features/cross_views/", "features/noise.npz")),
    "an optional feature": (config(features={"images": 8, "optional": ["jvp"]}), ("features/jvp.npz", "tables/timings.csv")),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_the_features_makes_them_and_what_follows(study, planner, change):
    keys, roots = CHANGES[change]
    with changed(study.folder, {"config/config.yaml": json.dumps(keys)}):
        check(planner, roots)


@pytest.mark.parametrize(
    "path, old, new, roots",
    [
        ("features/harm.py", "- sure", "- 1.0 * sure", ("features/harm.npz",)),
        ("prediction/predictors/directed_ridge.py", "(1.0, 10.0, 100.0)", "(1.0, 10.0)", FITTED),
        ("prediction/predictors/mixed.py", "(1.0, 10.0)", "(1.0, 20.0)", ("tables/frontier.csv",)),
        ("analysis/interaction/table.py", "1e-9", "1e-8", ("tables/interaction.csv",)),
    ],
)
def test_an_edit_of_what_a_forecast_is_made_of_makes_it_again(study, planner, path, old, new, roots):
    source = study.folder / CODE / path
    text = source.read_text()
    assert old in text
    with changed(study.folder, {f"{CODE}/{path}": text.replace(old, new)}):
        check(planner, roots)


def test_without_a_forecaster_of_covariates_none_is_planned(study):
    with changed(study.folder, {"config/config.yaml": json.dumps(config(predictors=["ridge"]))}):
        plan = study.planned("--forceall")
    assert not plan.matching("features/(views|cross_views|noise)") and not plan.matching("tables/(traits|frontier)")
