"""Which pairs are merged if not all: the design that makes a mixed model of task effects surest, and the key `measure`."""

from copy import deepcopy
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grid import SMALL
from mergecast.config import settings as config
from mergecast.errors import MergecastError
from mergecast.grid.informative import HARMS, KEEPS, informative
from mergecast.tasks.table import COLUMNS

NAMES = list("abcdefg")
TASKS = {name: dict.fromkeys(COLUMNS, "") | {"task": name, "source": "digits"} for name in "abcdef"}


def variance(names, chosen):
    """The mean variance of all pairs' forecasts, in units of the noise's, by one inversion of the whole system."""
    place = {name: number for number, name in enumerate(names)}
    width = 1 + 2 * len(names)

    def rows(pair):
        made = np.zeros((2, width))
        for side, (kept, other) in enumerate((pair, pair[::-1])):
            made[side, [0, 1 + place[kept], 1 + len(names) + place[other]]] = 1
        return made

    X = np.vstack([rows(pair) for pair in chosen]) if chosen else np.zeros((0, width))
    prior = np.diag([1e-6, *[KEEPS] * len(names), *[HARMS] * len(names)])
    covariance = np.linalg.inv(X.T @ X + prior)
    means = np.array([rows(pair).mean(axis=0) for pair in combinations(names, 2)])
    return float(np.einsum("pd,de,pe->p", means, covariance, means).mean())


@settings(max_examples=20, deadline=None)
@given(st.integers(3, 7), st.integers(0, 5), st.data())
def test_each_pair_lowers_the_variance_most_of_those_that_are_left(tasks, seed, data):
    names = NAMES[:tasks]
    every = list(combinations(names, 2))
    count = data.draw(st.integers(1, len(every)))
    chosen = informative(names, count, seed=seed)
    assert len({*chosen}) == count and {*chosen} <= {*every}
    for number, pair in enumerate(chosen):
        before = chosen[:number]
        reached = variance(names, [*before, pair])
        assert all(reached <= variance(names, [*before, other]) * (1 + 1e-9) for other in {*every} - {*before})


@given(st.permutations(NAMES), st.integers(0, 3))
def test_the_choice_grows_and_does_not_depend_on_the_order_of_the_tasks(order, seed):
    ten, six = (informative(NAMES, count, seed=seed) for count in (10, 6))
    assert ten[:6] == six
    assert [{*pair} for pair in informative(order, 10, seed=seed)] == [{*pair} for pair in ten]


def test_it_is_surer_than_pairs_drawn_at_random():
    every, rng = list(combinations(NAMES, 2)), np.random.default_rng(0)
    ours = variance(NAMES, informative(NAMES, 8, seed=0))
    drawn = [variance(NAMES, [every[place] for place in rng.choice(len(every), 8, replace=False)]) for _ in range(200)]
    assert ours <= min(drawn)


def test_every_task_is_met_before_any_is_met_three_times():
    chosen = informative(list("abcdefgh"), 8, seed=1)
    counts = [sum(task in pair for pair in chosen) for task in "abcdefgh"]
    assert sum(counts) == 16 and max(counts) == min(counts) == 2


# the key


def resolved(measure, **keys):
    setting = SMALL["settings"]["tiny"] | {"measure": measure} | keys
    return config.resolve(deepcopy(SMALL) | {"settings": {"tiny": setting}}, TASKS)["tiny"]


def test_what_is_measured_by_what_the_key_says():
    assert resolved("all").measured == resolved("all").pairs
    assert {*resolved({"pairs": 6}).measured} == {*informative(list(TASKS), 6, seed=0)}
    assert resolved({"tasks": ["d", "a", "b", "c"]}).measured == resolved("all", tasks=list("abcd")).pairs
    some = resolved(["b__a", "c__d", "a__c", "b__d"])
    assert {*some.measured} == {("a", "b"), ("c", "d"), ("a", "c"), ("b", "d")} and some.measured_tasks == tuple("abcd")


def test_pairs_are_measured_row_by_row_whatever_order_they_are_named_in():
    assert resolved(["c__d", "b__d", "a__c", "b__a"]).measured == resolved(["b__a", "a__c", "b__d", "c__d"]).measured


def test_a_setting_that_measures_none_borrows_a_forecaster():
    tiny = SMALL["settings"]["tiny"]
    other = tiny | {"measure": "none", "forecaster": "tiny", "tasks": ["a", "b"]}
    made = config.resolve(deepcopy(SMALL) | {"settings": {"tiny": tiny, "other": other}}, TASKS)["other"]
    assert made.measured == made.predictors == () and made.subsets is None and made.forecaster == "tiny"
    assert made.pairs == (("a", "b"),)


FAULTS = {
    "too few pairs": ({"pairs": 3}, {}, "settings.tiny.measure.pairs: is 3, and 6 tasks have 15 pairs; give 4 to 15"),
    "too many pairs": ({"pairs": 16}, {}, "give 4 to 15"),
    "an unknown task": ({"tasks": ["a", "bee"]}, {}, "settings.tiny.measure.tasks: unknown task 'bee'"),
    "too few tasks": ({"tasks": ["a", "b", "c"]}, {}, "merges 3 tasks; leave-one-task-out needs at least 4"),
    "no pair": (["a__b", "a-c", "b__c", "c__d"], {}, "'a-c' is no pair; write it as A__B"),
    "a pair of one": (["a__b", "c__c", "b__c", "c__d"], {}, "'c__c' is no pair"),
    "an unknown task of a pair": (["a__b", "a__x", "b__c", "c__d"], {}, "'a__x': unknown task 'x'"),
    "a pair twice": (["a__b", "b__a", "b__c", "c__d"], {}, "names a pair twice"),
    "three pairs": (["a__b", "a__c", "b__d"], {}, "names 3 pairs; name 4 different pairs or more"),
    "nothing to learn from": ("none", {}, "measures none, so it cannot learn; add `forecaster:`"),
    "a forecaster of its own": ("none", {"forecaster": "tiny"}, "unknown setting that merges 'tiny'"),
    "a forecaster beside merges": ("all", {"forecaster": "tiny"}, "forecaster: is for a setting with `measure: none`"),
    "pairs that all share a task": (["a__b", "a__c", "a__d", "a__e"], {}, "settings.tiny.splits: split 'loto': every pair has"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_cannot_be_measured_is_one_line(fault):
    measure, keys, message = FAULTS[fault]
    with pytest.raises(MergecastError) as error:
        resolved(measure, **keys)
    assert message in str(error.value) and "\n" not in str(error.value)
