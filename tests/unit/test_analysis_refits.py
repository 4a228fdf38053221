"""Analyses that fit anew: category ablation, greedy selection, transfer between settings."""

from itertools import combinations

import numpy as np
import pytest
from sklearn.feature_selection import SequentialFeatureSelector
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import synthetic
from mergecast.analysis import _refit
from mergecast.analysis.ablation import table as ablation
from mergecast.analysis.greedy import table as greedy
from mergecast.analysis.transfer import table as transfer
from mergecast.errors import MergecastError
from mergecast.prediction import folds, scores, splits
from mergecast.prediction.design import Design

CATEGORIES = {"m0": "gradient", "m1": "gradient", "m2": "activation", "m3": "subspace", "m4": "subspace"}


def design(n_tasks=7, n_metrics=5, n_methods=2, noise=0.3, seed=0):
    """Method 0 follows m0, method 1 follows m2 − m3, both with noise; metrics on very different scales."""
    random = np.random.default_rng(seed)
    tasks = tuple("abcdefghij"[:n_tasks])
    pairs = tuple(combinations(tasks, 2))
    Z = random.standard_normal((len(pairs), n_metrics))
    Y = np.column_stack([Z[:, 0], Z[:, 2] - Z[:, 3], *random.standard_normal((n_methods - 2, len(pairs)))])
    Y = 0.8 + 0.1 * (Y + noise * random.standard_normal(Y.shape))
    X = Z * 10.0 ** (np.arange(n_metrics) % 5 - 2) + 3
    return Design(tasks, pairs, tuple(f"m{i}" for i in range(n_metrics)), tuple(f"method{i}" for i in range(n_methods)), X, Y)


def with_numbers(made, X=None, Y=None):
    X, Y = made.X if X is None else X, made.Y if Y is None else Y
    return Design(made.tasks, made.pairs, tuple(f"m{i}" for i in range(X.shape[1])), made.methods, X, Y)


# refits


def test_scores_of_refits_are_those_of_the_score_table():
    made = design()
    found = _refit.forecasts(made, lambda fold, pairs, unseen: LinearRegression())
    rows_of = [fold.validation for fold in splits.loto(made.pairs, made.tasks)]
    for m, row in enumerate(_refit.score_rows(found)):
        folds = []
        for held, places in zip(found, rows_of, strict=True):
            measured, predicted = held.measured[:, m], held.predicted[:, m]
            np.testing.assert_array_equal(measured, made.Y[places, m])
            rows = [
                {"task_a": made.pairs[i][0], "task_b": made.pairs[i][1], "measured": y, "predicted": p}
                for i, y, p in zip(places, measured, predicted, strict=True)
            ]
            folds.append({"predictions": rows, "scores": scores.of(measured, predicted), "coefficients": None,
                          "train_mean": np.delete(made.Y[:, m], places).mean()})  # fmt: skip
        wanted = scores.summarise(folds)
        assert row == pytest.approx({key: wanted[key] for key in _refit.SCORES})


def test_constant_forecasts_are_counted_as_undefined():
    made = design()
    found = [
        scores.Held(made.Y[fold.validation], np.full((6, 2), 0.5), made.Y[fold.train].mean(axis=0))
        for fold in splits.loto(made.pairs, made.tasks)
    ]
    row = _refit.score_rows(found)[0]
    assert (row["n_folds"], row["n_undefined"]) == (7, 7) and np.isnan([row["mean_r"], row["sd_r"]]).all()
    assert row["mae"] == pytest.approx(abs(made.Y[:, 0] - 0.5).mean()) and row["q2"] < 0


# ablation


def ridge(made, columns):
    """Mean over folds of r of each method, by scikit-learn."""
    found = []
    for fold in splits.loto(made.pairs, made.tasks):
        model = make_pipeline(StandardScaler(), Ridge(1.0)).fit(made.X[fold.train][:, columns], made.Y[fold.train])
        predicted = model.predict(made.X[fold.validation][:, columns])
        found.append([np.corrcoef(p, y)[0, 1] for p, y in zip(predicted.T, made.Y[fold.validation].T, strict=True)])
    return np.mean(found, axis=0)


