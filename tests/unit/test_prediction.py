"""The forecast: designs, splits, folds, scores and their tables. Single predictors: test_predictors.py."""

import inspect
import json
from dataclasses import replace
from functools import cache
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from mergecast import prediction
from mergecast.errors import MergecastError
from mergecast.prediction import design, folds, permutations, scores, splits
from synthetic import METRICS, OF_DESIGN, TASKS, tables

synthetic = cache(tables)  # never changed in place

EVERY = tuple(prediction.kinds())
LINEAR = ("l1_pearson", "ridge", "lasso")
BASELINES = {"single_task", "task_effects", "train_mean", "best_metric"}


def grid(n_tasks=8, n_metrics=5, seed=0):
    """A design of one method whose target is metric 0 − metric 1 and a little noise."""
    random = np.random.default_rng(seed)
    tasks = tuple(f"task{i}" for i in range(n_tasks))
    pairs = tuple(combinations(tasks, 2))
    X = random.standard_normal((len(pairs), n_metrics)) * 10.0 ** np.arange(-n_metrics, 0) + 3
    Z = (X - X.mean(0)) / X.std(0)
    Y = (0.8 + 0.1 * Z[:, 0] - 0.05 * Z[:, 1] + 0.005 * random.standard_normal(len(pairs)))[:, None]
    return design.Design(tasks, pairs, tuple(f"metric{i}" for i in range(n_metrics)), ("tsv",), X, Y)


def design_of(made, predictor, target="normalised_accuracy", methods=("tsv",)):
    """The design of a predictor for methods of synthetic tables, tasks in their usual order."""
    tables = {name: made[name] for name in OF_DESIGN}
    tasks = [task for task in TASKS if task in set(made["checkpoints"].task)]
    return design.build(prediction.inputs(predictor), methods, target, tasks=tasks, **tables)


def forecast_of(made, predictor, **keys):
    """Folds of a predictor on synthetic tables, method `tsv`."""
    return folds.run(design_of(made, predictor), folds.FoldSpec(predictor, "normalised_accuracy", setting="s", **keys)).folds[
        "tsv"
    ]


def joint(predictor):
    """Whether it is fitted to all methods together."""
    return "outputs" in inspect.signature(prediction.find(predictor).make).parameters


def with_numbers(built, X, Y):
    """The same design with other numbers."""
    return replace(built, X=X, Y=Y)


# what there is


def test_every_predictor_and_baseline_is_found_and_says_what_it_is():
    assert set(LINEAR).issubset(n for n in EVERY if prediction.kind(n) == "predictor")
    assert BASELINES.issubset(n for n in EVERY if prediction.kind(n) == "baseline")
    for name in EVERY:
        assert prediction.inputs(name) == prediction.find(name).INPUTS
        assert prediction.inputs(name) in design.INPUTS
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
    assert [fold.name for fold in found] == tasks
    for fold in found:
        assert all(fold.name in pairs[row] for row in fold.validation)
        assert not any(fold.name in pairs[row] for row in fold.train)
        assert sorted([*fold.train, *fold.validation]) == list(range(len(pairs)))
        assert fold.unseen == 1
    counts = np.bincount(np.concatenate([fold.validation for fold in found]))
    assert (counts == 2).all()


def test_l2to_trains_on_pairs_with_neither_task_of_the_one_it_forecasts():
    tasks = list("abcde")
    pairs = list(combinations(tasks, 2))
    found = list(splits.l2to(pairs, tasks))
    assert [fold.name for fold in found] == [f"{a}__{b}" for a, b in pairs]
    for fold, pair in zip(found, pairs, strict=True):
        assert [pairs[row] for row in fold.validation] == [pair] and fold.unseen == 2
        assert {pairs[row] for row in fold.train} == set(combinations(sorted(set(tasks) - set(pair)), 2))


