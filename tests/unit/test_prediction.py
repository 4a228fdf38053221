"""The forecast: splits, designs, predictors, baselines, scores and their tables."""

import json
from functools import partial
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import linear_model
from sklearn.model_selection import GridSearchCV

from mergecast import prediction
from mergecast.errors import MergecastError
from mergecast.prediction import design, folds, scores, splits
from mergecast.prediction import tables as forecast
from mergecast.prediction._ridge import Ridge
from mergecast.prediction.predictors import l1_pearson
from synthetic import METRICS, TASKS
from synthetic import tables as synthetic

EVERY = tuple(prediction.kinds())
LINEAR = ("l1_pearson", "ridge", "lasso")
BASELINES = {"single_task", "task_effects", "train_mean"}


def grid(n_tasks=8, n_metrics=5, seed=0):
    """Names, pairs, and a design whose target is metric 0 − metric 1 and a little noise."""
    random = np.random.default_rng(seed)
    tasks = tuple(f"task{i}" for i in range(n_tasks))
    pairs = tuple(combinations(tasks, 2))
    X = random.standard_normal((len(pairs), n_metrics)) * 10.0 ** np.arange(-n_metrics, 0) + 3
    Z = (X - X.mean(0)) / X.std(0)
    y = 0.8 + 0.1 * Z[:, 0] - 0.05 * Z[:, 1] + 0.005 * random.standard_normal(len(pairs))
    return design.Design(tasks, pairs, tuple(f"metric{i}" for i in range(n_metrics)), X, y)


def design_of(made, predictor):
    """The design of a predictor for method `tsv` of synthetic tables, tasks in their usual order."""
    tables = {name: made[name] for name in ("merges", "metrics", "checkpoints")}
    tasks = [task for task in TASKS if task in set(made["checkpoints"].task)]
    return design.build(prediction.inputs(predictor), "tsv", tasks=tasks, **tables)


def forecast_of(made, predictor, **keys):
    """Folds of a predictor on synthetic tables."""
    built = design_of(made, predictor)
    return folds.run(built, predictor, method="tsv", target="normalised_accuracy", setting="s", **keys)


def with_numbers(built, X, y):
    """The same design with other numbers."""
    return design.Design(built.tasks, built.pairs, built.features, X, y)


# what there is


def test_every_predictor_and_baseline_is_found_and_says_what_it_is():
    assert set(LINEAR).issubset(n for n in EVERY if prediction.kind(n) == "predictor")
    assert BASELINES.issubset(n for n in EVERY if prediction.kind(n) == "baseline")
    for name in EVERY:
        assert prediction.inputs(name) == prediction.find(name).INPUTS
        assert prediction.inputs(name) in ("metrics", "singles", "tasks")
        assert prediction.summary(name).endswith(".")


def test_an_unknown_predictor_is_met_with_the_closest_name():
    with pytest.raises(MergecastError, match="unknown predictor 'rigde'; did you mean 'ridge'"):
        prediction.find("rigde")
    with pytest.raises(MergecastError, match="did you mean 'penalty'"):
        folds.check("l1_pearson", {"penality": 1.0})
    with pytest.raises(MergecastError, match="'train_mean' has no parameters; remove 'penalty'"):
        folds.check("train_mean", {"penalty": 1.0})
    with pytest.raises(MergecastError, match="unknown split 'lot0'; did you mean 'loto'"):
        splits.find("lot0")


# splits


def test_loto_holds_out_every_pair_of_a_task_and_each_pair_twice():
    tasks = list("abcde")
    pairs = list(combinations(tasks, 2))
    found = list(splits.loto(pairs, tasks))
    assert [fold.held_out for fold in found] == tasks
    for fold in found:
        assert all(fold.held_out in pairs[row] for row in fold.validation)
        assert not any(fold.held_out in pairs[row] for row in fold.train)
        assert sorted([*fold.train, *fold.validation]) == list(range(len(pairs)))
    counts = np.bincount(np.concatenate([fold.validation for fold in found]))
    assert (counts == 2).all()