def test_ablation_refits_without_each_category_and_with_it_alone():
    made = design()
    table = ablation.ablation(made, "ridge", CATEGORIES, parameters={"strengths": (1.0,)})
    assert list(table.columns) == ablation.COLUMNS and len(table) == 2 * 7
    assert list(table.method) == ["method0"] * 7 + ["method1"] * 7
    columns = {
        ("all", "all"): [0, 1, 2, 3, 4],
        ("gradient", "without"): [2, 3, 4], ("gradient", "only"): [0, 1],
        ("activation", "without"): [0, 1, 3, 4], ("activation", "only"): [2],
        ("subspace", "without"): [0, 1, 2], ("subspace", "only"): [3, 4],
    }  # fmt: skip
    own = table[table.method == "method1"]
    assert list(zip(own.category, own.kept, strict=True)) == list(columns)
    whole = ridge(made, columns["all", "all"])
    for row in table.itertuples():
        wanted, m = ridge(made, columns[row.category, row.kept]), made.methods.index(row.method)
        assert row.mean_r == pytest.approx(wanted[m]) and row.difference == pytest.approx(wanted[m] - whole[m])
        assert row.n_metrics == len(columns[row.category, row.kept]) and (row.n_folds, row.n_undefined) == (7, 0)
    assert table.set_index(["method", "category", "kept"]).difference["method0", "gradient", "without"] < -0.3


def test_categories_that_hold_nothing_or_everything_are_skipped_and_strangers_are_other():
    made = design()
    one = ablation.ablation(made, "ridge", dict.fromkeys(CATEGORIES, "gradient") | {"x": "activation"})
    assert list(one.kept) == ["all", "all"] and (one.difference == 0).all()
    stranger = ablation.ablation(made, "ridge", {"m0": "gradient"})
    assert list(stranger[stranger.method == "method0"].category) == ["all", "gradient", "gradient", "other", "other"]


def test_ablation_needs_a_predictor_that_learns_from_metrics():
    with pytest.raises(MergecastError, match="'task_effects' does not learn from metrics"):
        ablation.ablation(design(), "task_effects", CATEGORIES)
    with pytest.raises(MergecastError, match="did you mean 'ridge'"):
        ablation.ablation(design(), "rigde", CATEGORIES)
    with pytest.raises(MergecastError, match="did you mean 'strengths'"):
        ablation.ablation(design(), "ridge", CATEGORIES, parameters={"strength": 1.0})


# greedy


def r_of(X, y):
    """The training correlation of a least squares fit; 0 without any column."""
    if not X.shape[1]:
        return 0.0
    return np.corrcoef(make_pipeline(StandardScaler(), LinearRegression()).fit(X, y).predict(X), y)[0, 1]


def forward_by_hand(X, y, least):
    chosen = []
    while rest := [f for f in range(X.shape[1]) if f not in chosen]:
        reached = {f: r_of(X[:, [*chosen, f]], y) for f in rest}
        best = max(reached, key=reached.get)
        if reached[best] - r_of(X[:, chosen], y) < least:
            break
        chosen.append(best)
    return chosen


def reverse_by_hand(X, y, most):
    kept, removed = list(range(X.shape[1])), []
    while len(kept) > 1:
        loss = {f: r_of(X[:, kept], y) - r_of(X[:, [g for g in kept if g != f]], y) for f in kept}
        least = min(loss, key=loss.get)
        if loss[least] > most:
            break
        kept.remove(least)
        removed.append(least)
    return removed


def steps(X, Y, threshold, select):
    """Metrics in the order of their steps, for each target."""
    x, y = (_refit.standardised(values)[0] for values in (X, Y))
    found = select((x.T @ x / len(x))[None], (x.T @ y / len(x))[None], threshold)[0]
    return [[int(f) for f in np.argsort(own) if own[f]] for own in found]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("threshold", [1e-3, 1e-2, 0.1])