def test_disjoint_halves_share_no_task_and_fold_i_is_the_same_however_many_there_are():
    tasks = list("abcdefghi")
    pairs = list(combinations(tasks, 2))
    found = list(splits.disjoint(pairs, tasks, halves=6, seed=3))
    assert [fold.name for fold in found] == ["00", "01", "02", "03", "04", "05"]
    for fold in found:
        learned, scored = ({task for row in rows for task in pairs[row]} for rows in (fold.train, fold.validation))
        assert len(learned) == 5 and len(scored) == 4 and not learned & scored
        assert len(fold.train) == 10 and len(fold.validation) == 6
    fewer = list(splits.disjoint(pairs, tasks, halves=2, seed=3))
    assert all((one.train == other.train).all() for one, other in zip(fewer, found, strict=False))
    assert len({tuple(fold.train) for fold in found}) > 1
    assert any(
        (one.train != other.train).any()
        for one, other in zip(found, splits.disjoint(pairs, tasks, halves=6, seed=4), strict=True)
    )


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
    with pytest.raises(MergecastError, match="split 'l2to': needs 5 tasks or more, there are 4"):
        list(splits.l2to(list(combinations("abcd", 2)), "abcd"))
    with pytest.raises(MergecastError, match="no pair has neither 'a' nor 'b'"):
        list(splits.l2to([("a", "b"), ("a", "c"), ("a", "d"), ("b", "e")], "abcde"))
    with pytest.raises(MergecastError, match="split 'disjoint': needs 8 tasks or more, there are 5"):
        list(splits.disjoint(list(combinations("abcde", 2)), "abcde"))
    with pytest.raises(MergecastError, match="half 0 has 0 pairs to learn from"):
        list(splits.disjoint([("a", "b")], "abcdefgh"))
    with pytest.raises(MergecastError, match="2 training pairs all share a task"):
        splits.inner([("a", "b"), ("a", "b")])


def test_pairs_that_leave_an_inner_split_empty_are_found_before_anything_is_fitted():
    tasks = list("abcde")
    whole = list(combinations(tasks, 2))
    for name in ("loto", "l2to"):
        splits.check(name, whole, tasks)
    sparse = [pair for pair in whole if pair not in (("a", "b"), ("a", "c"))]
    splits.check("loto", sparse, tasks)
    with pytest.raises(MergecastError, match="1 training pairs all share a task"):
        splits.check("l2to", sparse, tasks)


# designs


def test_a_design_is_what_its_tables_say():
    made = synthetic(tasks=4)
    tasks = list(made["checkpoints"].task)
    give = {"tasks": tasks, **{name: made[name] for name in OF_DESIGN}}
    built = design.build("metrics", ("ties", "dare"), "accuracy", **give)
    assert built.pairs == tuple(combinations(tasks, 2)) and built.features == tuple(sorted(METRICS))
    np.testing.assert_array_equal(built.X, made["metrics"][sorted(METRICS)])
    wanted = made["merges"].query("method == 'ties'").groupby(["task_a", "task_b"], sort=False).accuracy.mean()
    np.testing.assert_allclose(built.Y[:, 0], wanted, rtol=1e-15)
    wanted = made["merges"].query("method == 'dare'").groupby(["task_a", "task_b"], sort=False).accuracy.mean()
    np.testing.assert_allclose(built.Y[:, 1], wanted, rtol=1e-15)
    assert built.methods == ("ties", "dare") and not built.directed
    few = built.with_features(["spectral_gap", "stable_rank"])
    np.testing.assert_array_equal(few.X, made["metrics"][["spectral_gap", "stable_rank"]])
    fine = made["checkpoints"].fine_tuned_accuracy
    singles = design.build("checkpoints", ["ties"], **give)
    np.testing.assert_allclose(singles.X[:, 0], [(fine[a] + fine[b]) / 2 for a, b in combinations(range(4), 2)])
    indicators = design.build("tasks", ["ties"], **give)
    assert (indicators.X.sum(axis=1) == 2).all() and (indicators.X.sum(axis=0) == 3).all()