def test_inner_splits_share_no_task_between_their_halves():
    pairs = list(combinations("dcba", 2))
    found = splits.inner(pairs)
    assert len(found) == 4
    for (train, held), task in zip(found, "abcd", strict=True):
        assert all(task in pairs[row] for row in held) and not any(task in pairs[row] for row in train)


def test_splits_say_what_they_lack():
    with pytest.raises(MergecastError, match="needs 4 tasks or more, there are 3"):
        list(splits.loto(list(combinations("abc", 2)), "abc"))
    with pytest.raises(MergecastError, match="task 'd' is in no pair"):
        list(splits.loto(list(combinations("abc", 2)), "abcd"))
    with pytest.raises(MergecastError, match="every pair has task 'a'"):
        list(splits.loto([("a", "b"), ("a", "c"), ("a", "d")], "abcd"))
    with pytest.raises(MergecastError, match="2 training pairs all share a task"):
        splits.inner([("a", "b"), ("a", "b")])


# designs


def test_a_design_is_what_its_tables_say():
    made = synthetic(tasks=4)
    tasks = list(made["checkpoints"].task)
    give = {"tasks": tasks, **{name: made[name] for name in ("merges", "metrics", "checkpoints")}}
    built = design.build("metrics", "ties", "accuracy", **give)
    assert built.pairs == tuple(combinations(tasks, 2)) and built.features == tuple(sorted(METRICS))
    np.testing.assert_array_equal(built.X, made["metrics"][sorted(METRICS)])
    wanted = made["merges"].query("method == 'ties'").groupby(["task_a", "task_b"], sort=False).accuracy.mean()
    np.testing.assert_allclose(built.y, wanted, rtol=1e-15)
    fine = made["checkpoints"].fine_tuned_accuracy
    singles = design.build("singles", "ties", **give)
    np.testing.assert_allclose(singles.X[:, 0], [(fine[a] + fine[b]) / 2 for a, b in combinations(range(4), 2)])
    indicators = design.build("tasks", "ties", **give)
    assert (indicators.X.sum(axis=1) == 2).all() and (indicators.X.sum(axis=0) == 3).all()


@pytest.mark.parametrize("predictor", EVERY)
def test_no_number_depends_on_the_order_of_rows_columns_or_sides(predictor):
    made = synthetic(tasks=5)
    shuffled = {name: made[name].sample(frac=1, random_state=1) for name in ("merges", "metrics", "checkpoints")}
    shuffled["metrics"] = shuffled["metrics"].rename(columns={"task_a": "task_b", "task_b": "task_a"})
    shuffled["metrics"] = shuffled["metrics"][shuffled["metrics"].columns[::-1]]
    assert forecast_of(made, predictor) == forecast_of(shuffled, predictor)


def broken(name, change):
    """Tables of four tasks of which one is changed."""
    made = synthetic(tasks=4)
    made[name] = change(made[name].copy())
    return made


def with_value(table, row, column, value):
    table[column] = table[column].astype(object)
    table.iloc[row, table.columns.get_loc(column)] = value
    return table