def test_closed_forms_take_the_steps_that_refitting_takes(seed, threshold):
    made = design(n_metrics=8, n_methods=4, noise=1.0, seed=seed)
    X = StandardScaler().fit_transform(made.X) @ (np.eye(8) + 0.5 * np.random.default_rng(seed).standard_normal((8, 8)))
    forward, reverse = (steps(X, made.Y, threshold, select) for select in (greedy.forward, greedy.reverse))
    assert forward == [forward_by_hand(X, y, threshold) for y in made.Y.T]
    assert reverse == [reverse_by_hand(X, y, threshold) for y in made.Y.T]


def test_scikit_learns_sequential_selection_takes_the_same_metrics():
    made = design(n_metrics=8, noise=1.0, seed=9)
    every = np.arange(len(made.pairs))
    order = steps(made.X, made.Y, 0.0, greedy.forward)
    for m, size in ((0, 3), (1, 4)):
        search = SequentialFeatureSelector(LinearRegression(), n_features_to_select=size, cv=[(every, every)], scoring="r2")
        assert set(order[m][:size]) == set(search.fit(made.X, made.Y[:, m]).get_support(indices=True))


def test_metrics_that_are_functions_of_others_are_redundant_in_both_directions():
    made = design(noise=0.2)
    X = np.column_stack([made.X, 2 - made.X[:, 0], made.X[:, 2] + 1e3 * made.X[:, 3], np.full(len(made.X), 0.3)])
    for order in steps(X, made.Y, 0.0, greedy.forward):
        assert not {0, 5} <= set(order) and not {2, 3, 6} <= set(order) and 7 not in order
    for order in steps(X, made.Y, 1e-3, greedy.reverse):
        assert {7} < set(order) and {0, 5} & set(order) and {2, 3, 6} & set(order)
    kept = set(range(8)) - set(steps(X, made.Y, 1e-3, greedy.reverse)[0])
    assert len(kept & {0, 5}) == 1 and r_of(X[:, sorted(kept)], made.Y[:, 0]) > r_of(made.X, made.Y[:, 0]) - 5e-3


def test_more_metrics_than_pairs_leave_every_number_finite():
    table, metrics = greedy.greedy(design(n_tasks=4, n_metrics=12))
    assert np.isfinite(table[["mean_r", "q2", "mae"]].to_numpy()).all()
    assert (table.mean_n_metrics >= 1).all() and (table.mean_n_metrics <= 3).all()  # three training pairs a fold
    assert metrics.frequency.between(0, 1).all()


def test_greedy_selects_inside_the_fold_and_is_scored_outside_it():
    made = design()
    table, metrics = greedy.greedy(made, least_gain=0.02, most_loss=0.02)
    assert list(table.columns) == greedy.SCORES and list(metrics.columns) == greedy.METRICS
    assert list(table.direction) == ["forward"] * 2 + ["reverse"] * 2 and list(table.method) == 2 * list(made.methods)
    assert len(metrics) == 2 * 2 * 5
    chosen = {f: [] for f in range(5)}
    predicted = []
    for fold in splits.loto(made.pairs, made.tasks):
        X, y = made.X[fold.train], made.Y[fold.train, 1]
        order = forward_by_hand(X, y, 0.02)
        for rank, f in enumerate(order, start=1):
            chosen[f].append(rank)
        fitted = LinearRegression().fit(X[:, order], y)
        predicted.append(np.corrcoef(fitted.predict(made.X[fold.validation][:, order]), made.Y[fold.validation, 1])[0, 1])
    row = table[(table.direction == "forward") & (table.method == "method1")].iloc[0]
    assert row.mean_r == pytest.approx(np.mean(predicted)) and row.sd_r == pytest.approx(np.std(predicted))
    assert row.mean_n_metrics == pytest.approx(sum(map(len, chosen.values())) / 7)
    own = metrics[(metrics.direction == "forward") & (metrics.method == "method1")].set_index("metric")
    for f, ranks in chosen.items():
        assert own.frequency[f"m{f}"] == pytest.approx(len(ranks) / 7)
        assert own.mean_rank[f"m{f}"] == pytest.approx(np.mean(ranks) if ranks else np.nan, nan_ok=True)
    assert own.frequency[["m2", "m3"]].tolist() == [1, 1]