def test_a_directed_target_is_what_the_merge_keeps_of_one_task():
    made = synthetic(tasks=4)
    tasks = list(made["checkpoints"].task)
    pairs = list(combinations(tasks, 2))
    value = made["merges"].query("method == 'ties'").set_index(["task_a", "task_b", "task"]).normalised_accuracy
    ratio = "task_vector_magnitude_ratio"
    directed = pd.DataFrame([(a, b, ratio, 0.1 * row) for row, (a, b) in enumerate(pairs)],
                            columns=["task_a", "task_b", "metric", "value"])  # fmt: skip
    give = {"tasks": tasks, "directed": directed, **{name: made[name] for name in OF_DESIGN}}
    built = design.build("metrics", ["ties"], "retained", **give)
    assert built.directed and built.pairs == tuple(way for a, b in pairs for way in ((a, b), (b, a)))
    np.testing.assert_array_equal(built.Y[:, 0], [value[(*sorted(way, key=tasks.index), way[0])] for way in built.pairs])
    column = built.features.index(ratio)
    np.testing.assert_allclose(built.X[::2, column], 0.1 * np.arange(6))
    np.testing.assert_allclose(built.X[1::2, column], -0.1 * np.arange(6))
    rest = [place for place in range(len(built.features)) if place != column]
    for way in (slice(0, None, 2), slice(1, None, 2)):
        np.testing.assert_array_equal(built.X[way][:, rest], made["metrics"][[built.features[place] for place in rest]])
    fine = dict(zip(tasks, made["checkpoints"].fine_tuned_accuracy, strict=True))
    assert list(design.build("checkpoints", ["ties"], "retained", **give).X[:, 0]) == [fine[kept] for kept, _ in built.pairs]
    roles = design.build("tasks", ["ties"], "retained", **give)
    assert roles.features[:4] == tuple(f"kept {task}" for task in tasks)
    assert [roles.features[column] for column in np.flatnonzero(roles.X[1])] == [f"kept {tasks[1]}", f"other {tasks[0]}"]
    turned = directed.rename(columns={"task_a": "task_b", "task_b": "task_a"}).assign(value=-directed.value)
    np.testing.assert_array_equal(design.build("metrics", ["ties"], "retained", **give | {"directed": turned}).X, built.X)
    with pytest.raises(MergecastError, match="table directed: metric 'task_vector_magnitude_ratio' lacks pair"):
        design.build("metrics", ["ties"], "retained", **give | {"directed": directed[1:]})


def test_the_symmetric_target_is_the_mean_of_both_ways_round():
    made = synthetic(tasks=4)
    give = {"tasks": list(made["checkpoints"].task), "merges": made["merges"]}
    both, one = (design.build("tasks", ["ties"], target, **give) for target in ("retained", "normalised_accuracy"))
    np.testing.assert_allclose(one.Y, (both.Y[::2] + both.Y[1::2]) / 2, rtol=1e-15)


def test_a_pair_both_ways_round_is_held_out_together():
    tasks = list("abcdef")
    pairs = [way for a, b in combinations(tasks, 2) for way in ((a, b), (b, a))]
    found = list(splits.l2to(pairs, tasks))
    assert len(found) == 15 and all(len(fold.validation) == 2 for fold in found)
    for fold in found:
        (a, b), other = (pairs[row] for row in fold.validation)
        assert other == (b, a) and fold.name == f"{a}__{b}" and not {a, b} & {task for row in fold.train for task in pairs[row]}


def test_where_two_tasks_are_unseen_inner_splits_leave_two_out():
    pairs = list(combinations("edcba", 2))
    found = splits.inner(pairs, unseen=2)
    assert len(found) == 10
    for train, held in found:
        (row,) = held
        assert not set(pairs[row]) & {task for other in train for task in pairs[other]} and len(train) == 3
    few = list(combinations("abcd", 2))
    assert [list(map(list, split)) for split in splits.inner(few, unseen=2)] == [
        list(map(list, split)) for split in splits.inner(few)
    ], "of four tasks too little would be left"


@pytest.mark.parametrize(("split", "unseen"), [("loto", 1), ("l2to", 2), ("disjoint", 2)])
def test_a_strength_is_chosen_by_the_question_of_the_fold(split, unseen, monkeypatch):
    asked = []
    real = splits.inner
    monkeypatch.setattr(splits, "inner", lambda pairs, unseen=1: asked.append(unseen) or real(pairs, unseen))
    options = {"halves": 2} if split == "disjoint" else {}
    folds.run(grid(n_tasks=8), folds.FoldSpec("ridge", "accuracy", split, options=options))
    assert set(asked) == {unseen}