ERRORS = {
    "table metrics: lacks pair shapes__colours .1 in all., which table merges has": ("metrics", lambda t: t[1:]),
    "table merges: lacks pair shapes__colours": (
        "merges", lambda t: t[(t.task_a != "shapes") | (t.task_b != "colours")]),
    "table metrics: pair colours__shapes stands there twice": ("metrics", lambda t: pd.concat([t, t[:1]])),
    "table metrics: pair shapes__colours: effective_rank is missing or not finite": (
        "metrics", lambda t: with_value(t, 0, "effective_rank", np.nan)),
    "table metrics: pair shapes__colours: stable_rank is 'high', no number": (
        "metrics", lambda t: with_value(t, 0, "stable_rank", "high")),
    "table metrics: has no metric": ("metrics", lambda t: t[["task_a", "task_b"]]),
    "table metrics: lacks column 'task_a'": ("metrics", lambda t: t.drop(columns="task_a")),
    "unknown task in table metrics, 'shape'; did you mean 'shapes'": (
        "metrics", lambda t: with_value(t, 0, "task_a", "shape")),
    "table metrics: task 'colours' is paired with itself": ("metrics", lambda t: with_value(t, 0, "task_a", "colours")),
    "table merges: has no row of method 'tsv'": ("merges", lambda t: t[t.method != "tsv"]),
    "table merges: lacks column 'normalised_accuracy'": ("merges", lambda t: t.drop(columns="normalised_accuracy")),
    "method 'tsv', pair shapes__colours: task 'shapes' stands there twice": ("merges", lambda t: pd.concat([t, t])),
    "method 'tsv', pair shapes__colours: task 'digits' is not one of the pair": (
        "merges", lambda t: with_value(t[t.method == "tsv"], 0, "task", "digits")),
    "method 'tsv', pair backgrounds__positions: has no row of one task": (
        "merges", lambda t: t[t.method == "tsv"][:-1]),
    "method 'tsv', pair shapes__colours: normalised_accuracy is missing": (
        "merges", lambda t: with_value(t[t.method == "tsv"], 1, "normalised_accuracy", np.inf)),
}  # fmt: skip


@pytest.mark.parametrize("message", ERRORS)
def test_a_faulty_table_is_named_with_its_fault(message):
    with pytest.raises(MergecastError, match=message) as caught:
        forecast_of(broken(*ERRORS[message]), "ridge")
    assert "\n" not in str(caught.value)


def test_a_missing_task_target_or_table_is_named():
    made = broken("checkpoints", lambda t: t)
    give = {"tasks": list(made["checkpoints"].task), "merges": made["merges"]}
    with pytest.raises(MergecastError, match="table checkpoints: lacks task 'shapes'"):
        design.build("singles", "tsv", checkpoints=made["checkpoints"][1:], **give)
    with pytest.raises(MergecastError, match="table metrics: is needed"):
        design.build("metrics", "tsv", **give)
    with pytest.raises(MergecastError, match="did you mean 'accuracy'"):
        design.build("tasks", "tsv", "acuracy", **give)
    with pytest.raises(MergecastError, match="INPUTS 'pairs' is none of"):
        design.build("pairs", "tsv", **give)


# predictors


def test_l1_pearson_takes_the_steps_torch_takes():
    torch = pytest.importorskip("torch")
    made = grid(seed=3)
    for penalty, limit in ((1.0, 2000), (0.0, 400)):
        model = l1_pearson.L1Pearson(penalty, limit, seed=5).fit(made.X, made.y)
        low, high = made.X.min(0), made.X.max(0)
        x, y = torch.tensor(2 * (made.X - low) / (high - low) - 1), torch.tensor(made.y)
        w = torch.tensor(0.1 * np.random.default_rng(5).standard_normal(5), requires_grad=True)
        optimizer, best, waited, steps = torch.optim.Adam([w], lr=0.01), np.inf, 0, 0
        while steps < limit and waited < 100:
            p, t = x @ w - (x @ w).mean(), y - y.mean()
            loss = penalty * w.abs().sum() - (p * t).sum() / ((p.square().sum() * t.square().sum()).sqrt() + 1e-8)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            best, waited = (loss.item(), 0) if loss.item() < best - 1e-5 else (best, waited + 1)
            steps += 1
        wanted = w.detach().numpy()
        np.testing.assert_allclose(model.weights_, np.where(abs(wanted) < 1e-3, 0, wanted), rtol=1e-6, atol=1e-9)
        assert model.iterations_ == steps
        assert model.slope_ > 0
        line = np.polyfit(x.numpy() @ model.weights_, made.y, 1)
        np.testing.assert_allclose(model.predict(made.X), np.polyval(line, x.numpy() @ model.weights_), rtol=1e-9)


