"""Scores of a forecast, their null, their bootstrap, conformal intervals, and the tables made of them."""

import json
from functools import cache
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import r2_score

from mergecast import prediction
from mergecast.analysis import _refit
from mergecast.prediction import bootstrap, design, folds, intervals, scores
from mergecast.prediction import tables as forecast
from mergecast.prediction.columns import constant
from synthetic import METRICS, TASKS, tables

synthetic = cache(tables)  # never changed in place


def design_of(made, predictor):
    """The design of a predictor for method `tsv` of synthetic tables, tasks in their usual order."""
    tables = {name: made[name] for name in ("merges", "metrics", "checkpoints")}
    tasks = [task for task in TASKS if task in set(made["checkpoints"].task)]
    return design.build(prediction.inputs(predictor), ["tsv"], tasks=tasks, **tables)


def forecast_of(made, predictor, **keys):
    """Folds of a predictor on synthetic tables, method `tsv`."""
    return folds.run(design_of(made, predictor), folds.FoldSpec(predictor, "normalised_accuracy", **keys)).folds["tsv"]


# correlations

numbers = st.lists(st.floats(-1e6, 1e6).map(lambda x: round(x, 3)), min_size=3, max_size=30)


@given(numbers, st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_correlations_are_scipys(values, seed):
    x = np.array(values)
    y = np.random.default_rng(seed).permutation(x) + np.random.default_rng(seed + 1).integers(0, 3, len(x))
    if scores.undefined(x, y):
        assert np.ptp(x) <= 1e-12 * abs(x).max() or np.ptp(y) <= 1e-12 * abs(y).max()
        assert scores.pearson(x, y) is None and scores.spearman(x, y) is None
    else:
        assert scores.pearson(x, y) == pytest.approx(stats.pearsonr(x, y).statistic, abs=1e-7)
        assert scores.spearman(x, y) == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-9)


@given(st.lists(st.floats(-10, 10), min_size=2, max_size=12), st.integers(0, 1000))
def test_r_squared_is_scikit_learns(values, seed):
    measured = np.array(values)
    predicted = measured + np.random.default_rng(seed).normal(size=len(measured))
    if np.ptp(measured) > 1e-3:
        assert scores.r_squared(measured, predicted) == pytest.approx(r2_score(measured, predicted))
    assert scores.r_squared(np.full(3, 0.1), [0.1, 0.2, 0.3]) is None


@pytest.mark.parametrize("scale", [1e-300, 1e-14, 1.0, 1e14])
def test_what_is_constant_is_so_in_any_unit(scale):
    rounding = np.array([0.3, 0.1 + 0.2, 0.3])
    table = scale * np.column_stack([np.ones(3), rounding, [1, 2, 3], [1, 1, 1 + 1e-9]])
    assert list(constant(table)) == [True, True, False, False]
    assert constant(np.zeros((2, 1))).all()


def test_an_undefined_correlation_says_why():
    assert scores.undefined([0.1, 0.2], [0.5, 0.5]) == "predictions are constant"
    assert scores.undefined([0.1, 0.2], [0.5, 0.5 + 1e-16]) == "predictions are constant"
    assert scores.undefined([0.3, 0.3], [0.5, 0.6]) == "measured values are constant"
    assert scores.undefined([0.3], [0.5]) == "fewer than two pairs"
    assert scores.undefined([0.3, 0.4], [0.5, 0.6]) is None
    assert scores.undefined([0.3, 0.4], [0.0, 0.0]) == "predictions are constant"


def made_fold(task, predictions, predictor="ridge"):
    measured, predicted = ([row[key] for row in predictions] for key in ("measured", "predicted"))
    return {
        "method": "tsv", "predictor": predictor, "kind": prediction.kind(predictor), "split": "loto",
        "target": "accuracy", "fold": task, "n_train_pairs": 3, "coefficients": {"m": 1.0},
        "hyper_parameters": {}, "predictions": predictions, "scores": scores.of(measured, predicted),
        "undefined": scores.undefined(measured, predicted), "interval": {"centre": None, "half_width": {}},
    }  # fmt: skip


def table_of(found, tasks, **keys):
    """The score table without a null."""
    return forecast.score_table(found, pd.DataFrame(columns=folds.NULLS), list(tasks), draws=50, **keys)


def pair(a, b, measured, predicted):
    return {"task_a": a, "task_b": b, "measured": measured, "predicted": predicted}


