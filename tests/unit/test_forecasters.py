"""Forecasters of covariates: oriented designs, the library of a fold, ridge by blocks, the mixed model on a known grid."""

from functools import cache
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge

from mergecast.errors import MergecastError
from mergecast.prediction import _blocks, design, folds, scores, splits
from synthetic import OF_DESIGN, tables

synthetic = cache(tables)  # never changed in place


def built(made=None, target="normalised_accuracy", methods=("tsv", "dare"), tasks=None, **changed):
    made = (synthetic(tasks=6) if made is None else made) | changed
    parts = {name: made[name] for name in OF_DESIGN}
    return design.build("traits", methods, target, tasks=tasks or sorted(made["checkpoints"].task), **parts)


# designs


def test_a_symmetric_target_is_the_mean_of_its_two_halves():
    oriented, whole = built(), built_of_metrics()
    assert len(oriented.pairs) == 2 * len(whole.pairs) and oriented.halves and oriented.directed
    pairs, mean = oriented.whole(np.arange(len(oriented.pairs)))
    assert [frozenset(pair) for pair in pairs] == [frozenset(pair) for pair in whole.pairs]
    np.testing.assert_allclose(mean @ oriented.Y, whole.Y, rtol=1e-14)
    directed = built(target="retained")
    assert not directed.halves and directed.pairs == oriented.pairs
    np.testing.assert_array_equal(directed.Y, oriented.Y)


def built_of_metrics():
    made = synthetic(tasks=6)
    parts = {name: made[name] for name in ("merges", "metrics")}
    return design.build("metrics", ("tsv", "dare"), tasks=sorted(made["checkpoints"].task), **parts)


def test_a_row_has_the_traits_of_both_tasks_by_role_and_those_of_the_oriented_pair():
    made, oriented = synthetic(tasks=6), built()
    column = {name: place for place, name in enumerate(oriented.features)}
    trait = made["traits"].set_index("task")["scaling_0.3"]
    of_pair = made["pair_traits"].set_index(["kept", "other"])["additive_ratio"]
    for row, (kept, other) in enumerate(oriented.pairs):
        assert oriented.X[row, column["kept scaling_0.3"]] == trait[kept]
        assert oriented.X[row, column["other scaling_0.3"]] == trait[other]
        assert oriented.X[row, column["pair additive_ratio"]] == of_pair[kept, other]
        tasks = {name for name in oriented.features if " task " in name and oriented.X[row, column[name]]}
        assert tasks == {f"kept task {kept}", f"other task {other}"}


def test_the_library_of_a_fold_is_the_mean_over_the_tasks_of_its_training_rows_but_the_task_itself():
    made, oriented = synthetic(tasks=6), built()
    harm = made["library"].set_index(["kept", "other"])["harm_log_ratio"]
    for fold in splits.l2to(oriented.pairs, oriented.tasks):
        library = {task for row in fold.train for task in oriented.pairs[row]}
        seen = oriented.given(fold.train)
        for role in ("kept", "other"):
            column = oriented.features.index(f"{role} harm_log_ratio")
            for row, pair in enumerate(oriented.pairs):
                task = pair[design.ROLES[role]]
                assert seen[row, column] == pytest.approx(np.mean([harm[c, task] for c in library - {task}]))
    assert np.isnan(oriented.X[:, column]).all(), "the design itself holds no library"


@pytest.mark.parametrize("split", ["loto", "l2to"])
@pytest.mark.parametrize("predictor", ["directed_ridge", "mixed"])
def test_what_a_held_out_task_suffers_reaches_no_forecast(predictor, split):
    """The tripwire of the library: wild numbers where a held-out task is the one that is harmed change nothing."""
    made = synthetic(tasks=6)
    spec = folds.FoldSpec(predictor, "normalised_accuracy", split, levels=(0.8,))
    oriented = built(made)
    before = folds.run(oriented, spec).folds["tsv"]
    for number, fold in enumerate(splits.find(split)(oriented.pairs, oriented.tasks)):
        hidden = set(oriented.tasks) - {task for row in fold.train for task in oriented.pairs[row]}
        library = made["library"].copy()
        library.loc[library.kept.isin(hidden), "harm_log_ratio"] = np.linspace(-40, 70, int(library.kept.isin(hidden).sum()))
        assert folds.run(built(made, library=library), spec).folds["tsv"][number] == before[number]