def test_l1_pearson_descends_many_problems_as_it_descends_each():
    random = np.random.default_rng(0)
    X, Y, start = random.standard_normal((4, 30, 6)), random.standard_normal((4, 30)), random.standard_normal((4, 6))
    X, Y = X - X.mean(1, keepdims=True), Y - Y.mean(1, keepdims=True)
    problem = (X.transpose(0, 2, 1) @ X, np.einsum("bnf,bn->bf", X, Y), (Y**2).sum(1), start)
    together, steps = l1_pearson.descend(*problem, 1.0, 2000)
    assert len(set(steps)) > 1
    for b in range(4):
        alone, own = l1_pearson.descend(*(part[b : b + 1] for part in problem), 1.0, 2000)
        np.testing.assert_array_equal(alone[0], together[b])
        assert own[0] == steps[b]


def test_l1_pearson_does_not_feel_the_scale_of_a_metric():
    made = grid()
    factors = 2.0 ** np.array([-60, -20, 0, 20, 60])
    one = l1_pearson.L1Pearson(seed=1).fit(made.X, made.y)
    other = l1_pearson.L1Pearson(seed=1).fit(made.X * factors, made.y)
    np.testing.assert_array_equal(one.predict(made.X), other.predict(made.X * factors))


def test_ridge_is_scikit_learns_grid_search():
    made, strengths = grid(n_tasks=6, seed=1), (0.1, 1.0, 10.0, 100.0)
    X, y = (made.X - made.X.mean(0)) / made.X.std(0), made.y + np.random.default_rng(0).normal(0, 0.1, len(made.y))
    cv = splits.inner(made.pairs)
    ours = Ridge(strengths, cv).fit(X, y)
    search = GridSearchCV(
        linear_model.Ridge(), {"alpha": strengths}, cv=cv, scoring="neg_mean_squared_error"
    ).fit(X, y)  # fmt: skip
    assert ours.alpha_ == search.best_params_["alpha"]
    np.testing.assert_allclose(ours.coef_, search.best_estimator_.coef_, rtol=1e-9)
    np.testing.assert_allclose(ours.predict(X), search.predict(X), rtol=1e-12)


def test_task_effects_give_a_held_out_task_no_effect():
    made = synthetic(tasks=6)
    for fold in forecast_of(made, "task_effects"):
        assert fold["coefficients"][fold["held_out_task"]] == pytest.approx(0, abs=1e-15)
        effect = {task: value for task, value in fold["coefficients"].items() if task != fold["held_out_task"]}
        partner = [set(effect) & {row["task_a"], row["task_b"]} for row in fold["predictions"]]
        predicted = np.array([row["predicted"] for row in fold["predictions"]])
        np.testing.assert_allclose(np.diff(predicted), np.diff([effect[name] for (name,) in partner]), atol=1e-12)


def test_task_effects_recover_additive_tasks():
    made = grid(n_tasks=7)
    effect = dict(zip(made.tasks, np.linspace(-0.2, 0.2, 7), strict=True))
    y = np.array([0.8 + effect[a] + effect[b] for a, b in made.pairs])
    X = np.array([[float(task in pair) for task in made.tasks] for pair in made.pairs])
    result = folds.run(
        design.Design(made.tasks, made.pairs, made.tasks, X, y), "task_effects", method="m", target="accuracy"
    )  # fmt: skip
    for fold in result:
        assert fold["scores"]["pearson"] == pytest.approx(1, abs=1e-6)


def test_the_simple_baselines_are_what_their_names_say():
    made = synthetic(tasks=5)
    fine = dict(zip(made["checkpoints"].task, made["checkpoints"].fine_tuned_accuracy, strict=True))
    for fold in forecast_of(made, "single_task"):
        assert all(r["predicted"] == (fine[r["task_a"]] + fine[r["task_b"]]) / 2 for r in fold["predictions"])
        assert fold["coefficients"] is None
    rows = made["merges"].query("method == 'tsv'")
    for fold in forecast_of(made, "train_mean"):
        held = fold["held_out_task"]
        mean = rows[(rows.task_a != held) & (rows.task_b != held)].normalised_accuracy.mean()
        assert [r["predicted"] for r in fold["predictions"]] == pytest.approx([mean] * 4, rel=1e-12)