def test_each_pair_counts_once_with_the_mean_of_its_predictions():
    found = [
        made_fold("a", [pair("a", "b", 0.5, 0.4), pair("a", "c", 0.7, 0.8)]),
        made_fold("b", [pair("a", "b", 0.5, 0.8), pair("b", "c", 0.9, 0.7)]),
        made_fold("c", [pair("a", "c", 0.7, 0.6), pair("b", "c", 0.9, 0.7)]),
    ]
    once = scores.once(found)
    assert list(zip(once.task_a, once.task_b, strict=True)) == [("a", "b"), ("a", "c"), ("b", "c")]
    assert list(once.predicted) == pytest.approx([0.6, 0.7, 0.7])
    row = scores.summarise(found)
    assert row["n_pairs"] == 3 and row["n_folds"] == 3
    assert row["mae"] == pytest.approx((0.1 + 0 + 0.2) / 3)
    assert row["pooled_r"] == pytest.approx(stats.pearsonr([0.5, 0.7, 0.9], [0.6, 0.7, 0.7]).statistic)


def test_undefined_folds_are_counted_and_said_not_dropped():
    flat = made_fold("b", [pair("a", "b", 0.5, 0.6), pair("b", "c", 0.9, 0.6)])
    found = [made_fold("a", [pair("a", "b", 0.5, 0.4), pair("a", "c", 0.7, 0.8)]), flat]
    row = table_of(found, "abc").iloc[0]
    assert (row.n_folds, row.n_undefined, row.mean_r, row.sd_r) == (2, 1, 1.0, 0.0)
    table = forecast.folds(found)
    assert list(table.undefined.fillna("")) == ["", "predictions are constant"]
    assert table.pearson.isna().tolist() == [False, True] and table.mae.notna().all()
    nothing = table_of([flat], "abc").iloc[0]
    assert np.isnan(nothing.mean_r) and nothing.n_undefined == 1 and nothing.pooled_r != nothing.pooled_r


def test_a_coefficient_below_zero_counts_as_one():
    folds = [made_fold("a", [pair("a", "b", 0.5, 0.4), pair("a", "c", 0.7, 0.8)]) for _ in range(2)]
    folds[0]["coefficients"], folds[1]["coefficients"] = {"m": -1.0, "n": 0.0, "o": 2.0}, {"m": 0.0, "n": 0.0, "o": -3.0}
    assert scores.summarise(folds)["mean_nonzero"] == 1.5
    assert scores.summarise([fold | {"coefficients": None} for fold in folds])["mean_nonzero"] is None


def test_the_standard_deviation_is_that_of_the_population():
    found = forecast_of(synthetic(tasks=6), "ridge")
    values = [fold["scores"]["pearson"] for fold in found]
    row = scores.summarise(found)
    assert row["mean_r"] == pytest.approx(np.mean(values)) and row["sd_r"] == pytest.approx(np.std(values, ddof=0))


# tables


def test_forecast_tables_have_the_promised_columns_and_rows():
    made = synthetic(tasks=5)
    found = [fold for name in ("ridge", "single_task") for fold in forecast_of(made, name, levels=(0.6,))]
    found = json.loads(json.dumps(found, allow_nan=False, sort_keys=True))
    tasks = list(made["checkpoints"].task)
    predictions = forecast.predictions(found)
    assert len(predictions) == 2 * 5 * 4 and list(predictions.columns) == forecast.PREDICTIONS
    assert list(forecast.folds(found).fold) == 2 * tasks
    assert set(forecast.folds(found).n_validation_pairs) == {4} and set(forecast.folds(found).n_train_pairs) == {6}
    coefficients = forecast.coefficients(found)
    assert set(coefficients.predictor) == {"ridge"} and len(coefficients) == 5 * len(METRICS)
    assert list(table_of(found, tasks).predictor) == ["ridge", "single_task"]
    assert list(table_of(found, tasks).columns) == forecast.SCORES
    intervals = forecast.intervals(found)
    assert list(intervals.columns) == forecast.INTERVALS and len(intervals) == 2 * 5 * 4
    coverage = forecast.coverage(found)
    assert list(coverage.columns) == forecast.COVERAGE and list(coverage.n + coverage.n_unbounded) == [20, 20]
    bounded = intervals[intervals.lower.notna()]
    for row in coverage.itertuples():
        mine = bounded[bounded.predictor == row.predictor]
        assert row.n == len(mine) and row.coverage == pytest.approx(mine.covered.mean())
        assert row.mean_width == pytest.approx((mine.upper - mine.lower).mean())
        assert (mine.covered == ((mine.lower <= mine.measured) & (mine.measured <= mine.upper))).all()


# the null