def test_the_tripwire_of_the_library_catches_a_planted_leak(monkeypatch):
    """A library that holds all tasks, whatever is held out, must be caught."""
    honest = design.Design.given
    monkeypatch.setattr(design.Design, "given", lambda self, rows: honest(self, np.arange(len(self.pairs))))
    with pytest.raises(AssertionError):
        test_what_a_held_out_task_suffers_reaches_no_forecast("directed_ridge", "l2to")


@pytest.mark.parametrize("predictor", ["directed_ridge", "mixed"])
@pytest.mark.parametrize("target", ["normalised_accuracy", "retained"])
def test_another_order_of_the_tasks_changes_no_forecast(predictor, target):
    names = sorted(synthetic(tasks=6)["checkpoints"].task)
    for split in ("loto", "l2to"):
        by_order = []
        for tasks in (names, names[::-1]):
            found = folds.run(built(target=target, tasks=tasks), folds.FoldSpec(predictor, target, split)).folds["tsv"]
            key = (lambda a, b: (a, b)) if target == "retained" else (lambda a, b: frozenset((a, b)))
            by_order.append(
                {
                    (key(row["task_a"], row["task_b"]), fold["fold"] if split == "loto" else ""): row["predicted"]
                    for fold in found
                    for row in fold["predictions"]
                }
            )
        assert by_order[0].keys() == by_order[1].keys()
        assert by_order[0] == pytest.approx(by_order[1], rel=1e-9)


FAULTS = {
    "table traits: lacks task 'shapes'": ("traits", lambda t: t[t.task != "shapes"]),
    "table of traits: 'kept scaling_0.3' of .* is missing": (
        "traits",
        lambda t: t.assign(**{"scaling_0.3": np.inf}),
    ),
    "table pair_traits: lacks .* with .*; make its features first": ("pair_traits", lambda t: t[1:]),
    "table library: lacks .* with .*; make its features first": ("library", lambda t: t[:-1]),
    "table library: .* harm_log_ratio is missing or not finite": ("library", lambda t: t.assign(harm_log_ratio=np.nan)),
    "table traits: is needed for this predictor": ("traits", lambda t: None),
}


@pytest.mark.parametrize("message", FAULTS)
def test_a_table_of_covariates_that_lacks_something_is_named(message):
    table, change = FAULTS[message]
    with pytest.raises(MergecastError, match=message):
        built(**{table: change(synthetic(tasks=6)[table].copy())})


def test_a_checkpoint_that_is_never_right_has_no_zero_shot_ratio_and_is_named():
    made = synthetic(tasks=6)
    checkpoints = made["checkpoints"].assign(fine_tuned_accuracy=0.0)
    with pytest.raises(
        MergecastError, match="table checkpoints: task 'backgrounds' has fine_tuned_accuracy 0, so no zero-shot"
    ):
        design.build("zero-shot", ["tsv"], tasks=sorted(checkpoints.task), merges=made["merges"], checkpoints=checkpoints)


def test_a_covariate_that_is_in_no_table_is_named():
    spec = folds.FoldSpec("directed_ridge", "normalised_accuracy", parameters={"kept": ("scaling_0.9",)})
    with pytest.raises(MergecastError, match="covariate 'kept scaling_0.9': there is no such column"):
        folds.run(built(), spec)


# ridge by blocks


@given(st.integers(0, 10_000), st.sampled_from([(1.0, 1.0), (0.1, 30.0), (50.0, 2.0)]))
@settings(max_examples=25, deadline=None)
def test_one_strength_a_block_is_scikit_learns_ridge_on_columns_weighed_by_it(seed, strengths):
    """Mean and deviations are linear in Y, so with one strength each method is a ridge of its own."""
    random = np.random.default_rng(seed)
    X, Y = random.normal(size=(30, 5)), random.normal(size=(30, 6))
    blocks, weights = {"one": [0, 3], "two": [1, 4]}, np.sqrt([strengths[0], strengths[0], strengths[1], strengths[1]])
    model = _blocks.BlockRidge(blocks, dict(zip(blocks, ([s] for s in strengths), strict=True)), ("one", "two"), 3).fit(X, Y)
    columns = [0, 3, 1, 4]
    Z = (X[:, columns] - X[:, columns].mean(0)) / X[:, columns].std(0)
    other = Ridge(alpha=1.0).fit(Z / weights, Y)
    np.testing.assert_allclose(model.predict(X), other.predict(Z / weights), atol=1e-10)
    np.testing.assert_allclose(model.coef_[:, columns], other.coef_ / weights, atol=1e-10)
    assert (model.coef_[:, 2] == 0).all(), "a column of no block has no coefficient"


