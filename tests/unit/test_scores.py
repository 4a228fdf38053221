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
from synthetic import METRICS, OF_DESIGN, TASKS, tables

synthetic = cache(tables)  # never changed in place


def design_of(made, predictor):
    """The design of a predictor for method `tsv` of synthetic tables, tasks in their usual order."""
    tables = {name: made[name] for name in OF_DESIGN}
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
def test_q_squared_around_the_mean_of_the_rows_is_scikit_learns_r_squared(values, seed):
    measured = np.array(values)
    predicted = measured + np.random.default_rng(seed).normal(size=len(measured))
    if np.ptp(measured) > 1e-3:
        level = np.full(len(measured), measured.mean())
        assert scores.q_squared(measured, predicted, level) == pytest.approx(r2_score(measured, predicted))
    assert np.isnan(scores.q_squared(np.full(3, 0.1), np.array([0.1, 0.2, 0.3]), np.full(3, 0.1)))


def test_who_knows_the_training_mean_alone_has_no_centred_r_and_a_q_squared_of_zero():
    """However far the folds' means differ, and though their mean is no exact number."""
    random, pairs = np.random.default_rng(0), list(combinations("abcdef", 2))
    y = random.normal(size=len(pairs)) / 3
    held = []
    for task in "abcdef":
        inside = np.array([task in pair for pair in pairs])
        level = y[~inside].mean() + 1e-17
        held.append(scores.Held(y[inside][:, None], np.full((inside.sum(), 1), y[~inside].mean()), np.array([level])))
    found = scores.of_forecasts(held)
    assert found["q2"][0] == pytest.approx(0, abs=1e-12) and np.isnan(found["centred_r"][0])
    assert found["pooled_r"][0] < -0.3, "pooled r does not have its zero there"


def test_every_forecast_counts_as_it_was_made():
    """Two forecasts of a pair that err to either side are two errors, though their mean is right."""
    measured, level = np.array([[0.5], [0.7], [0.9]]), np.array([0.6])
    one, other = scores.Held(measured, measured + 0.1, level), scores.Held(measured, measured - 0.1, level)
    found = scores.of_forecasts([one, other])
    assert found["mae"][0] == pytest.approx(0.1) and found["q2"][0] == pytest.approx(1 - 0.06 / (2 * 0.11))
    known = np.tile(measured[:, 0], 2) - 0.6
    guess = known + np.repeat([0.1, -0.1], 3)
    assert found["centred_r"][0] == pytest.approx(stats.pearsonr(known, guess).statistic)
    assert found["mean_r"][0] == pytest.approx(1) and found["n_undefined"][0] == 0


@pytest.mark.parametrize("scale", [1e-300, 1e-14, 1.0, 1e14])
def test_what_is_constant_is_so_in_any_unit(scale):
    rounding = np.array([0.3, 0.1 + 0.2, 0.3])
    table = scale * np.column_stack([np.ones(3), rounding, [1, 2, 3], [1, 1, 1 + 1e-9]])
    assert list(constant(table)) == [True, True, False, False]
    assert constant(np.zeros((2, 1))).all()


def test_an_undefined_correlation_says_why():
    assert scores.undefined([0.1, 0.2, 0.4], [0.5, 0.5, 0.5]) == "predictions are constant"
    assert scores.undefined([0.1, 0.2, 0.4], [0.5, 0.5, 0.5 + 1e-16]) == "predictions are constant"
    assert scores.undefined([0.3, 0.3, 0.3], [0.5, 0.6, 0.7]) == "measured values are constant"
    assert scores.undefined([0.3, 0.4], [0.5, 0.6]) == "fewer than three pairs", "r of two is 1 or -1 whatever they are"
    assert scores.undefined([0.3, 0.4, 0.1], [0.5, 0.6, 0.1]) is None
    assert scores.undefined([0.3, 0.4, 0.1], [0.0, 0.0, 0.0]) == "predictions are constant"