def test_p_counts_the_draws_that_reach_what_was_observed():
    found = scores.null(0.5, [0.1, 0.5, 0.9, np.nan])
    assert found["p"] == pytest.approx((1 + 2) / 5) and (found["n_permutations"], found["null_undefined"]) == (4, 1)
    assert found["null_mean"] == pytest.approx(0.5) and found["null_sd"] == pytest.approx(np.std([0.1, 0.5, 0.9]))
    assert scores.null(-0.1, [np.nan, -0.5])["p"] == pytest.approx(2 / 3), "a draw that ranks nothing counts as 0"
    assert scores.null(None, [0.1])["p"] is None
    nothing = {"null_mean": None, "null_sd": None, "p": None, "n_permutations": 0, "null_undefined": 0}
    assert scores.null(0.5, []) == nothing


@pytest.mark.parametrize("split", ["loto", "l2to"])
def test_relabelling_renames_the_folds_of_what_knows_tasks_alone_so_every_draw_is_as_good(split):
    """On a complete grid each draw equals what was observed, but for rounding, which must not decide p."""
    made = design_of(synthetic(tasks=6), "task_effects")
    found = folds.run(made, folds.FoldSpec("task_effects", "normalised_accuracy", split, draws=20))
    row = forecast.score_table(found.folds["tsv"], found.nulls, made.tasks, draws=20).iloc[0]
    assert row.p == 1 and row.null_sd < 1e-9


def test_a_mean_over_the_few_folds_that_happen_to_be_defined_is_undefined():
    flat = [made_fold(name, [pair("a", "b", 0.5, 0.6), pair("b", "c", 0.9, 0.6)]) for name in "bc"]
    row = scores.summarise([made_fold("a", [pair("a", "b", 0.5, 0.4), pair("a", "c", 0.7, 0.8)]), *flat])
    assert row["mean_r"] is None and row["sd_r"] is None and (row["n_undefined"], row["n_folds"]) == (2, 3)


@pytest.mark.parametrize(("defined", "mean"), [(0, None), (1, None), (2, 1.0), (4, 1.0)])
def test_the_table_of_scores_and_that_of_refits_have_one_rule_for_folds_without_a_correlation(defined, mean):
    """A forecast of three pairs in four folds, of which the last are constant."""
    pairs, Y = [("a", "b"), ("a", "c"), ("b", "c")], np.array([[0.5], [0.7], [0.9]])
    held = [_refit.Held(np.arange(3), Y if i < defined else np.full((3, 1), 0.6)) for i in range(4)]
    rows = [[pair(*p, y, x) for p, (y,), (x,) in zip(pairs, Y, one.predicted, strict=True)] for one in held]
    found = scores.summarise([made_fold(name, predictions) for name, predictions in zip("abcd", rows, strict=True)])
    refitted = _refit.score_rows(Y, held)[0]
    assert (found["mean_r"], found["mean_spearman"], found["n_undefined"], found["n_folds"]) == (mean, mean, 4 - defined, 4)
    for name, value in refitted.items():
        assert value == pytest.approx(np.nan if found[name] is None else found[name], nan_ok=True), name


def test_a_split_of_single_pairs_is_judged_by_its_pooled_r():
    made = design_of(synthetic(tasks=6), "ridge")
    found = folds.run(made, folds.FoldSpec("ridge", "normalised_accuracy", "l2to", draws=5))
    row = forecast.score_table(found.folds["tsv"], found.nulls, made.tasks, draws=50).iloc[0]
    assert row.null_statistic == "pooled_r" and np.isnan(row.mean_r) and row.n_undefined == row.n_folds == 15
    assert row.null_mean == pytest.approx(found.nulls.pooled_r.mean()) and 0 < row.p <= 1 and row.n_permutations == 5
    assert row.pooled_r_low < row.pooled_r < row.pooled_r_high and np.isnan(row.mean_r_low)


# the bootstrap over tasks


def test_a_weighted_correlation_is_that_of_the_pairs_repeated():
    random = np.random.default_rng(0)
    x, y = random.normal(size=(2, 12)) + 5
    weights = random.integers(0, 4, (6, 12))
    wanted = [np.corrcoef(np.repeat(x, row), np.repeat(y, row))[0, 1] for row in weights]
    np.testing.assert_allclose(bootstrap.weighted_pearson(x, y, weights), wanted, atol=1e-12)
    assert np.isnan(bootstrap.weighted_pearson(x, y, np.zeros((1, 12)))).all()
    assert np.isnan(bootstrap.weighted_pearson(np.ones(12), y, weights)).all()
    two = np.zeros((1, 12), dtype=int)
    two[0, :2] = 5
    assert np.isnan(bootstrap.weighted_pearson(x, y, two)).all(), "two pairs always correlate perfectly"


def test_every_task_drawn_once_gives_back_the_scores_themselves():
    found = forecast_of(synthetic(tasks=6), "ridge")
    once = bootstrap.intervals(found, TASKS[:6], np.ones((3, 6), dtype=int))
    row = scores.summarise(found)
    for name in ("mean_r", "pooled_r"):
        assert once[f"{name}_low"] == pytest.approx(row[name]) and once[f"{name}_high"] == pytest.approx(row[name])