def test_strengths_are_chosen_by_the_splits_for_the_mean_and_for_deviations_apart():
    """Methods that differ by nothing but noise: their deviations get the strongest penalty, the mean does not."""
    random = np.random.default_rng(0)
    X = random.normal(size=(120, 3))
    Y = (X @ [0.3, -0.2, 0.1])[:, None] + 0.02 * random.normal(size=(120, 4))
    cv = [(np.setdiff1d(np.arange(120), held), held) for held in np.array_split(np.arange(120), 8)]
    options = (0.1, 10.0, 1e6)
    model = _blocks.BlockRidge({"all": [0, 1, 2]}, {"all": options}, ("all",), 4, cv).fit(X, Y)
    assert model.chosen_[0, 0] == 0.1 and (model.chosen_[1:, 0] > 0.1).all()
    best = []
    for strength in options:
        errors = []
        for train, held in cv:
            middle, spread = X.mean(0), X.std(0)
            fit = Ridge(alpha=strength).fit((X[train] - middle) / spread, Y[train].mean(1))
            errors.append(np.mean((fit.predict((X[held] - middle) / spread) - Y[held].mean(1)) ** 2))
        best.append(np.mean(errors))
    assert options[int(np.argmin(best))] == model.chosen_[0, 0]


def test_what_lies_beyond_the_training_range_counts_as_its_end():
    random = np.random.default_rng(1)
    X, Y = random.uniform(-1, 1, size=(40, 2)), random.normal(size=(40, 2))
    model = _blocks.BlockRidge({"all": [0, 1]}, {"all": [1.0]}, ("all",), 2).fit(X, Y)
    edge = np.array([[X[:, 0].max(), X[:, 1].min()]])
    np.testing.assert_array_equal(model.predict(np.array([[1e9, -1e9]])), model.predict(edge))


# a grid with known effects


def known(seed, n=14, sd=(0.10, 0.05, 0.03), slope=0.08, methods=2):
    """Oriented rows y = 0.8 + slope·x_kept + α + β + ε, and a covariate x of each task, the same for all methods."""
    random = np.random.default_rng(seed)
    tasks = tuple(f"t{place:02d}" for place in range(n))
    x = random.normal(size=n)
    alpha, beta = sd[0] * random.normal(size=n), sd[1] * random.normal(size=n)
    pairs = tuple(pair for both in combinations(range(n), 2) for pair in (both, both[::-1]))
    kept, other = np.array(pairs).T
    Y = (0.8 + slope * x[kept] + alpha[kept] + beta[other])[:, None] + sd[2] * random.normal(size=(len(pairs), methods))
    roles = np.hstack([kept[:, None] == np.arange(n), other[:, None] == np.arange(n)]).astype(float)
    names = ("kept x", *(f"{role} task {task}" for role in ("kept", "other") for task in tasks))
    X = np.hstack([x[kept][:, None], roles])
    rows = tuple((tasks[a], tasks[b]) for a, b in pairs)
    return design.Design(tasks, rows, names, tuple(f"m{m}" for m in range(methods)), X, Y, halves=True), alpha, beta


PARAMETERS = {"kept": ("x",), "other": (), "pair": ()}