def made_fold(task, predictions, predictor="ridge", train_mean=0.6):
    measured, predicted = ([row[key] for row in predictions] for key in ("measured", "predicted"))
    return {
        "method": "tsv", "predictor": predictor, "kind": prediction.kind(predictor), "split": "loto",
        "target": "accuracy", "fold": task, "n_train_pairs": 3, "train_mean": train_mean, "coefficients": {"m": 1.0},
        "hyper_parameters": {}, "predictions": predictions, "scores": scores.of(measured, predicted),
        "undefined": scores.undefined(measured, predicted), "interval": {"half_width": {}},
    }  # fmt: skip


def table_of(found, tasks, **keys):
    """The score table without a null."""
    return forecast.score_table(found, pd.DataFrame(columns=folds.NULLS), forecast.bootstraps(found, tasks, draws=50, **keys))


def pair(a, b, measured, predicted):
    return {"task_a": a, "task_b": b, "measured": measured, "predicted": predicted}


def three(task, others, predicted, **keys):
    """A fold of the pairs of a task with three others."""
    rows = [pair(task, other, y, p) for other, y, p in zip(others, (0.5, 0.7, 0.8), predicted, strict=True)]
    return made_fold(task, rows, **keys)


def test_undefined_folds_are_counted_and_said_not_dropped():
    flat = three("b", "acd", (0.6, 0.6, 0.6))
    found = [three("a", "bcd", (0.4, 0.8, 0.9)), flat]
    row = table_of(found, "abcd").iloc[0]
    r = stats.pearsonr([0.5, 0.7, 0.8], [0.4, 0.8, 0.9]).statistic
    assert (row.n_folds, row.n_undefined, row.sd_r, row.n_forecasts) == (2, 1, 0.0, 6) and row.mean_r == pytest.approx(r)
    table = forecast.folds(found)
    assert list(table.undefined.fillna("")) == ["", "predictions are constant"]
    assert table.pearson.isna().tolist() == [False, True] and table.mae.notna().all()
    nothing = table_of([flat], "abcd").iloc[0]
    assert np.isnan(nothing.mean_r) and nothing.n_undefined == 1 and np.isnan(nothing.centred_r)
    assert nothing.q2 == pytest.approx(0)


def test_a_coefficient_below_zero_counts_as_one():
    folds = [three("a", "bcd", (0.4, 0.8, 0.9)) for _ in range(2)]
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
    known = predictions.measured - predictions.train_mean
    missed = (predictions.measured - predictions.predicted) ** 2
    for row in table_of(found, tasks).itertuples():
        mine = predictions.predictor == row.predictor
        assert row.q2 == pytest.approx(1 - missed[mine].sum() / (known[mine] ** 2).sum()), "the table of predictions suffices"
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
    draws = np.concatenate([np.linspace(0, 0.9, 198), [0.5], [np.nan]])
    found, reached = scores.null(0.5, draws), (np.linspace(0, 0.9, 198) >= 0.5).sum() + 1
    assert found["p"] == pytest.approx((1 + reached) / 201)
    assert found["mean"] == pytest.approx(np.nanmean(draws)) and found["sd"] == pytest.approx(np.nanstd(draws))
    below = np.append(np.full(198, -0.5), np.nan)
    assert scores.null(-0.1, below)["p"] == pytest.approx(2 / 200), "a draw that ranks nothing counts as 0"
    assert scores.null(None, draws)["p"] is None
    assert scores.null(0.5, []) == {"mean": None, "sd": None, "p": None}
    few = scores.null(0.5, draws[:198])
    assert few["p"] is None and few["mean"] is not None, "198 draws are too few for a p"


def test_the_p_of_the_largest_counts_the_draws_in_which_any_reaches_it():
    random = np.random.default_rng(0)
    draws, observed = random.normal(size=(3, 400)), np.array([2.2, 0.5, np.nan])
    largest = draws.max(axis=0)
    wanted = [(1 + (largest >= value).sum()) / 401 for value in observed[:2]]
    found = scores.of_the_largest(observed, draws)
    np.testing.assert_allclose(found[:2], wanted)
    alone = [scores.null(value, of_one)["p"] for value, of_one in zip(observed[:2], draws[:2], strict=True)]
    assert np.isnan(found[2]) and (found[:2] > alone).all()
    assert np.isnan(scores.of_the_largest(observed, draws[:, :198])).all()