@pytest.mark.parametrize("predictor", LINEAR)
def test_a_planted_signal_is_recovered(predictor):
    parameters = {"penalty": 0.0} if predictor == "l1_pearson" else {}  # λ = 1 stops it long before
    for fold in folds.run(grid(n_tasks=9), predictor, method="m", target="accuracy", parameters=parameters):
        assert fold["scores"]["pearson"] > 0.95
        coefficients = fold["coefficients"]
        assert sorted(coefficients, key=lambda name: -abs(coefficients[name]))[:2] == ["metric0", "metric1"]
        assert coefficients["metric0"] > 0 > coefficients["metric1"]


@pytest.mark.parametrize("predictor", LINEAR)
@pytest.mark.filterwarnings("error")
def test_constant_metrics_and_the_fewest_tasks_leave_every_number_finite(predictor):
    made = grid(n_tasks=4)
    X = made.X.copy()
    X[:, 2] = 0.1 + 0.2
    X[:, 3] = [1.0 if made.tasks[0] in pair else 0.0 for pair in made.pairs]
    result = folds.run(
        design.Design(made.tasks, made.pairs, made.features, X, made.y), predictor, method="m", target="accuracy"
    )  # fmt: skip
    json.dumps(result, allow_nan=False)
    assert all(fold["coefficients"].keys() == set(made.features) for fold in result)


def test_strengths_that_are_none_are_refused():
    for strengths in ((), (0.0,), (-1.0, 1.0), ("strong",), (float("nan"),)):
        with pytest.raises(MergecastError, match="key 'strengths'"):
            folds.run(grid(), "ridge", method="m", target="accuracy", parameters={"strengths": strengths})


# honesty


def predicted(fold):
    """The predictions of a fold."""
    return [row["predicted"] for row in fold["predictions"]]


@pytest.mark.parametrize("predictor", EVERY)
def test_what_is_held_out_changes_no_model(predictor):
    """A tripwire: wild numbers in the held-out rows must leave that fold's model, and its choices, as they were."""
    built = design_of(synthetic(tasks=6), predictor)
    seen = ("coefficients", "hyper_parameters", "n_train_pairs")
    run = partial(folds.run, predictor=predictor, method="tsv", target="accuracy")
    before = run(built)
    for number, fold in enumerate(splits.loto(built.pairs, built.tasks)):
        X, y = built.X.copy(), built.y.copy()
        y[fold.validation] = np.linspace(-50, 90, len(fold.validation))
        other = run(with_numbers(built, X, y))[number]
        assert [other[key] for key in seen] == [before[number][key] for key in seen]
        assert predicted(other) == predicted(before[number])
        X[fold.validation] = 1e6 * (1 + np.arange(X[fold.validation].size).reshape(X[fold.validation].shape))
        other = run(with_numbers(built, X, built.y))[number]
        assert [other[key] for key in seen] == [before[number][key] for key in seen]


@pytest.mark.parametrize("predictor", [name for name in EVERY if name != "single_task"])
def test_the_tripwire_catches_a_planted_leak(predictor, monkeypatch):
    """A split that trains on every row must be caught, whatever is fitted."""
    honest = splits.find("loto")

    def leaky(pairs, tasks):
        for fold in honest(pairs, tasks):
            yield splits.Fold(fold.held_out, np.arange(len(pairs)), fold.validation)

    monkeypatch.setitem(splits.SPLITS, "loto", leaky)
    with pytest.raises(AssertionError):
        test_what_is_held_out_changes_no_model(predictor)


