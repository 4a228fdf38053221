"""The forecaster as a file: what it forecasts, how wide its intervals are, what is written, what is refused."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mergecast
from mergecast import prediction
from mergecast.errors import MergecastError
from mergecast.prediction import design, fitting, folds, forecaster, intervals, splits
from synthetic import OF_DESIGN, tables

METHODS, TARGET, LEVELS = ("tsv", "dare"), "normalised_accuracy", (0.8, 0.9)
synthetic = cache(tables)  # never changed in place


def built(tasks=8, target=TARGET):
    made = synthetic(tasks=tasks)
    names = sorted(made["checkpoints"].task)
    return design.build("traits", METHODS, target, tasks=names, **{name: made[name] for name in OF_DESIGN})


@cache
def fitted(predictor="mixed", tasks=8, splits_=("loto", "l2to")):
    oriented = built(tasks)
    made = [
        fold
        for split in splits_
        for each in folds.run(oriented, folds.FoldSpec(predictor, TARGET, split, "s")).folds.values()
        for fold in each
    ]
    return fitting.fit(oriented, predictor, made, setting="s", target=TARGET, levels=LEVELS, seed=0), oriented, made


def of_design(ours, oriented):
    """The forecaster's columns of the rows of a design."""
    X = oriented.given(np.arange(len(oriented.pairs)))
    return X[:, [oriented.features.index(name) for name in ours.features]]


# what it forecasts


@pytest.mark.parametrize("predictor", ["mixed", "directed_ridge", "weights"])
@pytest.mark.parametrize("case", [0, 1, 2])
def test_it_forecasts_what_the_fitted_model_forecasts(predictor, case):
    ours, oriented, _ = fitted(predictor)
    X = oriented.given(np.arange(len(oriented.pairs)))
    names = {"features": oriented.features, "tasks": oriented.tasks}
    model = folds.make(prediction.find(predictor), oriented.pairs, prediction.parameters(predictor), 2, 0, case, **names)
    expected = model.fit(X, oriented.Y).predict(X)
    np.testing.assert_allclose(ours.predict(of_design(ours, oriented), case), expected, rtol=0, atol=1e-12)


def test_contributions_add_up_to_the_forecast_less_that_of_a_typical_row():
    fitted_, oriented, _ = fitted()
    moved = {**fitted_.arrays, "typical": (fitted_.arrays["typical"] + fitted_.arrays["high"].clip(max=2)) / 2}
    ours = forecaster.Forecaster(fitted_.about, moved)  # with typical values that the forecast does not stand at anyway
    X = of_design(ours, oriented)
    typical = ours.predict(ours.arrays["typical"][None], 2)
    np.testing.assert_allclose(ours.contributions(X, 2).sum(axis=2) + typical, ours.predict(X, 2), atol=1e-12)


def test_a_value_beyond_the_training_range_counts_as_its_end_and_is_said_to_be_outside():
    ours, oriented, _ = fitted()
    X = of_design(ours, oriented)[:1]
    place = ours.features.index(ours.covariates[0])
    end, beyond = X.copy(), X.copy()
    end[0, place], beyond[0, place] = ours.arrays["high"][place], ours.arrays["high"][place] + 7
    np.testing.assert_array_equal(ours.predict(end, 2), ours.predict(beyond, 2))
    assert ours.outside(beyond)[0].tolist() == [number == place for number in range(len(ours.features))]
    assert not ours.outside(of_design(ours, oriented)).any()


def test_a_row_is_nearest_to_itself():
    ours, oriented, _ = fitted()
    distances = ours.distances(of_design(ours, oriented), 2)
    assert (distances.diagonal() == 0).all() and (distances >= 0).all()
    assert (distances.argmin(axis=1) == np.arange(len(distances))).mean() > 0.9  # rows of equal covariates share a place