def test_the_table_adjusts_over_the_predictors_and_methods_of_a_split_and_leaves_baselines_alone():
    made = synthetic(tasks=6)
    tables = {name: made[name] for name in OF_DESIGN}
    tasks, results, nulls = sorted(made["checkpoints"].task), [], []
    for name in ("ridge", "best_metric", "mse"):
        built = design.build(prediction.inputs(name), ["tsv", "ties"], tasks=tasks, **tables)
        found = folds.run(built, folds.FoldSpec(name, "normalised_accuracy", draws=199))
        results += [fold for method in built.methods for fold in found.folds[method]]
        nulls.append(found.nulls)
    nulls = pd.concat(nulls, ignore_index=True)
    table = forecast.score_table(results, nulls, forecast.bootstraps(results, tasks, draws=20))
    tried = table[table.kind == "predictor"]
    draws = nulls[nulls.predictor != "best_metric"].pivot(index="draw", columns=["predictor", "method"], values="q2")
    for row in tried.itertuples():
        reached = (draws.max(axis=1) >= row.q2 - 1e-12).sum()
        assert row.p_max_q2 == pytest.approx((1 + reached) / 200) and row.p_max_q2 >= row.p_q2
    assert table[table.kind == "baseline"].p_max_q2.isna().all() and table.p_q2.notna().all()


@pytest.mark.parametrize("split", ["loto", "l2to"])
def test_relabelling_renames_the_folds_of_what_knows_tasks_alone_so_every_draw_is_as_good(split):
    """On a complete grid each draw equals what was observed, but for rounding, which must not decide p."""
    made = design_of(synthetic(tasks=6), "task_effects")
    found = folds.run(made, folds.FoldSpec("task_effects", "normalised_accuracy", split, draws=199))
    results = found.folds["tsv"]
    row = forecast.score_table(results, found.nulls, forecast.bootstraps(results, made.tasks, draws=20)).iloc[0]
    assert row.p_q2 == 1 and row.null_q2_sd < 1e-9


def test_a_mean_over_the_few_folds_that_happen_to_be_defined_is_undefined():
    flat = [three(name, others, (0.6, 0.6, 0.6)) for name, others in (("b", "acd"), ("c", "abd"))]
    row = scores.summarise([three("a", "bcd", (0.4, 0.8, 0.9)), *flat])
    assert row["mean_r"] is None and row["sd_r"] is None and (row["n_undefined"], row["n_folds"]) == (2, 3)


@pytest.mark.parametrize(("defined", "mean"), [(0, None), (1, None), (2, 1.0), (4, 1.0)])
def test_the_table_of_scores_and_that_of_refits_have_one_rule_for_folds_without_a_correlation(defined, mean):
    """A forecast of three pairs in four folds, of which the last are constant."""
    pairs, Y = [("a", "b"), ("a", "c"), ("b", "c")], np.array([[0.5], [0.7], [0.9]])
    held = [scores.Held(Y, Y if i < defined else np.full((3, 1), 0.6), np.array([0.6])) for i in range(4)]
    rows = [[pair(*p, y, x) for p, (y,), (x,) in zip(pairs, Y, one.predicted, strict=True)] for one in held]
    found = scores.summarise([made_fold(name, predictions) for name, predictions in zip("abcd", rows, strict=True)])
    refitted = _refit.score_rows(held)[0]
    assert (found["mean_r"], found["mean_spearman"], found["n_undefined"], found["n_folds"]) == (mean, mean, 4 - defined, 4)
    for name, value in refitted.items():
        assert value == pytest.approx(np.nan if found[name] is None else found[name], nan_ok=True), name