def test_where_no_metric_gains_enough_none_is_taken_and_reverse_keeps_one():
    table, metrics = greedy.greedy(design(), least_gain=1.0, most_loss=1.0)
    forward, reverse = (table[table.direction == direction] for direction in ("forward", "reverse"))
    assert (forward.mean_n_metrics == 0).all() and (forward.n_undefined == 7).all() and forward.mae.notna().all()
    assert (reverse.mean_n_metrics == 1).all()
    assert metrics[metrics.direction == "forward"].mean_rank.isna().all()
    with pytest.raises(MergecastError, match="key 'least_gain': -1 is no number"):
        greedy.greedy(design(), least_gain=-1)


# transfer


def test_transfer_to_the_same_numbers_is_the_plain_leave_one_task_out():
    made = design()
    table = transfer.transfer({"B16": made, "B32": made}, "ridge", "accuracy", parameters={"strengths": (1.0,)})
    assert list(table.columns) == transfer.COLUMNS and len(table) == 4 * 2
    for m, method in enumerate(made.methods):
        assert table[table.method == method].mean_r.tolist() == pytest.approx([ridge(made, list(range(5)))[m]] * 4)
    assert (table.n_folds == 7).all() and (table.n_tasks == 7).all() and (table.n_metrics == 5).all()
    assert set(table.target) == {"accuracy"} and (table.n_undefined == 0).all()


def test_transfer_takes_what_both_settings_share_whatever_its_order():
    one, two = design(seed=1), design(n_tasks=10, n_methods=3, seed=2)
    order = [4, 0, 3, 1]
    two = Design(
        tuple(reversed(two.tasks)), two.pairs, tuple(two.features[i] for i in order), ("method1", "new", "method0"),
        two.X[:, order], two.Y[:, [1, 2, 0]],
    )  # fmt: skip
    table = transfer.transfer({"one": one, "two": two}, "ridge", "accuracy", parameters={"strengths": (1.0,)})
    rows = table[(table.train_setting == "one") & (table.test_setting == "two")]
    assert list(rows.method) == ["method0", "method1"] and set(rows.n_tasks) == {7} and set(rows.n_metrics) == {4}
    found = []
    columns, target = [0, 1, 3, 4], two.Y[:, 2]
    seen = [set(pair) <= set("abcdefg") for pair in two.pairs]
    left = StandardScaler().fit_transform(one.X[:, columns])
    right = two.X[:, [order.index(c) for c in columns]]
    right = StandardScaler().fit(right[seen]).transform(right)
    for task in one.tasks:
        train = [i for i, pair in enumerate(one.pairs) if task not in pair]
        test = [i for i, pair in enumerate(two.pairs) if task in pair and seen[i]]
        model = make_pipeline(StandardScaler(), Ridge(1.0)).fit(left[train], one.Y[train, 0])
        predicted = model.predict(right[test])
        found.append(np.corrcoef(predicted, target[test])[0, 1])
    assert rows.mean_r.iloc[0] == pytest.approx(np.mean(found)) and rows.sd_r.iloc[0] == pytest.approx(np.std(found))
    reference = table[(table.train_setting == "two") & (table.test_setting == "two")]
    assert set(reference.n_tasks) == {10} and list(reference.method) == ["method1", "new", "method0"]