def test_columns_are_put_together_by_role_and_a_known_checkpoint_has_its_effects():
    ours, oriented, _ = fitted()
    made, (kept, other) = synthetic(tasks=8), oriented.pairs[0]
    traits = made["traits"].set_index("task").to_dict("index")
    pairs = made["pair_traits"].set_index(["kept", "other"]).to_dict("index")
    harm = made["library"].set_index(["kept", "other"])["harm_log_ratio"]
    harms = {task: {"harm_log_ratio": np.mean([harm[c, task] for c in oriented.tasks if c != task])} for task in (kept, other)}
    known = ours.columns([(kept, other)], traits, harms, pairs, {kept: kept, other: other})
    np.testing.assert_allclose(known, of_design(ours, oriented)[:1], rtol=1e-12)
    new = ours.columns([(kept, other)], traits, harms, pairs, {})
    assert all((new[0, place] == 0) == (forecaster.task_of(name) is not None) for place, name in enumerate(ours.features))
    with pytest.raises(MergecastError, match="covariate 'other harm_log_ratio' was not measured"):
        ours.columns([(kept, other)], traits, {}, pairs, {})


# how far it is trusted


def test_half_widths_are_those_of_what_the_folds_missed():
    ours, oriented, made = fitted()
    for case, split in ((1, "loto"), (2, "l2to")):
        for m, method in enumerate(METHODS):
            rows = [row for fold in made if fold["split"] == split and fold["method"] == method for row in fold["predictions"]]
            missed = np.array([[abs(row["measured"] - row["predicted"])] for row in rows])
            assert ours.half_width(case, 0.8)[m] == intervals.half_width(missed, 0.8)[0]
    assert ours.about["scores"]["both tasks unseen"]["n_forecasts"] == 28
    assert ours.about["scores"]["one task unseen"]["n_forecasts"] == 56


def test_levels_that_so_few_tasks_cannot_support_are_refused_in_words():
    ours, _, _ = fitted(tasks=8)
    assert ours.half_width(2, 0.9) is None and "8 training tasks" in ours.about["refused"]["both tasks unseen"]["0.9"]
    assert ours.half_width(2, 0.8) is not None


def test_without_the_folds_of_a_case_its_intervals_are_refused():
    ours, _, _ = fitted(splits_=("loto",))
    assert ours.half_width(2, 0.8) is None and "both tasks unseen" not in ours.about["scores"]
    assert ours.half_width(0, 0.8) is not None


def test_a_pair_that_was_left_out_is_forecast_by_a_model_that_has_not_seen_it():
    """Wild values of one pair change the forecasts of others, and not its own."""
    oriented = built()
    before = fitted()[0].arrays["left_out"]
    row = [number for number, pair in enumerate(oriented.pairs) if {*pair} == {*oriented.pairs[0]}]
    Y = oriented.Y.copy()
    Y[row] += 5
    wild = design.Design(**{**vars(oriented), "Y": Y})
    after = fitting.fit(wild, "mixed", [], setting="s", target=TARGET, levels=LEVELS, seed=0).arrays["left_out"]
    np.testing.assert_array_equal(after[row], before[row])
    assert (after != before).any()


def test_it_wants_oriented_rows_of_a_symmetric_target():
    with pytest.raises(MergecastError, match="has no oriented rows"):
        fitting.fit(built(target="retained"), "mixed", [], setting="s", target="retained", levels=(), seed=0)


# the split by pairs


