"""How much of each model: one model, a weight a model, and weights that stay with their model, against numpy."""

from itertools import permutations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mergecast import merging
from mergecast.errors import MergecastError
from mergecast.seeding import seed_for
from states import MATRIX, close, same, single, state, step, tuned

TAKING = [
    (name, key) for name in merging.methods() for key, fragment in merging.ranges(name).items() if fragment.get("per_model")
]
BASE = state(0)


def vectors(models, name):
    """Task vectors of one tensor in numpy, float64, in the order of the models."""
    return [(model[name].double() - BASE[name].double()).numpy() for model in models.values()]


def textbook(models, combine):
    """θ0 plus what `combine` makes of the task vectors of each tensor."""
    return {n: torch.from_numpy(BASE[n].double().numpy() + combine(vectors(models, n), n)).float() for n in BASE}


# ---- one model


@pytest.mark.parametrize("scale", [-0.5, 0.3, 0.5, 1.0])
def test_one_model_is_negated_or_applied_in_part(scale):
    models = tuned(BASE, 1)
    merged = merging.merge("task_arithmetic", BASE, models, {"scale": scale})
    assert close(textbook(models, lambda found, name: scale * found[0]), merged)


def test_dare_of_one_model_keeps_an_entry_rescaled_or_drops_it():
    models = tuned(BASE, 1)
    merged = step(merging.merge("dare", BASE, models, {"drop": 0.5}), BASE)
    for name, vector in step(models["a"], BASE).items():
        kept = merged[name] != 0
        assert torch.allclose(merged[name][kept], 2 * vector[kept], atol=1e-5)


# ---- a weight a model

WEIGHTS = st.lists(st.floats(-2, 2, allow_subnormal=False), min_size=2, max_size=4)


@settings(deadline=None, max_examples=25)
@given(WEIGHTS)
def test_task_arithmetic_adds_each_task_vector_by_its_own_scale(scales):
    models = tuned(BASE, *range(1, len(scales) + 1))
    merged = merging.merge("task_arithmetic", BASE, models, {"scale": scales})
    assert close(textbook(models, lambda found, name: sum(map(np.multiply, scales, found))), merged)


@settings(deadline=None, max_examples=25)
@given(WEIGHTS.filter(lambda weights: abs(sum(weights)) > 0.1))
def test_weight_avg_is_the_weighted_mean_of_the_weights(weights):
    models = tuned(BASE, *range(1, len(weights) + 1))
    merged = merging.merge("weight_avg", BASE, models, {"weights": weights})
    for name in BASE:
        mean = np.average([model[name].double().numpy() for model in models.values()], axis=0, weights=weights)
        assert np.allclose(merged[name].numpy(), mean, atol=1e-5)


def test_dare_scales_and_drops_each_model_by_its_own():
    models, drops, scales = tuned(BASE, 1, 2), [0.2, 0.6], [1.5, -0.5]

    def drawn(found, name):
        total = 0
        for task, vector, drop, scale in zip("ab", found, drops, scales, strict=True):
            stream = torch.Generator().manual_seed(seed_for("dare", task, name, seed=0))
            kept = torch.rand(vector.shape, generator=stream, dtype=torch.float64).numpy() >= drop
            total = total + scale * vector * kept / (1 - drop)
        return total / 2

    assert close(textbook(models, drawn), merging.merge("dare", BASE, models, {"drop": drops, "scale": scales}))


@pytest.mark.parametrize(("method", "key"), TAKING)
def test_equal_values_are_the_one_value(method, key):
    models = tuned(BASE, 1, 2, 3)
    plain = merging.parameters(method)[key]
    value = 1.0 if plain is None else plain
    assert close(merging.merge(method, BASE, models), merging.merge(method, BASE, models, {key: [value] * 3}))


@pytest.mark.parametrize(("method", "key"), TAKING)
def test_values_follow_their_model_in_any_order(method, key):
    models, values = tuned(BASE, 1, 2, 3), dict(zip("abc", (0.2, 0.3, 0.5), strict=True))
    first = merging.merge(method, BASE, models, {key: values})
    assert not close(first, merging.merge(method, BASE, models, {key: dict(zip("cab", values.values(), strict=True))}))
    for order in permutations(models):
        listed = [values[task] for task in order]
        assert same(first, merging.merge(method, BASE, {task: models[task] for task in order}, {key: listed}))


def test_weights_that_sum_to_nothing_have_no_mean():
    models = tuned(BASE, 1, 2, 3)
    for weights in ([0, 0, 0], [0.1, 0.2, -0.3]):
        with pytest.raises(MergecastError, match="'weight_avg': the weights sum to 0"):
            merging.merge("weight_avg", BASE, models, {"weights": weights})