def test_the_mixed_model_is_the_best_linear_unbiased_prediction_of_hendersons_equations():
    """Against the covariance form: ŷ = ȳ + K (K + σ²I)⁻¹ (y − ȳ), K the kernel of random slopes and of task effects."""
    made, _, _ = known(0)
    given = {"covariates": (5.0,), "keeps": (2.0,), "harms": (7.0,)}
    for fold in folds.run(made, folds.FoldSpec("mixed", "accuracy", parameters=PARAMETERS | given)).folds["m1"][:3]:
        train = [row for row, pair in enumerate(made.pairs) if fold["fold"] not in pair]
        held = [row for row, pair in enumerate(made.pairs) if fold["fold"] in pair]
        Z = made.X.copy()
        Z[:, 0] = np.clip(Z[:, 0], Z[train, 0].min(), Z[train, 0].max())
        Z[:, 0] = (Z[:, 0] - Z[train, 0].mean()) / Z[train, 0].std()
        seen = Z[train].std(axis=0) > 0
        Z = np.where(seen, Z - Z[train].mean(axis=0), 0.0) / np.sqrt([5.0] + [2.0] * 14 + [7.0] * 14)
        level = made.Y[train, 1].mean()
        K = Z[held] @ Z[train].T @ np.linalg.inv(Z[train] @ Z[train].T + np.eye(len(train)))
        halves = level + K @ (made.Y[train, 1] - level)
        _, whole = made.whole(np.array(held))
        assert [row["predicted"] for row in fold["predictions"]] == pytest.approx(list(whole @ halves), abs=1e-10)


def test_the_mixed_model_recovers_known_effects():
    """Over grids, the effects of tasks follow α and β, and the slope is right."""
    kept, harmed, slopes = [], [], []
    for seed in range(8):
        made, alpha, beta = known(seed, slope=0.08, sd=(0.03, 0.05, 0.03))
        model = folds.make(
            folds.prediction.find("mixed"), made.pairs, PARAMETERS, 2, 0, features=made.features, tasks=made.tasks
        ).fit(made.X, made.Y)
        effects = model.coef_[0]
        kept.append(np.corrcoef(effects[1:15], alpha)[0, 1])
        harmed.append(np.corrcoef(effects[15:], beta)[0, 1])
        slopes.append(effects[0] / made.X[:, 0].std())
    assert np.mean(kept) > 0.75 and np.mean(harmed) > 0.95, (kept, harmed)
    assert np.mean(slopes) == pytest.approx(0.08, abs=0.015)


@pytest.mark.parametrize("split", ["loto", "l2to"])
def test_intervals_of_the_mixed_model_hold_what_they_promise_on_known_grids(split):
    held, bounded = [], []
    for seed in range(3):
        made, _, _ = known(seed, n=12)
        spec = folds.FoldSpec("mixed", "accuracy", split, levels=(0.8, 0.9), parameters=PARAMETERS, seed=seed)
        for fold in folds.run(made, spec).folds["m0"]:
            for row in fold["predictions"]:
                missed = abs(row["measured"] - row["predicted"])
                held.append([missed <= fold["interval"]["half_width"][level] for level in ("0.8", "0.9")])
            bounded.append(fold["interval"]["refused"])
    assert bounded == [{}] * len(bounded)
    assert np.mean(held, axis=0) == pytest.approx([0.8, 0.9], abs=0.06)


@pytest.mark.parametrize("split", ["loto", "l2to"])
@pytest.mark.parametrize("predictor", ["directed_ridge", "mixed"])
def test_what_folds_share_with_a_task_put_aside_is_what_each_would_fit_alone(predictor, split, monkeypatch):
    data = built(synthetic(tasks=8))
    spec = folds.FoldSpec(predictor=predictor, target="normalised_accuracy", split=split, levels=(0.8,))
    calls, make = [], folds.make
    monkeypatch.setattr(folds, "make", lambda *given, **named: calls.append(1) or make(*given, **named))
    shared, fits = folds.run(data, spec), len(calls)
    monkeypatch.setattr(folds, "_shared", lambda module: None)
    alone = folds.run(data, spec)
    assert fits < (len(calls) - fits) * (0.6 if split == "l2to" else 0.8)
    assert shared.folds == alone.folds


def test_task_effects_help_where_one_task_is_known_and_covariates_where_none_is():
    made, _, _ = known(3)
    said = {
        (predictor, split): scores.summarise(
            folds.run(made, folds.FoldSpec(predictor, "accuracy", split, parameters=PARAMETERS)).folds["m0"]
        )["q2"]
        for predictor in ("mixed", "directed_ridge")
        for split in ("loto", "l2to")
    }
    assert said["mixed", "loto"] > said["directed_ridge", "loto"] + 0.05
    assert said["mixed", "l2to"] > 0.1 and said["directed_ridge", "l2to"] > 0.1