@settings(max_examples=30, deadline=None)
@given(st.integers(4, 9), st.integers(2, 12), st.integers(0, 3))
def test_groups_of_pairs_leave_out_every_pair_once_and_both_ways_round(tasks, groups, seed):
    names = [f"t{number}" for number in range(tasks)]
    pairs = [(a, b) for a in names for b in names if a != b]
    made = list(splits.pair_groups(pairs, names, groups=groups, seed=seed))
    held = np.concatenate([fold.validation for fold in made])
    assert sorted(held) == list(range(len(pairs))) and len(made) == min(groups, tasks * (tasks - 1) // 2)
    for fold in made:
        outside = {frozenset(pairs[row]) for row in fold.validation}
        assert outside.isdisjoint({frozenset(pairs[row]) for row in fold.train}) and fold.unseen == 0
        assert sorted([*fold.train, *fold.validation]) == list(range(len(pairs)))


def test_too_few_pairs_to_leave_one_out_is_an_error():
    with pytest.raises(MergecastError, match="needs 4 pairs or more"):
        list(splits.pair_groups([("a", "b"), ("b", "c")], "abc"))


# the files


def test_it_is_read_as_it_was_written(tmp_path):
    ours, _, _ = fitted()
    library = {"t1": {"half": np.ones((3, 2), dtype=np.float32), "labels": np.array([0, 1, 1])}}
    forecaster.save(tmp_path, "images", forecaster.Forecaster(ours.about, ours.arrays, library))
    read = forecaster.load(tmp_path, "images")
    assert {name: read.about[name] for name in ours.about} == json.loads(json.dumps(ours.about))
    assert {*read.arrays} == {*ours.arrays}
    for name, array in ours.arrays.items():
        np.testing.assert_array_equal(read.arrays[name], array)
    for name, array in library["t1"].items():
        np.testing.assert_array_equal(read.library["t1"][name], array)
        assert read.library["t1"][name].dtype == array.dtype
    assert sorted(path.name for path in tmp_path.iterdir()) == ["images.json", "images.safetensors"]


def test_reading_and_forecasting_need_numpy_alone(tmp_path):
    ours, oriented, _ = fitted()
    forecaster.save(tmp_path, "images", ours)
    np.save(tmp_path / "X.npy", of_design(ours, oriented))
    np.save(tmp_path / "Y.npy", ours.predict(of_design(ours, oriented), 2))
    code = f"""
import sys
class No:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "sklearn", "scipy", "pandas"):
            raise ImportError(name)
sys.meta_path.insert(0, No())
import numpy as np
from mergecast.prediction import forecaster
ours = forecaster.load({str(tmp_path)!r}, "images")
np.testing.assert_array_equal(ours.predict(np.load({str(tmp_path / "X.npy")!r}), 2), np.load({str(tmp_path / "Y.npy")!r}))
"""
    where = {"PYTHONPATH": str(Path(mergecast.__file__).parents[1])}
    result = subprocess.run([sys.executable, "-c", code], env=where, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def _older(folder):
    about = json.loads((folder / "images.json").read_text())
    (folder / "images.json").write_text(json.dumps(about | {"format": 0}))


def _other_numbers(folder):
    ours, _, _ = fitted("directed_ridge")
    forecaster.save(folder / "other", "images", ours)
    (folder / "images.safetensors").write_bytes((folder / "other" / "images.safetensors").read_bytes())


DAMAGE = {
    "no numbers": (lambda folder: (folder / "images.safetensors").unlink(), "images.safetensors: no such file"),
    "no description": (lambda folder: (folder / "images.json").unlink(), "images.json: no such file"),
    "cut numbers": (
        lambda folder: (folder / "images.safetensors").write_bytes((folder / "images.safetensors").read_bytes()[:99]),
        "images.safetensors: is not a whole safetensors file",
    ),
    "no JSON": (lambda folder: (folder / "images.json").write_text("{"), "images.json: is no whole description"),
    "a list": (lambda folder: (folder / "images.json").write_text("[1]"), "images.json: is no whole description"),
    "lacks a key": (lambda folder: (folder / "images.json").write_text("{}"), "images.json: is no whole description"),
    "another format": (_older, "images.json: has format 0, and this version reads 1"),
    "other numbers": (_other_numbers, "images.safetensors: does not hold the numbers"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_files_are_refused_in_one_line(tmp_path, damage):
    forecaster.save(tmp_path, "images", fitted()[0])
    spoil, message = DAMAGE[damage]
    spoil(tmp_path)
    with pytest.raises(MergecastError) as error:
        forecaster.load(tmp_path, "images")
    assert message in str(error.value) and "\n" not in str(error.value)