@pytest.mark.parametrize("drawn", [(2, 1, 1, 2, 0, 0), (3, 1, 1, 1, 0, 0), (1, 2, 0, 2, 0, 1)])
def test_a_pair_counts_as_often_as_both_its_tasks_were_drawn_together(drawn):
    """The product of their counts: a pair with a task that was not drawn is not there, however often the other was."""
    tasks, random = TASKS[:6], np.random.default_rng(7)
    count = dict(zip(tasks, drawn, strict=True))
    pairs = [pair(a, b, *random.normal(size=2)) for a, b in combinations(tasks, 2)]
    found = [made_fold(task, [row for row in pairs if task in (row["task_a"], row["task_b"])]) for task in tasks]

    def repeated(rows):
        """r of the rows, each as often as it was drawn; NaN under three pairs."""
        drawn = [row for row in rows for _ in range(count[row["task_a"]] * count[row["task_b"]])]
        different = {(row["task_a"], row["task_b"]) for row in drawn}
        x, y = ([row[key] for row in drawn] for key in ("measured", "predicted"))
        return stats.pearsonr(x, y).statistic if len(different) > 2 else np.nan

    inside = [(count[fold["fold"]], repeated(fold["predictions"])) for fold in found]
    inside = [(weight, r) for weight, r in inside if weight and not np.isnan(r)]
    wanted = {
        "mean_r": np.average([r for _, r in inside], weights=[weight for weight, _ in inside]),
        "pooled_r": repeated(pairs),
    }
    ends = bootstrap.intervals(found, tasks, np.tile(drawn, (3, 1)))
    for name, value in wanted.items():
        assert ends[f"{name}_low"] == pytest.approx(value) and ends[f"{name}_high"] == pytest.approx(value), name


def test_the_interval_holds_the_middle_95_percent_of_the_draws():
    found = forecast_of(synthetic(tasks=6), "ridge")
    drawn = bootstrap.counts(6, 20, seed=3)
    each = [bootstrap.intervals(found, TASKS[:6], row[None]) for row in drawn]
    ends = bootstrap.intervals(found, TASKS[:6], drawn)
    for name in ("mean_r", "pooled_r"):
        values = [one[f"{name}_low"] for one in each if one[f"{name}_low"] is not None]
        assert [ends[f"{name}_low"], ends[f"{name}_high"]] == pytest.approx(np.percentile(values, [2.5, 97.5]))


def test_drawn_tasks_keep_their_number():
    drawn = bootstrap.counts(7, 200, seed=2)
    assert drawn.shape == (200, 7) and (drawn.sum(axis=1) == 7).all() and drawn.std() > 0.8


# conformal intervals


def test_the_half_width_is_the_right_order_statistic():
    residuals = np.array([[-3.0, 1.0], [1.0, 2.0], [2.0, -3.0], [0.5, 4.0]])
    assert list(intervals.half_width(residuals, 0.8)) == [3.0, 4.0]  # rank ceil(5 * 0.8) = 4
    assert list(intervals.half_width(residuals, 0.6)) == [2.0, 3.0]
    assert np.isinf(intervals.half_width(residuals, 0.9)).all(), "four residuals cannot bound nine of ten"


@pytest.mark.parametrize("unseen", [1, 2])
def test_calibration_pairs_are_to_the_fitted_ones_what_validation_pairs_are_to_the_fold(unseen):
    tasks = list("abcdefghi")
    pairs = list(combinations(tasks, 2))
    fit, calibrate = intervals.calibration_split(pairs, unseen, seed=4)
    seen = {task for row in fit for task in pairs[row]}
    assert len(seen) == (6 if unseen == 1 else 5) and len(fit) == len(seen) * (len(seen) - 1) / 2
    assert all(len(set(pairs[row]) - seen) == unseen for row in calibrate)
    assert len(calibrate) == (6 * 3 if unseen == 1 else 4 * 3 / 2)


@given(st.integers(1, 60), st.sampled_from([0.5, 0.8, 0.9]))
@settings(max_examples=40, deadline=None)
def test_exchangeable_residuals_are_covered_as_promised(n, level):
    """Exactly: of n + 1 exchangeable values, the last is within the half-width of the others in rank/(n + 1) of orders."""
    values = np.arange(1.0, n + 2)
    held = [values[i] <= intervals.half_width(np.delete(values, i)[:, None], level)[0] for i in range(n + 1)]
    assert level - 1e-9 <= np.mean(held) <= level + 1 / (n + 1) + 1e-9 or np.mean(held) == 1