@pytest.mark.parametrize("predictor", EVERY)
def test_the_same_names_and_seed_give_the_same_bits(predictor):
    made = synthetic(tasks=5)
    assert forecast_of(made, predictor, seed=3) == forecast_of(made, predictor, seed=3)


def test_the_seed_reaches_the_start_of_l1_pearson():
    made = synthetic(tasks=5)
    assert forecast_of(made, "l1_pearson", seed=3) != forecast_of(made, "l1_pearson", seed=4)


def test_a_fold_does_not_depend_on_its_seed_number_alone_but_on_names():
    made = grid()
    first, second = (folds.run(made, "l1_pearson", method=m, target="accuracy") for m in ("ties", "tsv"))
    assert first[0]["coefficients"] != second[0]["coefficients"]


# scores

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
        "target": "accuracy", "held_out_task": task, "n_train_pairs": 3, "coefficients": {"m": 1.0},
        "hyper_parameters": {}, "predictions": predictions, "scores": scores.of(measured, predicted),
        "undefined": scores.undefined(measured, predicted), "seed": 0, "versions": {},
    }  # fmt: skip


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
    row = forecast.score_table(found).iloc[0]
    assert (row.n_folds, row.n_undefined, row.mean_r, row.sd_r) == (2, 1, 1.0, 0.0)
    table = forecast.folds(found)
    assert list(table.undefined.fillna("")) == ["", "predictions are constant"]
    assert table.pearson.isna().tolist() == [False, True] and table.mae.notna().all()
    nothing = forecast.score_table([flat]).iloc[0]
    assert np.isnan(nothing.mean_r) and nothing.n_undefined == 1 and nothing.pooled_r != nothing.pooled_r


def test_the_standard_deviation_is_that_of_the_population():
    found = forecast_of(synthetic(tasks=6), "ridge")
    values = [fold["scores"]["pearson"] for fold in found]
    row = scores.summarise(found)
    assert row["mean_r"] == pytest.approx(np.mean(values)) and row["sd_r"] == pytest.approx(np.std(values, ddof=0))


# tables


def test_forecast_tables_have_the_promised_columns_and_rows():
    made = synthetic(tasks=5)
    found = [fold for name in ("ridge", "single_task") for fold in forecast_of(made, name)]
    found = json.loads(json.dumps(found, allow_nan=False, sort_keys=True))
    tasks = list(made["checkpoints"].task)
    predictions = forecast.predictions(found)
    assert len(predictions) == 2 * 5 * 4 and list(predictions.columns) == forecast.PREDICTIONS
    assert list(forecast.folds(found).held_out_task) == 2 * tasks
    assert set(forecast.folds(found).n_validation_pairs) == {4} and set(forecast.folds(found).n_train_pairs) == {6}
    coefficients = forecast.coefficients(found)
    assert set(coefficients.predictor) == {"ridge"} and len(coefficients) == 5 * len(METRICS)
    assert list(forecast.score_table(found).predictor) == ["ridge", "single_task"]


def test_correlations_of_metrics_are_scipys_and_keep_the_order_of_the_tables():
    made = synthetic(tasks=6)
    metrics = made["metrics"].assign(flat=0.25)
    table = forecast.correlations(metrics, made["merges"], "normalised_accuracy")
    assert list(table.metric[: len(METRICS) + 1]) == [*METRICS, "flat"]
    assert list(table.method.unique()) == list(made["merges"].method.unique())
    y = made["merges"].query("method == 'dare'").groupby(["task_a", "task_b"], sort=False).normalised_accuracy.mean()
    row = table.query("method == 'dare' and metric == 'spectral_gap'").iloc[0]
    assert row.pearson == pytest.approx(stats.pearsonr(metrics.spectral_gap, y).statistic)
    assert row.spearman == pytest.approx(stats.spearmanr(metrics.spectral_gap, y).statistic)
    assert row.n_pairs == 15 and table[table.metric == "flat"].pearson.isna().all()
