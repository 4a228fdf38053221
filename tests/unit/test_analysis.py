"""Analyses of finished tables: stability, agreement, correlations, merger selection, subset ranking, calibration sizes."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mergecast.analysis import _coefficients
from mergecast.analysis.agreement import table as agreement
from mergecast.analysis.calibration import table as calibration
from mergecast.analysis.correlations import table as correlations
from mergecast.analysis.selection import table as selection
from mergecast.analysis.setting_agreement import table as setting_agreement
from mergecast.analysis.stability import table as stability
from mergecast.analysis.subsets import table as subsets
from mergecast.errors import MergecastError
from mergecast.prediction.design import Design

TARGET = "normalised_accuracy"
TASKS = tuple("abcdef")
PAIRS = tuple(combinations(TASKS, 2))


# coefficients


def coefficients(values, predictor="ridge", method="tsv", target=TARGET):
    """A table from {metric: coefficient in each fold}."""
    rows = [(method, predictor, target, TASKS[i], name, v) for name, found in values.items() for i, v in enumerate(found)]
    return pd.DataFrame(rows, columns=["method", "predictor", "target", "fold", "feature", "coefficient"])


def test_stability_counts_selection_and_signs_over_the_folds():
    table = stability.stability(coefficients({"x": [1.0, -1.0, 0.0, 2.0], "y": [0.0] * 4, "z": [-3.0] * 4}))
    assert list(table.columns) == [
        "predictor", "method", "metric", "selected", "sign_agreement", "mean", "sd", "n_folds",
    ]  # fmt: skip
    x, y, z = table.itertuples(index=False)
    assert (x.metric, x.selected, x.n_folds) == ("x", 0.75, 4)
    assert x.sign_agreement == pytest.approx(2 / 3) and x.mean == 0.5 and x.sd == pytest.approx(np.std([1, -1, 0, 2]))
    assert y.selected == 0 and np.isnan(y.sign_agreement)
    assert (z.selected, z.sign_agreement, z.mean, z.sd) == (1, 1, -3, 0)


def test_stability_is_of_metrics_not_of_task_effects():
    table = pd.concat(
        [coefficients({"x": [1.0]}), coefficients({"a": [1.0]}, "task_effects"), coefficients({"x": [2.0]}, "lasso")]
    )
    assert list(stability.stability(table).predictor) == ["ridge", "lasso"]
    assert list(stability.stability(table, "lasso")["mean"]) == [2.0]


def test_faulty_coefficients_are_named():
    good = coefficients({"x": [1.0, 2.0]})
    with pytest.raises(MergecastError, match="did you mean 'ridge'"):
        stability.stability(good, "rigde")
    with pytest.raises(MergecastError, match="mixes targets normalised_accuracy, accuracy"):
        stability.stability(pd.concat([good, coefficients({"x": [1.0]}, target="accuracy")]))
    with pytest.raises(MergecastError, match="coefficient is missing .*fold 'b'"):
        stability.stability(good.assign(coefficient=[1.0, np.nan]))
    with pytest.raises(MergecastError, match="lacks the column 'feature'"):
        stability.stability(good.drop(columns="feature"))
    with pytest.raises(MergecastError, match="has no row"):
        stability.stability(coefficients({"a": [1.0]}, "task_effects"))


vectors = st.lists(st.tuples(*[st.integers(-5, 5).map(float)] * 2), min_size=2, max_size=12)


@given(vectors)
def test_agreement_is_symmetric_bounded_and_perfect_with_itself(values):
    x, y = (pd.Series(side, index=[f"m{i}" for i in range(len(side))]) for side in zip(*values, strict=True))
    found, back, own = _coefficients.compare(x, y), _coefficients.compare(y, x), _coefficients.compare(x, x)
    np.testing.assert_allclose(list(found.values()), list(back.values()), equal_nan=True, atol=1e-12)
    for name, value in found.items():
        assert np.isnan(value) or (-1 if name == "coefficient_r" else 0) <= value <= 1
    if (x != 0).any():
        assert own["sign_agreement"] == 1 and own["top5_overlap"] == 1
    else:
        assert np.isnan(own["top5_overlap"]) and np.isnan(own["sign_agreement"])
    if len(x) < 3:
        assert np.isnan(found["coefficient_r"]), "r of two is 1 or -1 whatever they are"
    elif np.ptp(x) and np.ptp(y):
        assert found["coefficient_r"] == pytest.approx(stats.pearsonr(x, y).statistic, abs=1e-9)


def test_of_lists_of_unequal_length_the_longer_counts():
    few, many = (pd.Series(values, index=list("abcde"), dtype=float) for values in ([9, -8, 0, 0, 0], [5, 4, 3, -2, 1]))
    assert agreement.compare(few, many)["top5_overlap"] == agreement.compare(many, few)["top5_overlap"] == 2 / 5


def test_agreement_between_methods_is_that_of_mean_coefficients():
    left = {f"m{i}": [i + 1.0, i + 3.0] for i in range(8)}
    right = {f"m{i}": [-2.0 * (i + 2)] * 2 if i != 7 else [0.0, 0.0] for i in range(8)}
    table = agreement.between_methods(pd.concat([coefficients(left, method="tsv"), coefficients(right, method="ties")]))
    assert list(table.columns) == agreement.METHODS
    (row,) = table.itertuples(index=False)
    assert (row.predictor, row.method_a, row.method_b) == ("ridge", "tsv", "ties")
    assert row.top5_overlap == 0.8 and row.sign_agreement == 0  # tops {3…7} and {2…6}
    assert row.coefficient_r == pytest.approx(np.corrcoef(np.arange(8), [-2.0 * (i + 2) * (i != 7) for i in range(8)])[0, 1])


def test_agreement_between_settings_needs_the_method_and_metrics_in_both():
    one = pd.concat([coefficients({"x": [1.0], "y": [2.0], "u": [9.0]}), coefficients({"x": [1.0]}, method="ties")])
    one = pd.concat([one, coefficients({"z": [3.0]})])
    two = coefficients({"v": [-9.0], "y": [4.0], "x": [2.0], "z": [6.0]})
    table = setting_agreement.between_settings({"B16": one, "B32": two})
    assert list(table.columns) == setting_agreement.SETTINGS
    assert table.values.tolist() == [["ridge", "tsv", "B16", "B32", 1.0, 1.0, pytest.approx(1.0)]]
    with pytest.raises(MergecastError, match="setting B32: table coefficients: lacks the column"):
        setting_agreement.between_settings({"B16": one, "B32": two.drop(columns="feature")})


# correlations


def design(n_metrics=3, seed=0, methods=("tsv", "ties")):
    random = np.random.default_rng(seed)
    X, Y = random.standard_normal((len(PAIRS), n_metrics)), random.standard_normal((len(PAIRS), len(methods)))
    return Design(TASKS, PAIRS, tuple(f"m{i}" for i in range(n_metrics)), methods, X, Y)


def with_columns(made, X, Y=None):
    Y = made.Y if Y is None else Y
    return Design(made.tasks, made.pairs, made.features, made.methods, X, Y)


def test_correlations_are_scipys_for_every_method_and_metric():
    made = design()
    table = correlations.correlations(made, count=20)
    assert list(table.columns) == correlations.COLUMNS
    assert list(zip(table.method, table.metric, strict=True)) == [(m, f) for m in made.methods for f in made.features]
    for row in table.itertuples():
        x, y = made.X[:, made.features.index(row.metric)], made.Y[:, made.methods.index(row.method)]
        assert row.pearson == pytest.approx(stats.pearsonr(x, y).statistic)
        assert row.spearman == pytest.approx(stats.spearmanr(x, y).statistic)
        assert row.n_pairs == 15 and 1 / 21 <= row.p <= 1


def test_the_p_of_a_correlation_counts_relabelled_tasks_that_do_as_well():
    made, count = design(seed=3), 99
    random = np.random.default_rng(8)
    place = {frozenset(pair): row for row, pair in enumerate(PAIRS)}
    drawn = np.empty((len(PAIRS), count, 2))
    for n in range(count):
        new = dict(zip(TASKS, random.permutation(TASKS), strict=True))
        drawn[:, n] = made.Y[[place[frozenset((new[a], new[b]))] for a, b in PAIRS]]
    table = correlations.correlations(made, count=count, relabelled=lambda design, n, seed: drawn)
    for row in table.itertuples():
        x, m = made.X[:, made.features.index(row.metric)], made.methods.index(row.method)
        reached = sum(abs(stats.pearsonr(x, drawn[:, n, m]).statistic) >= abs(row.pearson) - 1e-12 for n in range(count))
        assert row.p == pytest.approx((1 + reached) / (1 + count))


def test_a_planted_metric_has_the_least_p_and_a_constant_one_none():
    made = design(methods=("tsv",))
    X = made.X.copy()
    X[:, 0], X[:, 1] = -made.Y[:, 0], 0.1 + 0.2
    table = correlations.correlations(with_columns(made, X), count=50, seed=1).set_index("metric")
    assert table.pearson["m0"] == pytest.approx(-1)
    assert table.p["m0"] <= 3 / 51  # the identity and its mirror images may be drawn
    assert table.loc["m1", ["pearson", "spearman", "p"]].isna().all()
    assert correlations.correlations(made, count=0).p.isna().all()


# merger selection


def predictions(values, predictor="ridge", kind="predictor", pairs=PAIRS, target=TARGET):
    """Leave-one-task-out rows from `values(method, pair) -> (measured, predicted)` of two methods."""
    rows = [
        (method, predictor, kind, target, fold, *pair, *values(method, pair))
        for fold in TASKS for pair in pairs if fold in pair for method in ("ties", "tsv")
    ]  # fmt: skip
    return pd.DataFrame(
        rows, columns=["method", "predictor", "kind", "target", "fold", "task_a", "task_b", "measured", "predicted"]
    )


def measured(method, pair):
    """tsv is the better on average; ties is for pairs with a."""
    return 0.9 if method == "tsv" else (0.95 if "a" in pair else 0.5)


def test_merger_selection_is_paid_by_what_was_chosen():
    oracle = predictions(lambda m, p: (measured(m, p), measured(m, p)), "lasso")
    wrong = predictions(lambda m, p: (measured(m, p), -measured(m, p)), "ridge")
    table = selection.selection(pd.concat([oracle, wrong]))
    assert list(table.columns) == selection.COLUMNS and list(table.predictor) == ["lasso", "ridge"]
    right, wrong = table.itertuples(index=False)
    best = (2 * 5 * 0.95 + 2 * 10 * 0.9) / 30  # each pair is held out twice
    assert (right.hits, right.regret, right.n) == (1, 0, 30)
    assert right.value_chosen == right.value_oracle == pytest.approx(best)
    assert right.value_fixed == pytest.approx(0.9) and right.regret_fixed == pytest.approx(best - 0.9)
    assert wrong.hits == 0 and wrong.value_chosen == pytest.approx((10 * 0.9 + 20 * 0.5) / 30)
    assert wrong.regret == pytest.approx(best - wrong.value_chosen) and wrong.regret_fixed == right.regret_fixed


def test_forecasting_the_training_mean_chooses_the_method_that_is_best_on_average():
    random = np.random.default_rng(0)
    value = {(method, pair): random.uniform(0.8, 1) for method in ("ties", "tsv") for pair in PAIRS}
    table = predictions(lambda m, p: (value[m, p], 0.0), "train_mean", "baseline")
    for fold in TASKS:
        for method in ("ties", "tsv"):
            mean = np.mean([value[method, pair] for pair in PAIRS if fold not in pair])
            table.loc[(table.fold == fold) & (table.method == method), "predicted"] = mean
    (row,) = selection.selection(table).itertuples(index=False)
    assert row.value_chosen == row.value_fixed and row.regret == row.regret_fixed >= 0


def test_of_equal_forecasts_the_first_method_is_chosen_and_equal_results_are_hits():
    (row,) = selection.selection(predictions(lambda m, p: (measured(m, p), 0.7))).itertuples(index=False)
    assert row.value_chosen == pytest.approx((10 * 0.95 + 20 * 0.5) / 30) and row.hits == pytest.approx(1 / 3)
    (row,) = selection.selection(predictions(lambda m, p: (0.7, m == "tsv"))).itertuples(index=False)
    assert (row.hits, row.regret, row.regret_fixed) == (1, 0, 0)


def test_merger_selection_refuses_what_it_cannot_compare():
    good = predictions(lambda m, p: (measured(m, p), 0.5))
    with pytest.raises(MergecastError, match="predictor 'ridge' lacks method 'tsv'.*a__b"):
        selection.selection(good[~((good.method == "tsv") & (good.task_a == "a") & (good.task_b == "b"))])
    with pytest.raises(MergecastError, match="predictor 'lasso' lacks method 'ties'"):
        selection.selection(pd.concat([good, good[good.method == "tsv"].assign(predictor="lasso")]))
    with pytest.raises(MergecastError, match="a__b: method 'ties' stands there twice"):
        selection.selection(pd.concat([good, good.iloc[:1]]))
    with pytest.raises(MergecastError, match="target 'retained' is not one of"):
        selection.selection(good.assign(target="retained"))
    with pytest.raises(MergecastError, match="mixes targets"):
        selection.selection(pd.concat([good, good.assign(target="accuracy")]))
    with pytest.raises(MergecastError, match="predicted is missing"):
        selection.selection(good.assign(predicted=np.nan))


# subsets


def merges(value, methods=("tsv",), pairs=PAIRS):
    """Both tasks of a pair half a step about `value(method, pair)`."""
    rows = [
        (*pair, method, task, value(method, pair) + step, value(method, pair) + step)
        for method in methods for pair in pairs for task, step in zip(pair, (-0.01, 0.01), strict=True)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["task_a", "task_b", "method", "task", "accuracy", TARGET])


def measured_subsets(value, size=3, method="tsv", chosen=None):
    rows = [
        (method, f"{number:03d}", "|".join(tasks), task, value(tasks), value(tasks))
        for number, tasks in enumerate(chosen or combinations(TASKS, size)) for task in tasks
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["method", "subset", "tasks", "task", "accuracy", TARGET])


def forecast(seed=0):
    random = np.random.default_rng(seed)
    value = {pair: random.uniform(0.5, 1) for pair in PAIRS}
    table = predictions(lambda m, p: (0.0, value[p]))
    return table[table.method == "tsv"], value


def of_pairs(value, tasks):
    return np.mean([value[pair] for pair in combinations(sorted(tasks), 2)])


def test_a_subset_scores_the_mean_of_its_pairs_each_once():
    table, value = forecast()
    step = np.where(table.fold == table.task_a, 0.1, -0.1)  # the two folds of a pair forecast differently
    ranks, rows = subsets.ranking(
        table.assign(predicted=table.predicted + step),
        measured_subsets(lambda tasks: 1 - of_pairs(value, tasks), chosen=[("c", "a", "b"), *combinations("bcdef", 3)]),
        merges(lambda method, pair: 0.5 + (pair == ("a", "b"))),
        TARGET,
        n_bootstrap=50,
    )
    assert list(ranks.columns) == subsets.RANKING and list(rows.columns) == subsets.SCORES
    assert list(ranks.kind) == ["predictor", "measured"] and list(ranks.predictor) == ["ridge", "measured_pairs"]
    first, perfect = rows.iloc[0], ranks.iloc[0]
    assert (first.subset, first.tasks) == ("000", "c|a|b")
    assert first.score == pytest.approx(of_pairs(value, "abc")) and first.measured == pytest.approx(1 - first.score)
    assert perfect.spearman == pytest.approx(-1) and perfect.pearson == pytest.approx(-1)
    assert (perfect.n_subsets, perfect.n_pairs_missing, perfect["size"]) == (11, 0, 3)
    assert rows[rows.kind == "measured"].score.tolist() == pytest.approx([0.5 + 1 / 3, *[0.5] * 10])
    best = sorted(rows[rows.kind == "predictor"].score)
    assert perfect.mean_top == pytest.approx(1 - np.mean(best[-2:]))  # a quarter of 11
    assert perfect.mean_bottom == pytest.approx(1 - np.mean(best[:2]))


def test_where_pairs_say_all_the_measured_pairs_rank_perfectly_under_every_draw():
    table, value = forecast(1)
    ranks, _ = subsets.ranking(
        table, measured_subsets(lambda tasks: of_pairs(value, tasks)), merges(lambda method, pair: value[pair]), TARGET
    )
    row = ranks[ranks.kind == "measured"].iloc[0]
    assert [row.spearman, row.spearman_low, row.spearman_high, row.pearson] == pytest.approx([1, 1, 1, 1])


def test_the_interval_is_that_of_subsets_repeated_as_often_as_their_tasks_were_drawn():
    table, value = forecast(2)
    random = np.random.default_rng(5)
    noise = {tasks: random.normal(0, 0.1) for tasks in combinations(TASKS, 3)}
    ranks, rows = subsets.ranking(
        table,
        measured_subsets(lambda tasks: of_pairs(value, tasks) + noise[tasks]),
        merges(lambda method, pair: value[pair]),
        TARGET,
        n_bootstrap=300,
        seed=7,
    )
    rows = rows[rows.kind == "predictor"]
    x, y = stats.rankdata(rows.score), stats.rankdata(rows.measured)
    drawn = subsets.bootstrap.counts(6, 300, seed=subsets.seed_for("subsets", "bootstrap", seed=7))
    found = []
    for counts in drawn:
        times = [int(np.prod([counts[TASKS.index(task)] for task in tasks.split("|")])) for tasks in rows.tasks]
        u, v = np.repeat(x, times), np.repeat(y, times)
        if len(set(u)) > 1 and len(set(v)) > 1:
            found.append(stats.pearsonr(u, v).statistic)
    low, high = np.quantile(found, [0.025, 0.975])
    row = ranks.iloc[0]
    assert (row.spearman_low, row.spearman_high) == (pytest.approx(low, abs=1e-9), pytest.approx(high, abs=1e-9))
    assert row.spearman == pytest.approx(stats.spearmanr(rows.score, rows.measured).statistic)


def test_pairs_without_a_forecast_are_left_out_and_counted():
    table, value = forecast()
    lost = table[~table.task_a.isin(["a"])]  # nothing is forecast with a
    ranks, rows = subsets.ranking(
        lost,
        measured_subsets(lambda tasks: 0.5, chosen=[("a", "b", "c"), ("b", "c", "d"), ("a", "b")]),
        merges(lambda method, pair: 0.5),
        TARGET,
        n_bootstrap=20,
    )
    three, two = (ranks[(ranks.kind == "predictor") & (ranks["size"] == size)].iloc[0] for size in (3, 2))
    assert (three.n_pairs_missing, three.n_subsets, two.n_pairs_missing, two.n_subsets) == (2, 2, 1, 0)
    assert rows.score.iloc[0] == pytest.approx(value["b", "c"]) and np.isnan(rows.score.iloc[2])
    assert np.isnan(three.spearman) and np.isnan(three.spearman_low) and np.isnan(two.mean_top)


def test_subset_ranking_refuses_faulty_tables():
    table, value = forecast()
    found, pairs = measured_subsets(lambda tasks: 0.5), merges(lambda method, pair: 0.5)
    with pytest.raises(MergecastError, match="subset '000': needs one row for each task of a|b|c"):
        subsets.ranking(table, found.iloc[1:], pairs, TARGET)
    with pytest.raises(MergecastError, match="shares no method"):
        subsets.ranking(table, found.assign(method="dare"), pairs, TARGET)
    with pytest.raises(MergecastError, match="target 'retained' is not one of"):
        subsets.ranking(table, found, pairs, "retained")
    with pytest.raises(MergecastError, match="table subsets: accuracy is missing"):
        subsets.ranking(table.assign(target="accuracy"), found.assign(accuracy=np.nan), pairs, "accuracy")


# calibration sizes


def calibration_metrics(columns):
    """A table from {n_images: {metric: values of the pairs}}."""
    parts = [
        pd.DataFrame({"n_images": n, "task_a": [a for a, _ in PAIRS], "task_b": [b for _, b in PAIRS], **values})
        for n, values in columns.items()
    ]
    return pd.concat(parts, ignore_index=True)


def test_calibration_sizes_are_compared_with_the_largest_and_with_the_target():
    random = np.random.default_rng(0)
    few, many, value = random.normal(size=15), random.normal(size=15), dict(zip(PAIRS, random.normal(size=15), strict=True))
    found = calibration.calibration(
        calibration_metrics({20: {"x": many}, 2: {"x": few}}), merges(lambda method, pair: value[pair]), TARGET
    )
    assert list(found.columns) == calibration.COLUMNS and list(found.n_images) == [2, 20]
    row, largest = found.itertuples(index=False)
    assert (row.metric, row.method) == ("x", "tsv")
    assert row.mean == pytest.approx(few.mean()) and row.sd == pytest.approx(few.std())
    assert row.spearman_with_largest == pytest.approx(stats.spearmanr(few, many).statistic)
    assert row.spearman_with_target == pytest.approx(stats.spearmanr(few, list(value.values())).statistic)
    assert largest.spearman_with_largest == 1


def test_calibration_takes_the_pairs_that_are_everywhere():
    random = np.random.default_rng(1)
    few, many = random.normal(size=15), random.normal(size=15)
    table = calibration_metrics({2: {"x": np.where(np.arange(15) == 3, np.nan, few)}, 9: {"x": many}})
    table = table.iloc[random.permutation(30)].rename(columns={"task_a": "task_b", "task_b": "task_a"})  # b__a is a__b
    table = table[~((table.n_images == 9) & (table.task_b == "a") & (table.task_a == "b"))]
    value = dict(zip(PAIRS, random.normal(size=15), strict=True))
    found = calibration.calibration(table, merges(lambda m, p: value[p], pairs=PAIRS[:-1]), TARGET)
    kept = [i for i in range(15) if i not in (0, 3, 14)]
    assert found["mean"].iloc[0] == pytest.approx(few[kept].mean())
    assert found.spearman_with_largest.iloc[0] == pytest.approx(stats.spearmanr(few[kept], many[kept]).statistic)
    assert found["mean"].iloc[1] == pytest.approx(many[1:-1].mean())


def test_calibration_tables_without_a_common_pair_or_with_one_twice_are_refused():
    table, pairs = calibration_metrics({2: {"x": 1.0}}), merges(lambda method, pair: 0.5)
    assert calibration.calibration(table, pairs, TARGET).spearman_with_target.isna().all()
    with pytest.raises(MergecastError, match="x at 2 images has no pair merged with 'tsv'"):
        calibration.calibration(table[:1], pairs[-2:], TARGET)
    with pytest.raises(MergecastError, match="pair a__b stands twice at 2 images"):
        calibration.calibration(pd.concat([table, table[:1]]), pairs, TARGET)
    with pytest.raises(MergecastError, match="has no metric"):
        calibration.calibration(table.drop(columns="x"), pairs, TARGET)
