"""Every predictor and baseline as an estimator: one column as it is alone, and each against an independent one."""

import inspect
import json
from itertools import combinations

import numpy as np
import pytest
from scipy import stats
from sklearn import kernel_ridge, linear_model
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import ExtraTreesRegressor, GradientBoostingRegressor
from sklearn.gaussian_process import GaussianProcessRegressor, kernels
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import MinMaxScaler, StandardScaler

import study
from mergecast import prediction
from mergecast.errors import MergecastError
from mergecast.prediction import _network, _pearson
from mergecast.prediction._elastic_net import ElasticNet
from mergecast.prediction._pearson import L1Pearson
from mergecast.prediction._ridge import Ridge
from mergecast.prediction._standard import Standard
from mergecast.prediction.baselines.best_metric import BestMetric
from mergecast.prediction.predictors.extra_trees import ExtraTrees
from mergecast.prediction.predictors.gaussian_process import GaussianProcess
from mergecast.prediction.predictors.kernel_ridge import KernelRidge
from mergecast.prediction.predictors.mlp import JointNetwork

EVERY = tuple(prediction.kinds())
LINEAR = ("l1_pearson", "pearson", "mse", "ridge", "lasso", "elastic_net", "best_metric")
FITTED = [name for name in EVERY if name != "single_task"]
GROUP = 2  # outputs of a network
ROLES = ("kept", "other", "pair")


def pairs_of(n_tasks):
    return list(combinations([f"task{i}" for i in range(n_tasks)], 2))


def inner(pairs):
    """Leave-one-task-out splits of these rows, written out once more."""
    table = np.array(pairs)
    held = [(table == task).any(axis=1) for task in np.unique(table)]
    return [(np.flatnonzero(~mask), np.flatnonzero(mask)) for mask in held if not mask.all()]


def data(n_tasks=7, features=6, columns=6, seed=0, noise=0.02):
    """Rows, metrics on very different scales with two nearly collinear, and targets that depend on some of them."""
    random, pairs = np.random.default_rng(seed), pairs_of(n_tasks)
    X = random.standard_normal((len(pairs), features))
    X[:, 3] = X[:, 0] + 0.05 * X[:, 3]
    effects = random.standard_normal((features, columns)) * (random.random((features, columns)) < 0.5)
    Y = 0.8 + 0.05 * X @ effects + noise * random.standard_normal((len(pairs), columns))
    return pairs, X * 10.0 ** np.arange(-3, features - 3) + 2, Y


def inputs(name, pairs, X):
    """The columns a predictor takes, of the same rows."""
    kind, tasks = prediction.inputs(name), tasks_of(pairs)
    indicators = np.array([[float(task in pair) for task in tasks] for pair in pairs])
    roles = np.array([[float(task == role) for role in pair for task in tasks] for pair in pairs])
    return {"tasks": indicators, "checkpoints": X[:, :1], "zero-shot": X[:, :1], "traits": np.hstack([X, roles]),
            "tasks and metrics": np.hstack([indicators, X])}.get(kind, X)  # fmt: skip


def tasks_of(pairs):
    return sorted({task for pair in pairs for task in pair})


def columns(name, pairs, X):
    """Names of these columns."""
    tasks, names = tasks_of(pairs), [f"column{number}" for number in range(X.shape[1])]
    if prediction.inputs(name) == "traits":
        given = inspect.signature(prediction.find(name).make).parameters
        traits = {role: given[role].default for role in ROLES if role in given}
        taken = [f"{role} {trait}" for role, mine in traits.items() for trait in mine]
        return [*taken, *names[len(taken) :], *(f"{role} task {task}" for role in ("kept", "other") for task in tasks)]
    return [*tasks, *names]


def fitted(name, pairs, X, Y, seed=5, outputs=GROUP, **parameters):
    """The module and its model, fitted with what the rows give."""
    module = prediction.find(name)
    made = inspect.signature(module.make).parameters
    given = {"cv": inner(pairs) if len(pairs) > 1 else [], "seed": seed, "outputs": outputs, "tasks": tasks_of(pairs)}
    given["features"] = columns(name, pairs, X)
    model = module.make(**parameters, **{key: value for key, value in given.items() if key in made})
    model.fit(inputs(name, pairs, X), Y)
    return module, model