@pytest.mark.parametrize("predictor", EVERY)
def test_no_number_depends_on_the_order_of_rows_columns_or_sides(predictor):
    made = synthetic(tasks=5)
    shuffled = {name: made[name].sample(frac=1, random_state=1) for name in OF_DESIGN}
    for name in ("traits", "pair_traits", "library"):
        shuffled[name] = shuffled[name][shuffled[name].columns[::-1]]
    shuffled["metrics"] = shuffled["metrics"].rename(columns={"task_a": "task_b", "task_b": "task_a"})
    shuffled["metrics"] = shuffled["metrics"][shuffled["metrics"].columns[::-1]]
    assert forecast_of(made, predictor) == forecast_of(shuffled, predictor)


def broken(name, change):
    """Tables of four tasks of which one is changed."""
    made = synthetic(tasks=4)
    return made | {name: change(made[name].copy())}


def with_value(table, row, column, value):
    table[column] = table[column].astype(object)
    table.iloc[row, table.columns.get_loc(column)] = value
    return table


def test_a_pair_with_metrics_that_was_not_merged_is_passed_over():
    made = synthetic()
    merged = made["merges"][(made["merges"].task_a != "shapes") | (made["merges"].task_b != "colours")]
    options = {"tasks": list(made["checkpoints"].task), "metrics": made["metrics"]}
    whole, without = (design.build("metrics", ("tsv",), merges=table, **options) for table in (made["merges"], merged))
    rows = [row for row, pair in enumerate(whole.pairs) if set(pair) != {"shapes", "colours"}]
    assert without.pairs == tuple(whole.pairs[row] for row in rows)
    np.testing.assert_array_equal(without.X, whole.X[rows])