@pytest.mark.parametrize(
    ("method", "given", "words"),
    [
        ("task_arithmetic", {"scale": [0.7]}, ["'scale' has length 1 for 2 models"]),
        ("task_arithmetic", {"scale": []}, ["'scale' has length 0 for 2 models"]),
        ("task_arithmetic", {"scale": [0.7, "much"]}, ["'scale' is [0.7, 'much']", "a list of one for each model"]),
        ("task_arithmetic", {"scale": [0.7, float("inf")]}, ["'scale' is [0.7, inf]", "finite"]),
        ("task_arithmetic", {"scale": [0.7, True]}, ["'scale' is [0.7, True]"]),
        ("task_arithmetic", {"scale": {"a": 0.7}}, ["'scale' and the models differ in 'b'", "a, b"]),
        ("task_arithmetic", {"scale": {"a": 0.7, "b": 0.1, "c": 0.2}}, ["differ in 'c'"]),
        ("weight_avg", {"weights": [1, 2, 3]}, ["'weights' has length 3 for 2 models"]),
        ("weight_avg", {"weights": 0.5}, ["'weights' is 0.5", "null, or a list"]),
        ("dare", {"drop": [0.5, 1.0]}, ["'drop' is [0.5, 1.0]", "below 1"]),
        ("weighted_ties", {"keep": [0.5, 0]}, ["'keep' is [0.5, 0]", "above 0"]),
        ("ties", {"scale": [0.5, 0.5]}, ["'scale' is [0.5, 0.5]", "give a finite number"]),
    ],
)
def test_bad_values_are_named_in_one_line(method, given, words):
    with pytest.raises(MergecastError) as caught:
        merging.merge(method, BASE, tuned(BASE, 1, 2), given)
    message = str(caught.value)
    assert "\n" not in message and method in message and all(word in message for word in words), message


# ---- weighted_ties


def elected(found, keep, weights, normalize, scale):
    """Trim, weigh, elect, add, entry after entry."""
    rows = []
    for vector, share, weight in zip(found, keep, weights, strict=True):
        sizes = np.sort(np.abs(vector).astype(np.float32), axis=None)[::-1]
        least = sizes[max(1, int(share * vector.size + 1e-9)) - 1]
        rows.append(weight * np.where(np.abs(vector).astype(np.float32) >= least, vector, 0))
    result = np.zeros(found[0].size)
    for place, entries in enumerate(zip(*(row.ravel() for row in rows), strict=True)):
        sign = 1 if sum(entries) >= 0 else -1
        agree = [number for number, entry in enumerate(entries) if entry * sign > 0]
        total, divisor = sum(entries[number] for number in agree), sum(weights[number] for number in agree)
        result[place] = scale * (total / divisor if normalize and divisor else total)
    return result.reshape(found[0].shape)


@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("weights", [[0.7, 0.3, 0.5], [1.0, -0.4, 0.2]])
@pytest.mark.parametrize("keep", [[0.2, 0.2, 0.2], [1.0, 0.5, 0.1]])
def test_weighted_ties_is_what_the_textbook_gives(keep, weights, normalize):
    models = tuned(BASE, 1, 2, 3)
    options = {"keep": keep, "weights": weights, "normalize": normalize, "scale": 0.8}
    expected = textbook(models, lambda found, name: elected(found, keep, weights, normalize, 0.8))
    assert close(expected, merging.merge("weighted_ties", BASE, models, options))


def test_weighted_ties_without_weights_is_ties():
    models = tuned(BASE, 1, 2, 3)
    for keep in (0.2, 1.0):
        expected = merging.merge("ties", BASE, models, {"keep": keep, "scale": 0.6})
        assert close(expected, merging.merge("weighted_ties", BASE, models, {"keep": keep, "scale": 0.6}))


def test_weighted_ties_gives_cancelled_entries_a_plus():
    models = {"a": single([1.0, -2.0], "visual.b"), "b": single([-1.0, -3.0], "visual.b")}
    merged = merging.merge("weighted_ties", single([0.0, 0.0], "visual.b"), models, {"keep": 1})
    assert merged["visual.b"].tolist() == [1.0, -2.5]


def test_weights_that_cancel_divide_nothing():
    models = {"a": single([1.0], "visual.b"), "b": single([-1.0], "visual.b")}
    options = {"keep": 1, "weights": [0.5, -0.5]}
    assert merging.merge("weighted_ties", single([0.0], "visual.b"), models, options)["visual.b"].tolist() == [1.0]


def test_weighted_ties_at_random_spares_what_dare_spares():
    models, weights, keep = tuned(BASE, 1, 2), [0.7, 0.3], 0.4
    drawn = {task: step(merging.merge("dare", BASE, {task: model}, {"drop": 0.6}), BASE) for task, model in models.items()}
    options = {"keep": keep, "weights": weights, "mask": "random", "normalize": False}
    merged = step(merging.merge("weighted_ties", BASE, models, options), BASE)
    for name in BASE:
        terms = np.stack([weight * drawn[task][name].numpy() for task, weight in zip("ab", weights, strict=True)])
        sign = np.where(terms.sum(0) >= 0, 1, -1)
        assert np.allclose(merged[name].numpy(), np.where(terms * sign > 0, terms, 0).sum(0), atol=1e-5)


def test_random_entries_are_of_the_share_asked_for():
    base = {MATRIX: torch.zeros(100, 100)}
    models = {"a": {MATRIX: torch.ones(100, 100)}, "b": {MATRIX: torch.zeros(100, 100)}}
    merged = merging.merge("weighted_ties", base, models, {"keep": [0.25, 1.0], "mask": "random"})[MATRIX]
    assert set(merged.unique().tolist()) == {0.0, 4.0}
    # 10,000 draws: 5 standard deviations of the share kept are 0.022.
    assert abs(float((merged > 0).double().mean()) - 0.25) < 0.022