def test_a_split_of_single_pairs_has_its_null_in_q_squared_and_the_centred_r():
    made = design_of(synthetic(tasks=6), "ridge")
    found = folds.run(made, folds.FoldSpec("ridge", "normalised_accuracy", "l2to", draws=199))
    results = found.folds["tsv"]
    row = forecast.score_table(results, found.nulls, forecast.bootstraps(results, made.tasks, draws=50)).iloc[0]
    assert np.isnan(row.mean_r) and np.isnan(row.p_mean_r) and row.n_undefined == row.n_folds == row.n_forecasts == 15
    for name in ("q2", "centred_r"):
        assert row[f"null_{name}"] == pytest.approx(found.nulls[name].mean()) and 0 < row[f"p_{name}"] <= 1
        assert row[f"{name}_low"] < row[name] < row[f"{name}_high"]
    assert np.isnan(row.mean_r_low) and row.n_permutations == 199


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


@pytest.mark.parametrize("split", ["loto", "l2to"])
def test_every_task_drawn_once_gives_back_the_scores_themselves(split):
    found = forecast_of(synthetic(tasks=6), "ridge", split=split)
    once = bootstrap.draws(found, TASKS[:6], np.ones((3, 6), dtype=int))
    row = scores.summarise(found)
    for name in bootstrap.SCORES:
        assert once[name] == pytest.approx([np.nan if row[name] is None else row[name]] * 3, nan_ok=True), name


@pytest.mark.parametrize("drawn", [(2, 1, 1, 2, 0, 0), (3, 1, 1, 1, 0, 0), (1, 2, 0, 2, 0, 1)])
def test_a_pair_counts_as_often_as_both_its_tasks_were_drawn_together(drawn):
    """The product of their counts: a pair with a task that was not drawn is not there, however often the other was."""
    tasks, random = TASKS[:6], np.random.default_rng(7)
    count = dict(zip(tasks, drawn, strict=True))
    pairs = [pair(a, b, *random.normal(size=2)) for a, b in combinations(tasks, 2)]
    found = [made_fold(task, [row for row in pairs if task in (row["task_a"], row["task_b"])], train_mean=0.1 * i)
             for i, task in enumerate(tasks)]  # fmt: skip

    def repeated(fold):
        """The rows of a fold, each as often as it was drawn, less the fold's training mean."""
        drawn = [row for row in fold["predictions"] for _ in range(count[row["task_a"]] * count[row["task_b"]])]
        return np.array([[row[key] - fold["train_mean"] for key in ("measured", "predicted")] for row in drawn]).reshape(-1, 2)

    inside = [(count[fold["fold"]], repeated(fold)) for fold in found]
    inside = [(weight, rows) for weight, rows in inside if weight and len(np.unique(rows, axis=0)) > 2]
    inside = [(weight, stats.pearsonr(*rows.T).statistic) for weight, rows in inside]
    y, x = np.concatenate([repeated(fold) for fold in found]).T
    wanted = {
        "mean_r": np.average([r for _, r in inside], weights=[weight for weight, _ in inside]),
        "centred_r": stats.pearsonr(y, x).statistic,
        "q2": 1 - ((y - x) ** 2).sum() / (y**2).sum(),
        "mae": abs(y - x).mean(),
    }
    scored = bootstrap.draws(found, tasks, np.tile(drawn, (3, 1)))
    assert {name: values[0] for name, values in scored.items()} == pytest.approx(wanted)


def test_a_fold_without_a_correlation_has_no_weight_in_the_mean_over_folds():
    tasks, random = TASKS[:6], np.random.default_rng(3)
    pairs = [pair(a, b, *random.normal(size=2)) for a, b in combinations(tasks, 2)]
    found = [made_fold(task, [row for row in pairs if task in (row["task_a"], row["task_b"])]) for task in tasks]
    flat = made_fold(tasks[0], [row | {"predicted": 0.5} for row in found[0]["predictions"]])
    drawn = np.array([[3, 1, 1, 1, 0, 0], [2, 1, 2, 0, 1, 0]])
    with_flat, without = bootstrap.draws([flat, *found[1:]], tasks, drawn), bootstrap.draws(found[1:], tasks, drawn)
    np.testing.assert_allclose(with_flat["mean_r"], without["mean_r"])
    assert np.isfinite(without["mean_r"]).all()