def found(name, pairs, X, Y, new=None, **keys):
    """Predictions at `new` (or where it was fitted), coefficients and choices."""
    module, model = fitted(name, pairs, X, Y, **keys)
    return model.predict(inputs(name, pairs, X) if new is None else new), *module.explain(model)


# what all share


def test_each_predictor_of_the_study_is_there_and_says_what_it_is():
    for kind, names in (("predictor", study.PREDICTORS), ("baseline", study.BASELINES)):
        assert {name for name in names if prediction.kind(name) == kind} == set(names)
    for name in EVERY:
        assert prediction.summary(name).endswith(".") and "\n" not in prediction.summary(name)
        assert prediction.inputs(name) == prediction.find(name).INPUTS
    costly = {name for name in EVERY if getattr(prediction.find(name), "COSTLY", False)}
    assert costly & {*study.PREDICTORS, *study.BASELINES} == {"elastic_net", "gradient_boosting", "lasso", "mlp", "pearson"}


@pytest.mark.parametrize("name", EVERY)
def test_a_predictor_declares_coefficients_if_explain_returns_them(name):
    pairs, X, Y = data()
    _, coefficients, _ = found(name, pairs, X, Y)
    assert prediction.has_coefficients(name) == (coefficients is not None)


@pytest.mark.parametrize("name", EVERY)
def test_a_column_is_fitted_as_if_it_stood_alone(name):
    pairs, X, Y = data()
    step = GROUP if "outputs" in inspect.signature(prediction.find(name).make).parameters else 1
    together, coefficients, choices = found(name, pairs, X, Y)
    assert together.shape == Y.shape and len(choices) == Y.shape[1]
    json.dumps(choices, allow_nan=False)
    for low in range(0, Y.shape[1], step):
        part = slice(low, low + step)
        alone, own, chosen = found(name, pairs, X, Y[:, part])
        np.testing.assert_allclose(alone, together[:, part], atol=1e-8, rtol=0)
        assert (own is None) == (coefficients is None)
        if own is not None:
            assert own.shape == (step, inputs(name, pairs, X).shape[1])
            np.testing.assert_allclose(own, coefficients[part], atol=1e-8, rtol=0)
        for one, other in zip(chosen, choices[part], strict=True):
            assert one == pytest.approx(other, rel=1e-8)