def test_the_seed_of_a_transfer_is_that_of_the_setting_it_learns_from():
    """`l1_pearson` starts at random."""

    def between(**seeds):
        table = transfer.transfer({"one": design(), "two": design(seed=1)}, "l1_pearson", "accuracy",
                                  parameters={"max_iter": 5}, seeds=seeds)  # fmt: skip
        return table[(table.train_setting == "one") & (table.test_setting == "two")].mean_r.tolist()

    assert between(one=1, two=2) == between(one=1, two=3) != between(one=4, two=2)


def test_transfer_never_trains_on_the_task_it_forecasts():
    made = design()
    held = np.array(["a" in pair for pair in made.pairs])
    seen = []

    class Spy(LinearRegression):
        def fit(self, X, Y):
            seen.append(Y)
            return super().fit(X, Y)

    marked = with_numbers(made, Y=np.where(held[:, None], 1e6, made.Y))
    transfer._fold(marked, marked, "a", lambda fold, pairs: Spy(), "B16", scaled=False)
    assert len(seen) == 1 and (seen[0] < 2).all() and len(seen[0]) == 15


def test_covariates_transfer_in_rows_of_both_orientations_with_the_library_of_their_own_setting():
    """A setting against itself is the plain leave-one-task-out; against another, its own `harm` and its own scale count."""
    parts = synthetic.tables(tasks=6, methods=("tsv", "ties"))
    tables = {name: parts[name] for name in synthetic.OF_DESIGN}
    setting = {"tasks": sorted(parts["checkpoints"].task), "methods": ["tsv", "ties"], "target": "normalised_accuracy",
               "predictor": "ridge", "seed": 0}  # fmt: skip
    other = tables | {"library": tables["library"].assign(harm_log_ratio=3 * tables["library"].harm_log_ratio + 1)}
    found = transfer.make({"one": tables, "two": other}, {"one": setting, "two": setting})["transfer"]
    mine = found[found.predictor == "directed_ridge"].set_index(["train_setting", "test_setting", "method"])
    oriented = transfer._of_covariates(setting, tables)
    for method in setting["methods"]:
        fold_scores = scores.summarise(
            folds.run(oriented, folds.FoldSpec("directed_ridge", "normalised_accuracy", setting="one")).folds[method]
        )
        assert mine.q2["one", "one", method] == pytest.approx(fold_scores["q2"])
        assert mine.q2["one", "two", method] == pytest.approx(mine.q2["two", "one", method]), "another scale is no other thing"
    assert set(found.predictor) == {"ridge", "directed_ridge"}


def test_task_effects_transfer_too_so_that_metrics_have_something_to_beat():
    """Targets that are sums of task effects, on another level in the other setting: what is left is the partner's effect."""
    made = design()
    effect = dict(zip(made.tasks, np.random.default_rng(0).permutation(7) / 20, strict=True))
    X = np.array([[float(task in pair) for task in made.tasks] for pair in made.pairs])
    Y = np.array([[effect[a] + effect[b]] * 2 for a, b in made.pairs])
    one, two = (Design(made.tasks, made.pairs, made.tasks, made.methods, X, level + Y) for level in (0.4, 0.1))
    table = transfer.transfer({"one": one, "two": two}, "task_effects", "accuracy", parameters={"strengths": (1e-3,)})
    assert len(table) == 8 and table.mean_r.tolist() == pytest.approx([1] * 8, abs=1e-6)


def test_settings_with_too_little_in_common_are_left_out():
    one, two = design(), design(n_tasks=10, seed=3)
    names = {task: task if task in "hij" else task.upper() for task in two.tasks}
    two = Design(
        tuple(names.values()), tuple((names[a], names[b]) for a, b in two.pairs), two.features, two.methods, two.X, two.Y
    )
    table = transfer.transfer({"one": one, "two": two}, "ridge", "accuracy", parameters={"strengths": (1.0,)})
    assert set(zip(table.train_setting, table.test_setting, strict=True)) == {("one", "one"), ("two", "two")}
    assert transfer.transfer({}, "ridge", "accuracy").empty