def test_the_interval_holds_the_middle_95_percent_of_the_draws():
    values = np.append(np.arange(100.0), [np.nan] * 50)
    assert bootstrap.interval(values) == pytest.approx(tuple(np.percentile(np.arange(100.0), [2.5, 97.5])))
    assert np.isnan(bootstrap.interval(np.append(np.arange(10.0), [np.nan] * 11))).all(), "undefined in most of the draws"


def test_a_comparison_is_paired_under_the_same_draws_of_tasks():
    """Two forecasts that err alike differ by nothing, however far each depends on the tasks."""
    made = synthetic(tasks=6)
    found = [fold for name in ("ridge", "best_metric") for fold in forecast_of(made, name)]
    twin = [fold | {"predictor": "twin", "kind": "baseline"} for fold in found if fold["predictor"] == "ridge"]
    drawn = forecast.bootstraps([*found, *twin], TASKS[:6], draws=60)
    nothing = pd.DataFrame(columns=folds.NULLS)
    scored = forecast.score_table([*found, *twin], nothing, drawn)
    table = forecast.comparisons(scored, drawn).set_index(["predictor", "rival", "method", "score"])
    assert (table.loc[("ridge", "twin")][["difference", "low", "high"]] == 0).all().all()
    ours, theirs = (drawn[name, kind, "tsv", "loto", "normalised_accuracy"] for name, kind in
                    (("ridge", "predictor"), ("best_metric", "baseline")))  # fmt: skip
    row, wanted = table.loc[("ridge", "best_metric", "tsv", "q2")], ours["q2"] - theirs["q2"]
    assert (row.low, row.high) == pytest.approx(tuple(np.nanpercentile(wanted, [2.5, 97.5])))
    q2 = scored.set_index("predictor").q2
    assert row.difference == pytest.approx(q2["ridge"] - q2["best_metric"])
    every = table.loc[("ridge", "best_metric", "all", "q2")]
    assert every.tolist() == pytest.approx(row.tolist()), "of one method, the mean is that method"
    assert list(forecast.comparisons(scored, drawn).columns) == forecast.COMPARISONS


@pytest.mark.parametrize(("predictor", "target"), [("ridge", "normalised_accuracy"), ("task_effects", "retained"),
                                                   ("extra_trees", "accuracy"), ("l1_pearson", "retained")])  # fmt: skip
def test_another_order_of_the_tasks_changes_no_score(predictor, target):
    made = synthetic(tasks=6)
    tables = {name: made[name] for name in OF_DESIGN}

    def scored(tasks):
        parts = []
        built = design.build(prediction.inputs(predictor), ["tsv", "dare"], target, tasks=sorted(tasks), **tables)
        for split in ("loto", "l2to"):
            found = folds.run(built, folds.FoldSpec(predictor, target, split, draws=3))
            results = forecast.in_order([fold for method in built.methods for fold in found.folds[method]], tasks)
            parts.append(forecast.score_table(results, found.nulls, forecast.bootstraps(results, tasks, draws=20)))
            rows = forecast.predictions(results)
            place = {task: i for i, task in enumerate(tasks)}
            ahead = rows.task_a.map(place) < rows.task_b.map(place)
            assert ahead.all() if target != "retained" else ahead.sum() == len(rows) / 2
        return pd.concat(parts, ignore_index=True)

    names = list(made["checkpoints"].task)
    pd.testing.assert_frame_equal(scored(names), scored(names[::-1]), check_exact=False, rtol=1e-9)


def test_drawn_tasks_keep_their_number():
    drawn = bootstrap.counts(7, 200, seed=2)
    assert drawn.shape == (200, 7) and (drawn.sum(axis=1) == 7).all() and drawn.std() > 0.8


# intervals around forecasts