@pytest.mark.parametrize("name", EVERY)
def test_the_order_of_the_targets_does_not_matter(name):
    pairs, X, Y = data()
    groups = np.random.default_rng(1).permutation(Y.shape[1] // GROUP)
    order = (groups[:, None] * GROUP + np.arange(GROUP)).ravel()
    np.testing.assert_allclose(found(name, pairs, X, Y[:, order])[0], found(name, pairs, X, Y)[0][:, order], atol=1e-8)


@pytest.mark.parametrize("name", EVERY)
def test_the_same_seed_gives_the_same_bits(name):
    pairs, X, Y = data(noise=0.1)
    first, second = found(name, pairs, X, Y), found(name, pairs, X, Y)
    np.testing.assert_array_equal(first[0], second[0])
    assert first[2] == second[2]
    other = found(name, pairs, X, Y, seed=6)[0]
    seeded = "seed" in inspect.signature(prediction.find(name).make).parameters
    assert seeded == (not np.array_equal(first[0], other))


@pytest.mark.parametrize("name", FITTED)
@pytest.mark.filterwarnings("error")
def test_a_constant_target_is_predicted_by_itself(name):
    pairs, X, Y = data()
    joint = "outputs" in inspect.signature(prediction.find(name).make).parameters
    Y[:, [0, 1] if joint else 0] = 0.1 + 0.2
    Y[:, [2, 3] if joint else 3] = 0.0
    predicted, coefficients, _ = found(name, pairs, X, Y, new=inputs(name, pairs, X * 1.5))
    np.testing.assert_allclose(predicted[:, 0], 0.3, rtol=1e-12)
    np.testing.assert_allclose(predicted[:, 3], 0.0, atol=1e-14)
    if coefficients is not None:
        np.testing.assert_allclose(coefficients[[0, 3]], 0.0, atol=1e-14)


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.filterwarnings("error")
def test_a_metric_that_is_constant_in_training_moves_nothing(name):
    if prediction.inputs(name) != "metrics":
        pytest.skip("takes no metric")
    pairs, X, Y = data()
    X[:, 1], X[:, 4] = 1e9 / 3, 0.1 + 0.2
    X[::2, 4] = 0.3  # the same to within rounding
    new = X.copy()
    new[:, [1, 4]] = [[-7e12, 40.0]]
    before, coefficients, _ = found(name, pairs, X, Y)
    after, _, _ = found(name, pairs, X, Y, new=new)
    assert np.isfinite(before).all()
    if name not in ("extra_trees", "gradient_boosting"):  # a tree may cut within rounding
        np.testing.assert_allclose(after, before, atol=1e-9)
    if coefficients is not None:
        np.testing.assert_array_equal(coefficients[:, [1, 4]], 0.0)


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("rows", [6, 3, 1])
@pytest.mark.filterwarnings("error")
def test_the_smallest_halves_leave_every_number_finite(name, rows):
    """Six pairs of four tasks with 28 metrics; three of them, whose inner splits train on one pair; one alone."""
    pairs = {6: pairs_of(4), 3: pairs_of(3), 1: pairs_of(2)}[rows]
    random = np.random.default_rng(2)
    X, Y = random.standard_normal((rows, 28)), 0.8 + 0.1 * random.standard_normal((rows, 4))
    if rows == 1 and "cv" in inspect.signature(prediction.find(name).make).parameters:
        pytest.skip("one pair has no inner split")
    predicted, coefficients, choices = found(name, pairs, X, Y)
    assert predicted.shape == Y.shape and np.isfinite(predicted).all()
    assert coefficients is None or np.isfinite(coefficients).all()
    json.dumps(choices, allow_nan=False)


@pytest.mark.parametrize("name", [*study.PREDICTORS, "best_metric"])
def test_a_planted_signal_is_recovered(name):
    random, pairs = np.random.default_rng(3), pairs_of(16)
    X = random.standard_normal((120, 5))
    y = 0.8 + 0.1 * X[:, 0] - 0.05 * X[:, 1]
    Y = np.column_stack([y, y[::-1]]) + 0.01 * random.standard_normal((120, 2))
    keys = {"epochs": 3000, "dropout": 0.0} if name == "mlp" else {}
    new = random.standard_normal((60, 5))
    predicted, coefficients, _ = found(name, pairs, X, Y, new=new, **keys)
    wanted = {"best_metric": 0.8, "extra_trees": 0.6, "gradient_boosting": 0.85, "l1_pearson": 0.8, "mlp": 0.9}
    assert stats.pearsonr(predicted[:, 0], new[:, 0] * 0.1 - new[:, 1] * 0.05).statistic > wanted.get(name, 0.95)
    assert (name in LINEAR) == (coefficients is not None)
    if name in LINEAR:
        assert np.abs(coefficients[0]).argmax() == 0 and coefficients[0, 0] > 0 >= coefficients[0, 1]


@pytest.mark.parametrize(
    ("name", "parameters", "key"),
    [
        *[(name, {"strengths": value}, "strengths") for name in ("ridge", "task_effects", "kernel_ridge")
          for value in ((), (0.0,), (-1.0, 1.0), ("strong",), (float("nan"),))],
        ("gaussian_process", {"noises": (0.0, 1.0)}, "noises"),
        ("gaussian_process", {"reaches": "far"}, "reaches"),
        ("kernel_ridge", {"widths": (0,)}, "widths"),
        ("lasso", {"n_strengths": 1}, "n_strengths"),
        ("lasso", {"reach": 1.5}, "reach"),
        ("elastic_net", {"l1_ratio": 0}, "l1_ratio"),
        ("l1_pearson", {"penalty": -1.0}, "penalty"),
        ("pearson", {"max_iter": 0}, "max_iter"),
        ("mlp", {"dropout": 1.0}, "dropout"),
        ("mlp", {"hidden": 0}, "hidden"),
        ("extra_trees", {"leaf": 0}, "leaf"),
        ("gradient_boosting", {"trees": "many"}, "trees"),
    ],
)  # fmt: skip
def test_a_parameter_that_cannot_be_is_named(name, parameters, key):
    pairs, X, Y = data()
    with pytest.raises(MergecastError, match=f"key '{key}'") as caught:
        fitted(name, pairs, X, Y, **parameters)
    assert "\n" not in str(caught.value)


# the published predictor


def test_l1_pearson_takes_the_steps_torch_takes():
    torch = pytest.importorskip("torch")
    pairs, X, Y = data(8, 5, 3, seed=3)
    for penalty, limit in ((1.0, 2000), (0.0, 400)):
        model = L1Pearson(penalty, limit, seed=5).fit(X, Y)
        low, high = X.min(0), X.max(0)
        x = torch.tensor(2 * (X - low) / (high - low) - 1)
        for column in range(3):
            w = torch.tensor(0.1 * np.random.default_rng(5).standard_normal(5), requires_grad=True)
            optimizer, best, waited, steps = torch.optim.Adam([w], lr=0.01), np.inf, 0, 0
            t = torch.tensor(Y[:, column] - Y[:, column].mean())
            while steps < limit and waited < 100:
                p = x @ w - (x @ w).mean()
                loss = penalty * w.abs().sum() - (p * t).sum() / ((p.square().sum() * t.square().sum()).sqrt() + 1e-8)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                best, waited = (loss.item(), 0) if loss.item() < best - 1e-5 else (best, waited + 1)
                steps += 1
            wanted = w.detach().numpy()
            wanted = np.where(abs(wanted) < 1e-3, 0, wanted)
            np.testing.assert_allclose(model.weights_[column], wanted, rtol=1e-6, atol=1e-9)
            assert model.iterations_[column] == steps
            line = np.polyfit(x.numpy() @ wanted, Y[:, column], 1)
            assert model.slope_[column] == pytest.approx(line[0], rel=1e-6) and line[0] > 0
            fit = np.polyval(line, x.numpy() @ wanted)
            np.testing.assert_allclose(model.predict(X)[:, column], fit, rtol=1e-7)


def test_l1_pearson_descends_a_hundred_targets_bit_by_bit_as_it_descends_each():
    """Late steps are chaotic where metrics are collinear, so that nothing short of the same bits would do."""
    random = np.random.default_rng(0)
    X = random.standard_normal((40, 9))
    X[:, 8] = X[:, 0] + 1e-4 * X[:, 8]
    Y = X[:, :1] * np.linspace(0, 1, 130) + random.standard_normal((40, 130))
    for penalty in (1.0, 0.0):
        together = L1Pearson(penalty, 600, seed=1).fit(X, Y)
        assert len(set(together.iterations_)) > 3
        for column in (0, 63, 64, 129):
            alone = L1Pearson(penalty, 600, seed=1).fit(X, Y[:, [column]])
            np.testing.assert_array_equal(alone.weights_[0], together.weights_[column])
            assert alone.iterations_[0] == together.iterations_[column]


def test_blocks_of_columns_come_back_as_they_were():
    for count in (1, 64, 65, 200):
        columns = np.random.default_rng(0).standard_normal((3, count))
        blocks = _pearson.to_blocks(columns)
        assert blocks.shape == (-(-count // 64), 3, 64)
        np.testing.assert_array_equal(_pearson.from_blocks(blocks, count), columns)


def test_l1_pearson_does_not_feel_the_scale_of_a_metric():
    _, X, Y = data(8, 5, 3)
    factors = 2.0 ** np.array([-60, -20, 0, 20, 60])
    one, other = L1Pearson(seed=1).fit(X, Y), L1Pearson(seed=1).fit(X * factors, Y)
    np.testing.assert_array_equal(one.predict(X), other.predict(X * factors))


def test_pearson_is_l1_pearson_without_penalty():
    pairs, X, Y = data()
    wanted = found("l1_pearson", pairs, X, Y, penalty=0.0)
    np.testing.assert_array_equal(found("pearson", pairs, X, Y)[0], wanted[0])


def test_pearson_run_long_enough_is_least_squares_in_its_correlation():
    """The weights of largest correlation are those of least squares, up to scale."""
    random = np.random.default_rng(4)
    X, Y = random.standard_normal((60, 4)), random.standard_normal((60, 3))
    predicted = L1Pearson(0.0, 20_000).fit(X, Y).predict(X)
    best = linear_model.LinearRegression().fit(X, Y).predict(X)
    for column in range(3):
        reached, most = (stats.pearsonr(y[:, column], Y[:, column]).statistic for y in (predicted, best))
        assert most - 1e-4 < reached <= most + 1e-12


# linear predictors


def test_a_constant_column_is_zero_in_every_row():
    _, X, _ = data()
    X[:, 2] = 1e9 / 3
    scaler = Standard().fit(X)
    np.testing.assert_array_equal(scaler.transform(X)[:, 2], 0.0)
    np.testing.assert_array_equal(scaler.transform(X + 1e6)[:, 2], 0.0)
    kept = [0, 1, 3, 4, 5]
    np.testing.assert_allclose(scaler.transform(X)[:, kept], StandardScaler().fit_transform(X[:, kept]), rtol=1e-9)


def test_mse_is_least_squares_with_an_intercept():
    pairs, X, Y = data()
    predicted, coefficients, _ = found("mse", pairs, X, Y)
    solution = np.linalg.lstsq(np.column_stack([np.ones(len(X)), (X - X.mean(0)) / X.std(0)]), Y, rcond=None)[0]
    np.testing.assert_allclose(coefficients, solution[1:].T, rtol=1e-9)
    np.testing.assert_allclose(Y.sum(axis=0), predicted.sum(axis=0), rtol=1e-12)


def uneven(pairs, X, Y):
    """The rows without most pairs of two tasks, so that splits hold out different numbers of rows."""
    kept = [i for i, (a, b) in enumerate(pairs) if not {a, b} & {"task0", "task1"} or b == "task5" or a == "task2"]
    return [pairs[i] for i in kept], X[kept], Y[kept]


@pytest.mark.parametrize("whole", [True, False], ids=["all pairs", "some pairs"])
def test_ridge_is_scikit_learns_grid_search(whole):
    pairs, X, Y = data(6, 5, 40, seed=1, noise=0.1)
    pairs, X, Y = (pairs, X, Y) if whole else uneven(pairs, X, Y)
    X, strengths, cv = StandardScaler().fit_transform(X), (0.1, 1.0, 10.0, 100.0), inner(pairs)
    ours = Ridge(strengths, cv).fit(X, Y)
    assert len(set(ours.alpha_)) > 1
    for column, y in enumerate(Y.T):
        search = GridSearchCV(linear_model.Ridge(), {"alpha": strengths}, cv=cv, scoring="neg_mean_squared_error").fit(X, y)
        assert ours.alpha_[column] == search.best_params_["alpha"]
        np.testing.assert_allclose(ours.coef_[column], search.best_estimator_.coef_, rtol=1e-9)
        np.testing.assert_allclose(ours.predict(X)[:, column], search.predict(X), rtol=1e-12)


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_lasso_and_elastic_net_are_scikit_learns_with_cross_validation(l1_ratio):
    pairs, X, Y = data(10, 8, 6, seed=2, noise=0.06)
    X, cv = StandardScaler().fit_transform(X), inner(pairs)
    ours = ElasticNet(10, 0.01, l1_ratio, cv).fit(X, Y)
    same = 0
    for column, y in enumerate(Y.T):
        theirs = linear_model.ElasticNetCV(l1_ratio=l1_ratio, alphas=10, eps=0.01, cv=cv, tol=1e-8, max_iter=50_000)
        theirs.fit(X, y / y.std())
        grid = theirs.alphas_
        errors = theirs.mse_path_.mean(axis=-1)
        chosen = np.abs(grid - ours.alpha_[column]).argmin()
        assert ours.alpha_[column] == pytest.approx(grid[chosen], rel=1e-9)
        assert errors[chosen] <= errors.min() * 1.01
        if grid[chosen] == theirs.alpha_:
            same += 1
            np.testing.assert_allclose(ours.coef_[column], theirs.coef_ * y.std(), atol=1e-3 * y.std())
            np.testing.assert_allclose(ours.predict(X)[:, column], theirs.predict(X) * y.std(), atol=1e-3 * y.std())
            assert ((ours.coef_[column] == 0) == (theirs.coef_ == 0)).all()
    assert same >= 5


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
def test_on_orthonormal_columns_the_coefficients_are_soft_thresholds(l1_ratio):
    random, pairs = np.random.default_rng(6), pairs_of(8)
    X = np.linalg.qr(np.column_stack([np.ones(28), random.standard_normal((28, 5))]))[0][:, 1:] * np.sqrt(28)
    y = X @ [3.0, -2.0, 0.5, 0.0, 0.0] + random.standard_normal(28)
    model = ElasticNet(10, 0.01, l1_ratio, inner(pairs)).fit(X, y[:, None])
    plain, alpha = X.T @ (y / y.std()) / 28, model.alpha_[0]
    wanted = np.sign(plain) * np.maximum(np.abs(plain) - alpha * l1_ratio, 0) / (1 + alpha * (1 - l1_ratio))
    np.testing.assert_allclose(model.coef_[0], wanted * y.std(), atol=1e-5)


def test_lasso_keeps_nothing_where_nothing_helps():
    random, pairs = np.random.default_rng(7), pairs_of(12)
    X, Y = random.standard_normal((66, 5)), random.standard_normal((66, 20))
    _, coefficients, _ = found("lasso", pairs, X, Y)
    empty = (coefficients == 0).all(axis=1)
    assert empty.sum() > 5


@pytest.mark.parametrize("name", ["lasso", "elastic_net", "ridge", "kernel_ridge", "gaussian_process", "mlp", "best_metric"])
def test_predictions_follow_the_units_of_the_target(name):
    pairs, X, Y = data(noise=0.1)
    moved = found(name, pairs, X, 100 * Y - 3)[0]
    np.testing.assert_allclose(moved, 100 * found(name, pairs, X, Y)[0] - 3, atol=1e-6)


# kernels


@pytest.mark.parametrize("whole", [True, False], ids=["all pairs", "some pairs"])
def test_kernel_ridge_is_scikit_learns_grid_search_around_the_mean(whole):
    pairs, X, Y = data(7, 5, 6, seed=1, noise=0.1)
    pairs, X, Y = (pairs, X, Y) if whole else uneven(pairs, X, Y)
    X, cv = StandardScaler().fit_transform(X), inner(pairs)
    strengths, widths = (0.03, 0.3, 3.0), (0.3, 1.0, 3.0)
    ours = KernelRidge(strengths, widths, cv).fit(X, Y)
    assert len(set(zip(ours.alpha_, ours.gamma_, strict=True))) > 1
    new = np.random.default_rng(2).standard_normal((9, 5))
    for column, y in enumerate(Y.T):
        centred = TransformedTargetRegressor(kernel_ridge.KernelRidge(kernel="rbf"), transformer=StandardScaler(with_std=False))
        grid = {"regressor__alpha": strengths, "regressor__gamma": [width / 5 for width in widths]}
        search = GridSearchCV(centred, grid, cv=cv, scoring="neg_mean_squared_error").fit(X, y)
        assert search.best_params_["regressor__alpha"] == ours.alpha_[column]
        assert search.best_params_["regressor__gamma"] == ours.gamma_[column]
        np.testing.assert_allclose(ours.predict(new)[:, column], search.predict(new), rtol=1e-9)


def test_the_gaussian_process_has_scikit_learns_likelihood_and_mean_and_the_best_of_its_grid():
    _, X, Y = data(7, 5, 5, seed=1, noise=0.05)
    X, new = StandardScaler().fit_transform(X), np.random.default_rng(2).standard_normal((9, 5))
    reaches, noises = (0.5, 1.0, 2.0, 4.0), (0.01, 0.1, 1.0, 10.0)
    ours = GaussianProcess(reaches, noises).fit(X, Y)

    def theirs(y, scale, noise, variance):
        kernel = kernels.ConstantKernel(variance) * kernels.RBF(scale) + kernels.WhiteKernel(noise * variance)
        return GaussianProcessRegressor(kernel, optimizer=None, alpha=0).fit(X, y - y.mean())

    for column, y in enumerate(Y.T):
        variance = ours.signal_variance_[column]
        chosen = theirs(y, ours.length_scale_[column], ours.noise_ratio_[column], variance)
        likelihood = chosen.log_marginal_likelihood_value_
        assert ours.log_likelihood_[column] == pytest.approx(likelihood, rel=1e-9)
        np.testing.assert_allclose(ours.predict(new)[:, column], chosen.predict(new) + y.mean(), rtol=1e-8)
        for factor in (0.9, 1.1):
            other = theirs(y, ours.length_scale_[column], ours.noise_ratio_[column], variance * factor)
            assert other.log_marginal_likelihood_value_ < likelihood
        for reach in reaches:
            for noise in noises:
                other = theirs(y, reach * np.sqrt(5), noise, variance)
                assert other.log_marginal_likelihood_value_ <= likelihood + 1e-9


# trees


def test_one_forest_is_scikit_learns_forest_of_every_target():
    """Exactly: single fits, the multi-output fit and ours split alike, as no target has equal values."""
    _, X, Y = data(9, 6, 3)
    ours = ExtraTrees(20, 2, seed=3).fit(X, Y)
    new = X[::-1] * 1.01
    forest = ExtraTreesRegressor(20, max_features=1, min_samples_leaf=2, random_state=3)
    np.testing.assert_allclose(ours.predict(new), forest.fit(X, Y).predict(new), rtol=1e-12)
    for column, y in enumerate(Y.T):
        np.testing.assert_allclose(ours.predict(new)[:, column], forest.fit(X, y).predict(new), rtol=1e-12)
    np.testing.assert_allclose(ours.weights(new).sum(axis=1), 1.0, rtol=1e-12)


def test_gradient_boosting_is_scikit_learns_of_each_target():
    pairs, X, Y = data()
    predicted = found("gradient_boosting", pairs, X, Y, trees=7, depth=3, rate=0.2)[0]
    one = GradientBoostingRegressor(n_estimators=7, max_depth=3, learning_rate=0.2, max_features="sqrt", random_state=5)
    for column, y in enumerate(Y.T):
        np.testing.assert_array_equal(predicted[:, column], one.fit(X, y).predict(X))


# the network


def numbers(shapes, seed=0):
    random = np.random.default_rng(seed)
    return {name: random.standard_normal(shape) for name, shape in shapes.items()}


def test_the_networks_gradient_is_autograds():
    torch = pytest.importorskip("torch")
    weights = numbers({"weight": (3, 4, 6), "bias": (3, 4, 1), "out_weight": (3, 2, 4), "out_bias": (3, 2, 1)})
    random = np.random.default_rng(1)
    rows, targets, kept = random.standard_normal((6, 9)), random.standard_normal((3, 2, 9)), _network.mask(random, 0.4, 4, 9)
    given = {name: torch.tensor(value, requires_grad=True) for name, value in weights.items()}
    hidden = torch.nn.functional.leaky_relu(given["weight"] @ torch.tensor(rows) + given["bias"], 0.01) * torch.tensor(kept)
    output = given["out_weight"] @ hidden + given["out_bias"]
    (output - torch.tensor(targets)).square().mean(dim=(1, 2)).sum().backward()
    for name, gradient in _network.gradients(weights, rows, targets, kept).items():
        np.testing.assert_allclose(gradient, given[name].grad.numpy(), rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_the_networks_training_is_torchs(dropout):
    """The same start and, where units are dropped, the same units; Adam with weight decay is torch's own."""
    torch = pytest.importorskip("torch")
    _, X, Y = data(7, 6, 6)
    model = JointNetwork(dropout=dropout, epochs=40, rate=0.01, seed=2, outputs=3).fit(X, Y)
    x = torch.tensor(MinMaxScaler((-1, 1)).fit_transform(X))
    draws = np.random.default_rng(2)
    first = _network.start(draws, 6, 8, 3)
    draws = np.random.default_rng(draws.integers(2**63))
    masks = [torch.tensor(_network.mask(draws, dropout, 8, len(X)).T) for _ in range(40)]
    for group in range(2):
        scaler = MinMaxScaler((-1, 1)).fit(Y[:, 3 * group : 3 * group + 3])
        y = torch.tensor(scaler.transform(Y[:, 3 * group : 3 * group + 3]))
        into, out = torch.nn.Linear(6, 8).double(), torch.nn.Linear(8, 3).double()
        with torch.no_grad():
            for parameter, name in zip([*into.parameters(), *out.parameters()], first, strict=True):
                parameter.copy_(torch.tensor(first[name][0]).reshape(parameter.shape))
        optimizer = torch.optim.Adam([*into.parameters(), *out.parameters()], lr=0.01, weight_decay=1e-3)
        activation = torch.nn.LeakyReLU(0.01)
        for mask in masks:
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(out(activation(into(x)) * mask), y).backward()
            optimizer.step()
        with torch.no_grad():
            wanted = scaler.inverse_transform(out(activation(into(x))).numpy())
        np.testing.assert_allclose(model.predict(X)[:, 3 * group : 3 * group + 3], wanted, rtol=1e-8)


def test_the_network_starts_and_drops_as_published():
    random = np.random.default_rng(0)
    first = _network.start(random, 400, 50, 30)
    assert first["weight"].std() == pytest.approx(np.sqrt(2 / 400), rel=0.02)
    assert first["out_weight"].std() == pytest.approx(np.sqrt(2 / 50), rel=0.05)
    assert not first["bias"].any() and not first["out_bias"].any()
    kept = _network.mask(random, 0.4, 100, 100)
    assert set(np.unique(kept)) == {0.0, 1 / 0.6} and (kept == 0).mean() == pytest.approx(0.4, abs=0.02)
    defaults = {"hidden": 8, "dropout": 0.4, "rate": 1e-3, "weight_decay": 1e-3, "epochs": 300}
    assert prediction.parameters("mlp") == defaults


def test_targets_that_fill_no_group_are_refused():
    pairs, X, Y = data()
    with pytest.raises(MergecastError, match="predictor 'mlp': 6 target columns are no multiple of its 4 outputs"):
        fitted("mlp", pairs, X, Y, outputs=4)


# baselines


def test_the_simple_baselines_are_what_their_names_say():
    pairs, X, Y = data()
    np.testing.assert_array_equal(found("single_task", pairs, X, Y)[0], np.repeat(X[:, :1], 6, axis=1))
    np.testing.assert_allclose(found("train_mean", pairs, X, Y)[0], np.tile(Y.mean(axis=0), (len(X), 1)), rtol=1e-12)
    for name in ("single_task", "train_mean"):
        assert found(name, pairs, X, Y)[1:] == (None, [{}] * 6)


def test_task_effects_recover_additive_tasks_and_give_an_unseen_one_none():
    pairs = pairs_of(7)
    effect = np.linspace(-0.2, 0.2, 7)
    X = np.array([[float(f"task{i}" in pair) for i in range(7)] for pair in pairs])
    seen = X[:, 3] == 0
    module = prediction.find("task_effects")
    model = module.make(cv=inner([pair for pair, kept in zip(pairs, seen, strict=True) if kept]))
    model.fit(X[seen], 0.8 + X[seen] @ np.column_stack([effect, -effect]))
    coefficients, _ = module.explain(model)
    np.testing.assert_allclose(coefficients[:, 3], 0, atol=1e-12)
    others = [0, 1, 2, 4, 5, 6]
    centred = effect[others] - effect[others].mean()
    np.testing.assert_allclose(coefficients[:, others], [centred, -centred], atol=1e-3)


def test_the_best_metric_is_the_one_of_largest_correlation_and_least_squares_on_it():
    pairs, X, Y = data(noise=0.1)
    predicted, coefficients, choices = found("best_metric", pairs, X, Y)
    for column, y in enumerate(Y.T):
        r = np.array([stats.pearsonr(x, y).statistic for x in X.T])
        best = np.abs(r).argmax()
        line = stats.linregress(X[:, best], y)
        np.testing.assert_allclose(predicted[:, column], line.intercept + line.slope * X[:, best], rtol=1e-9)
        assert np.flatnonzero(coefficients[column]).tolist() == [best]
        assert coefficients[column, best] == pytest.approx(line.slope * X[:, best].std())
        assert choices[column]["correlation"] == pytest.approx(r[best])


def test_of_equally_good_metrics_the_first_is_taken():
    _, X, Y = data()
    X = StandardScaler().fit_transform(X)
    best = BestMetric().fit(X, Y).column_
    for column in range(6):
        doubled = np.column_stack([X[:, :1] * 0, -X[:, best[column]], X])
        assert BestMetric().fit(doubled, Y[:, [column]]).column_ == [1]