ERRORS = {
    "table metrics: lacks pair shapes__colours .1 in all., which table merges has": ("metrics", lambda t: t[1:]),
    "table metrics: pair colours__shapes stands there twice": ("metrics", lambda t: pd.concat([t, t[:1]])),
    "table metrics: pair shapes__colours: effective_rank is missing or not finite": (
        "metrics", lambda t: with_value(t, 0, "effective_rank", np.nan)),
    "table metrics: pair shapes__colours: stable_rank is 'high', no number": (
        "metrics", lambda t: with_value(t, 0, "stable_rank", "high")),
    "table metrics: has no metric": ("metrics", lambda t: t[["task_a", "task_b"]]),
    "table metrics: lacks the column 'task_a'": ("metrics", lambda t: t.drop(columns="task_a")),
    "table metrics: lacks pair shapes__colours .1 in all., which table merges has; make it": (
        "metrics", lambda t: with_value(t, 0, "task_a", "shape")),
    "table metrics: task 'colours' is paired with itself": ("metrics", lambda t: with_value(t, 0, "task_a", "colours")),
    "table merges: has no row of method 'tsv'": ("merges", lambda t: t[t.method != "tsv"]),
    "table merges: lacks the column 'normalised_accuracy'": ("merges", lambda t: t.drop(columns="normalised_accuracy")),
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
        design.build("checkpoints", ["tsv"], checkpoints=made["checkpoints"][1:], **give)
    with pytest.raises(MergecastError, match="table metrics: is needed"):
        design.build("metrics", ["tsv"], **give)
    with pytest.raises(MergecastError, match="did you mean 'accuracy'"):
        design.build("tasks", ["tsv"], "acuracy", **give)
    with pytest.raises(MergecastError, match="INPUTS 'pairs' is none of"):
        design.build("pairs", ["tsv"], **give)


# what the simple ones forecast


def test_task_effects_give_a_held_out_task_no_effect():
    made = synthetic(tasks=6)
    for fold in forecast_of(made, "task_effects"):
        assert fold["coefficients"][fold["fold"]] == pytest.approx(0, abs=1e-15)
        effect = {task: value for task, value in fold["coefficients"].items() if task != fold["fold"]}
        partner = [set(effect) & {row["task_a"], row["task_b"]} for row in fold["predictions"]]
        predicted = np.array([row["predicted"] for row in fold["predictions"]])
        np.testing.assert_allclose(np.diff(predicted), np.diff([effect[name] for (name,) in partner]), atol=1e-12)


def test_task_effects_recover_additive_tasks():
    made = grid(n_tasks=7)
    effect = dict(zip(made.tasks, np.linspace(-0.2, 0.2, 7), strict=True))
    y = np.array([0.8 + effect[a] + effect[b] for a, b in made.pairs])
    X = np.array([[float(task in pair) for task in made.tasks] for pair in made.pairs])
    built = replace(with_numbers(made, X, y[:, None]), features=made.tasks)
    for fold in folds.run(built, folds.FoldSpec("task_effects", "accuracy")).folds["tsv"]:
        assert fold["scores"]["pearson"] == pytest.approx(1, abs=1e-6)


def test_the_simple_baselines_are_what_their_names_say():
    made = synthetic(tasks=5)
    fine = dict(zip(made["checkpoints"].task, made["checkpoints"].fine_tuned_accuracy, strict=True))
    for fold in forecast_of(made, "single_task"):
        assert all(r["predicted"] == (fine[r["task_a"]] + fine[r["task_b"]]) / 2 for r in fold["predictions"])
        assert fold["coefficients"] is None
    rows = made["merges"].query("method == 'tsv'")
    for fold in forecast_of(made, "train_mean"):
        held = fold["fold"]
        mean = rows[(rows.task_a != held) & (rows.task_b != held)].normalised_accuracy.mean()
        assert [r["predicted"] for r in fold["predictions"]] == pytest.approx([mean] * 4, rel=1e-12)
        assert fold["train_mean"] == pytest.approx(mean, rel=1e-12), "what Q² is held against"


@pytest.mark.parametrize("predictor", LINEAR)
def test_a_planted_signal_is_recovered(predictor):
    parameters = {"penalty": 0.0} if predictor == "l1_pearson" else {}  # λ = 1 stops it long before
    for fold in folds.run(grid(n_tasks=9), folds.FoldSpec(predictor, "accuracy", parameters=parameters)).folds["tsv"]:
        assert fold["scores"]["pearson"] > 0.95
        coefficients = fold["coefficients"]
        assert sorted(coefficients, key=lambda name: -abs(coefficients[name]))[:2] == ["metric0", "metric1"]
        assert coefficients["metric0"] > 0 > coefficients["metric1"]


@pytest.mark.parametrize("predictor", EVERY)
@pytest.mark.filterwarnings("error")
def test_constant_metrics_and_the_fewest_tasks_leave_every_number_finite(predictor):
    if prediction.inputs(predictor) == "traits":
        built = design_of(synthetic(tasks=4), predictor)
        X = np.where(np.char.startswith(np.array(built.features), "kept scaling"), 0.1 + 0.2, built.X)
        result = folds.run(with_numbers(built, X, built.Y), folds.FoldSpec(predictor, "accuracy", levels=(0.8,))).folds["tsv"]
        json.dumps(result, allow_nan=False)
        return
    made = grid(n_tasks=4)
    X = made.X.copy()
    X[:, 2] = 0.1 + 0.2
    X[:, 3] = [1.0 if made.tasks[0] in pair else 0.0 for pair in made.pairs]
    result = folds.run(with_numbers(made, X, made.Y), folds.FoldSpec(predictor, "accuracy", levels=(0.8,))).folds["tsv"]
    json.dumps(result, allow_nan=False)
    assert all(fold["coefficients"] is None or fold["coefficients"].keys() == set(made.features) for fold in result)


def test_what_one_method_gets_does_not_depend_on_the_others():
    made = synthetic(tasks=5)
    for predictor in (name for name in EVERY if not joint(name)):
        alone = folds.run(design_of(made, predictor), folds.FoldSpec(predictor, "normalised_accuracy"))
        built = design_of(made, predictor, methods=("dare", "tsv", "ties"))
        together = folds.run(built, folds.FoldSpec(predictor, "normalised_accuracy"))
        assert list(together.folds) == ["dare", "tsv", "ties"]
        for one, other in zip(alone.folds["tsv"], together.folds["tsv"], strict=True):
            assert predicted(other) == pytest.approx(predicted(one), rel=1e-7)


# honesty


def predicted(fold):
    """The predictions of a fold."""
    return [row["predicted"] for row in fold["predictions"]]


@pytest.mark.parametrize("split", ["loto", "l2to", "disjoint"])
@pytest.mark.parametrize("predictor", EVERY)
def test_what_is_held_out_changes_no_model(predictor, split):
    """A tripwire: wild numbers in the held-out rows must leave that fold's model, and its choices, as they were."""
    built = design_of(synthetic(tasks=8 if split == "disjoint" else 6), predictor)
    seen = ("coefficients", "hyper_parameters", "n_train_pairs")
    options = {"halves": 3} if split == "disjoint" else {}

    def run(design):
        found = folds.run(design, folds.FoldSpec(predictor, "accuracy", split, options=options, levels=(0.8,)))
        return found.folds["tsv"]

    before = run(built)
    for number, fold in enumerate(splits.find(split)(built.pairs, built.tasks, **options)):
        if number % 3:
            continue  # a third of the folds will do
        X, Y = built.X.copy(), built.Y.copy()
        Y[fold.validation, 0] = np.linspace(-50, 90, len(fold.validation))
        other = run(with_numbers(built, X, Y))[number]
        assert [other[key] for key in seen] == [before[number][key] for key in seen]
        assert predicted(other) == predicted(before[number])
        assert other["interval"] == before[number]["interval"]
        X[fold.validation] = 1e6 * (1 + np.arange(X[fold.validation].size).reshape(X[fold.validation].shape))
        other = run(with_numbers(built, X, built.Y))[number]
        assert [other[key] for key in seen] == [before[number][key] for key in seen]
        assert other["interval"]["half_width"] == before[number]["interval"]["half_width"]


@pytest.mark.parametrize("predictor", [name for name in EVERY if name != "single_task"])
def test_the_tripwire_catches_a_planted_leak(predictor, monkeypatch):
    """A split that trains on every row must be caught, whatever is fitted."""
    honest = splits.find("loto")

    def leaky(pairs, tasks):
        for fold in honest(pairs, tasks):
            yield splits.Fold(fold.name, np.arange(len(pairs)), fold.validation, fold.unseen)

    monkeypatch.setitem(splits.SPLITS, "loto", leaky)
    with pytest.raises(AssertionError):
        test_what_is_held_out_changes_no_model(predictor, "loto")


@pytest.mark.parametrize("predictor", EVERY)
def test_the_same_names_and_seed_give_the_same_bits(predictor):
    made = synthetic(tasks=5)
    assert forecast_of(made, predictor, seed=3) == forecast_of(made, predictor, seed=3)


def test_the_seed_reaches_the_start_of_l1_pearson():
    made = synthetic(tasks=5)
    assert forecast_of(made, "l1_pearson", seed=3) != forecast_of(made, "l1_pearson", seed=4)


def test_a_fold_does_not_depend_on_its_seed_number_alone_but_on_names():
    specs = [folds.FoldSpec("l1_pearson", "accuracy", setting=name) for name in ("one", "other")]
    first, second = (folds.run(grid(), spec).folds["tsv"] for spec in specs)
    assert first[0]["coefficients"] != second[0]["coefficients"]


# the null


def test_relabelling_moves_rows_and_columns_of_the_table_together():
    tasks = tuple("abcde")
    places = [way for i, j in combinations(range(5), 2) for way in ((i, j), (j, i))]
    ways, kept = tuple((tasks[i], tasks[j]) for i, j in places), np.array([[10.0 * i + j] for i, j in places])
    built = design.Design(tasks, ways, (), ("m",), np.empty((20, 0)), kept)
    drawn = permutations.relabelled(built, 7, seed=1)
    assert drawn.shape == (20, 7, 1)
    random = np.random.default_rng(1)
    for draw in range(7):
        order = random.permutation(5)
        wanted = [10.0 * order[i] + order[j] for i, j in places]
        assert list(drawn[:, draw, 0]) == wanted
    assert permutations.relabelled(built, 0, seed=1).shape == (20, 0, 1)


def test_a_pair_that_was_not_measured_lends_its_additive_fit():
    effect, pairs = {"a": 0.1, "b": 0.2, "c": 0.4, "d": 0.8}, [pair for pair in combinations("abcd", 2) if pair != ("a", "b")]
    Y = np.array([[effect[a] + effect[b]] for a, b in pairs])
    built = design.Design(tuple("abcd"), tuple(pairs), (), ("m",), np.empty((5, 0)), Y)
    drawn = permutations.relabelled(built, 50, seed=0)
    new = sorted(set(np.round(drawn.ravel(), 12)) - set(np.round(Y.ravel(), 12)))
    rows = {"a": (0.5 + 0.9) / 2, "b": (0.6 + 1.0) / 2}
    assert new == pytest.approx([rows["a"] + rows["b"] - Y.mean()])


def test_the_null_refits_every_draw_as_if_it_were_the_measured_target():
    made = design_of(synthetic(tasks=6), "ridge", methods=("tsv", "ties"))
    spec = folds.FoldSpec("ridge", "accuracy", setting="s", draws=4)
    found = folds.run(made, spec).nulls
    assert list(found.columns) == folds.NULLS and len(found) == 8
    drawn = permutations.relabelled(made, 4, seed=folds.seed_for("s", "relabelling", seed=0))
    for method in made.methods:
        for draw in range(4):
            target = drawn[:, draw]
            own = scores.summarise(folds.run(with_numbers(made, made.X, target), replace(spec, draws=0)).folds[method])
            row = found[(found.method == method) & (found.draw == draw)].iloc[0]
            assert row.mean_r == pytest.approx(own["mean_r"], abs=1e-9)
            for name in ("q2", "centred_r"):
                assert row[name] == pytest.approx(own[name], abs=1e-9)


def test_a_draw_that_leaves_a_fold_without_a_correlation_has_the_mean_over_the_others():
    """All pairs of one task measured alike: whoever is given its place has a fold of constant targets."""
    made = grid(n_tasks=6)
    alike = np.array([["task0" in pair] for pair in made.pairs])
    made = with_numbers(made, made.X, np.where(alike, 0.5, made.Y))
    spec = folds.FoldSpec("ridge", "accuracy", draws=3)
    found = folds.run(made, spec).nulls
    drawn = permutations.relabelled(made, 3, seed=folds.seed_for("", "relabelling", seed=0))
    for draw in range(3):
        own = scores.summarise(folds.run(with_numbers(made, made.X, drawn[:, draw]), replace(spec, draws=0)).folds["tsv"])
        assert own["n_undefined"] == 1 and found.mean_r[draw] == pytest.approx(own["mean_r"], abs=1e-9)


@pytest.mark.parametrize(("tasks", "residuals"), [(4, 0), (5, 12)])
def test_three_pairs_are_enough_to_refit_on_and_one_is_not(tasks, residuals):
    """Of five tasks one is held out and each other put aside in turn: three pairs are left to fit on, three count."""
    for fold in folds.run(grid(tasks), folds.FoldSpec("ridge", "accuracy", levels=(0.5,))).folds["tsv"]:
        interval = fold["interval"]
        assert interval["n_residuals"] == residuals
        assert (interval["half_width"]["0.5"] is None) == (residuals == 0) == ("0.5" in interval["refused"])


def test_an_interval_is_the_order_statistic_of_residuals_of_refits_without_each_task():
    """Written out once more with scikit-learn: least squares, one task held out, each other put aside in turn."""
    made = grid(n_tasks=7)
    spec = folds.FoldSpec("mse", "accuracy", levels=(0.8, 0.9), parameters={})
    fold = folds.run(made, spec).folds["tsv"][2]
    inside = [row for row, pair in enumerate(made.pairs) if "task2" not in pair]
    residuals = []
    for task in sorted({task for row in inside for task in made.pairs[row]}):
        fit = [row for row in inside if task not in made.pairs[row]]
        held = [row for row in inside if task in made.pairs[row]]
        model = LinearRegression().fit(made.X[fit], made.Y[fit])
        residuals += list(np.abs(made.Y[held] - model.predict(made.X[held])).ravel())
    rank = int(np.ceil((len(residuals) + 1) * 0.8))
    assert fold["interval"]["half_width"]["0.8"] == pytest.approx(sorted(residuals)[rank - 1], rel=1e-6)
    assert fold["interval"]["half_width"]["0.9"] is None
    assert fold["interval"]["refused"] == {"0.9": "6 training tasks support levels up to 0.857"}