def test_the_half_width_is_the_right_order_statistic():
    residuals = np.array([[-3.0, 1.0], [1.0, 2.0], [2.0, -3.0], [0.5, 4.0]])
    assert list(intervals.half_width(residuals, 0.8)) == [3.0, 4.0]  # rank ceil(5 * 0.8) = 4
    assert list(intervals.half_width(residuals, 0.6)) == [2.0, 3.0]
    assert np.isinf(intervals.half_width(residuals, 0.9)).all(), "four residuals cannot bound nine of ten"


@pytest.mark.parametrize(("unseen", "quick"), [(1, False), (2, False), (2, True)])
def test_pairs_whose_residuals_count_are_to_the_refit_what_validation_pairs_are_to_the_fold(unseen, quick):
    tasks = list("abcdefghi")
    pairs = list(combinations(tasks, 2))
    asides = intervals.asides(pairs, unseen, quick=quick, seed=4)
    assert len(asides) == {(1, False): 9, (2, False): 19, (2, True): 2}[unseen, quick]
    for fit, held in asides:
        seen = {task for row in fit for task in pairs[row]}
        aside = set(tasks) - seen
        assert len(aside) in ({4, 5} if quick else {unseen}) and len(fit) == len(seen) * (len(seen) - 1) / 2
        assert all(len(set(pairs[row]) - seen) == unseen for row in held)
        assert len(held) == (8 if unseen == 1 else len(aside) * (len(aside) - 1) / 2)
    assert {task for _, held in asides for row in held for task in pairs[row]} == set(tasks)
    both = [pair for a, b in pairs for pair in ((a, b), (b, a))]
    oriented = intervals.asides(both, unseen, quick=quick, seed=4)
    assert [2 * len(held) for _, held in asides] == [len(held) for _, held in oriented]


def test_folds_that_could_make_the_same_refit_do():
    """A fold of two tasks and 19 couples put aside: six folds leave the same tasks."""
    tasks = [f"t{number}" for number in range(16)]
    made = []
    for held in combinations(tasks, 2):
        pairs = [pair for pair in combinations(tasks, 2) if not set(pair) & set(held)]
        for fit, _ in intervals.asides(pairs, 2, seed=4):
            made.append(frozenset(task for row in fit for task in pairs[row]))
    assert len(made) == 19 * 120 and len(set(made)) < len(made) / 3
    assert {len(left) for left in made} == {12}


def test_the_order_of_the_pairs_does_not_decide_what_is_put_aside():
    pairs = list(combinations("abcdefghi", 2))
    for quick in (False, True):
        first = {frozenset(pairs[row] for row in held) for _, held in intervals.asides(pairs, 2, quick=quick, seed=4)}
        turned = pairs[::-1]
        again = {frozenset(turned[row] for row in held) for _, held in intervals.asides(turned, 2, quick=quick, seed=4)}
        other = {frozenset(pairs[row] for row in held) for _, held in intervals.asides(pairs, 2, quick=quick, seed=5)}
        assert first == again != other


def test_a_level_that_so_few_tasks_cannot_support_is_refused_in_words():
    assert intervals.refused(0.9, 9, 72) is None, "nine tasks are just enough"
    assert intervals.refused(0.9, 8, 72) == "8 training tasks support levels up to 0.889"
    assert intervals.refused(0.8, 9, 3) == "3 residuals support levels up to 0.750"


@given(st.integers(1, 60), st.sampled_from([0.5, 0.8, 0.9]))
@settings(max_examples=40, deadline=None)
def test_exchangeable_residuals_are_covered_as_promised(n, level):
    """Exactly: of n + 1 exchangeable values, the last is within the half-width of the others in rank/(n + 1) of orders."""
    values = np.arange(1.0, n + 2)
    held = [values[i] <= intervals.half_width(np.delete(values, i)[:, None], level)[0] for i in range(n + 1)]
    assert level - 1e-9 <= np.mean(held) <= level + 1 / (n + 1) + 1e-9 or np.mean(held) == 1
