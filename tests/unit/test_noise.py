"""What part of the spread over pairs is chance of the test images, against closed forms and limits."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mergecast import tables
from mergecast.analysis.noise.table import noise
from mergecast.files import pack_bits, unpack_bits

TASKS, IMAGES = "abcdefgh", 200


@given(st.lists(st.booleans(), min_size=1, max_size=70))
def test_bits_come_back_as_they_were(flags):
    np.testing.assert_array_equal(unpack_bits(pack_bits(np.array(flags)), len(flags)), flags)


def correct(right) -> pd.DataFrame:
    """The table, read back from its text: `right(pair or None, task)` says which images are right."""
    rows = [("fine_tuned", None, None, task, IMAGES, pack_bits(right(None, task))) for task in TASKS]
    rows += [("tsv", *pair, task, IMAGES, pack_bits(right(pair, task))) for pair in combinations(TASKS, 2) for task in pair]
    return pd.DataFrame(rows, columns=tables.CORRECT)


def test_where_images_are_right_by_chance_alone_all_is_noise():
    random = np.random.default_rng(0)
    (row,) = noise(correct(lambda pair, task: random.random(IMAGES) < 0.5), "accuracy", ["tsv"]).itertuples()
    assert row.noise_share > 0.6 and row.highest_r < 0.63 and (row.n_pairs, row.least_images) == (28, IMAGES)


def test_independent_images_have_the_noise_of_the_binomial():
    """Var of a mean of two accuracies of n images: p(1 − p) / 2n."""
    random, level = np.random.default_rng(1), {pair: 0.3 + 0.4 * i / 27 for i, pair in enumerate(combinations(TASKS, 2))}
    table = correct(lambda pair, task: random.random(IMAGES) < (level[pair] if pair else 1))
    (row,) = noise(table, "accuracy", ["tsv"]).itertuples()
    p = np.array(list(level.values()))
    assert row.noise_sd == pytest.approx(np.sqrt((p * (1 - p)).mean() / (2 * IMAGES)), rel=0.08)
    assert row.sd == pytest.approx(np.sqrt(p.var() + (p * (1 - p)).mean() / (2 * IMAGES)), rel=0.15)
    assert row.noise_share == pytest.approx((row.noise_sd / row.sd) ** 2) and row.highest_r == pytest.approx(
        np.sqrt(1 - row.noise_share)
    )


def test_what_all_models_of_a_task_share_moves_pairs_less_than_if_each_had_images_of_its_own():
    """Every merge is right on the same images of a task: pairs differ by their tasks alone.

    Over the pairs of T tasks the mean of two shared errors of variance s² has the variance s²(T − 2)/2T; the mean of two
    errors of the pair's own has s²/2, less its mean over pairs.
    """
    easy = {task: np.arange(IMAGES) < 40 + 20 * i for i, task in enumerate(TASKS)}
    (shared,) = noise(correct(lambda pair, task: easy[task]), "accuracy", ["tsv"]).itertuples()
    random = np.random.default_rng(2)
    apart = correct(lambda pair, task: random.permutation(easy[task]))
    (alone,) = noise(apart, "accuracy", ["tsv"]).itertuples()
    assert shared.sd == pytest.approx(alone.sd) and (shared.noise_sd / alone.noise_sd) ** 2 == pytest.approx(
        (6 / 16) / (27 / 56), rel=0.1
    )
    (ratio,) = noise(correct(lambda pair, task: easy[task]), "normalised_accuracy", ["tsv"]).itertuples()
    assert ratio.noise_sd == 0 and np.isnan(ratio.noise_share), "a merge that is its fine-tuned model keeps all, in any draw"


def test_the_table_says_of_every_model_which_images_it_was_right_on():
    text = pack_bits(np.array([True, False, True]))
    one = {"task": "a", "n_test_images": 3, "fine_tuned": {"right": text}}
    merge = {"tasks": ["a", "b"], "method": "tsv", "results": {"a": {"n_images": 3, "right": text, "accuracy": 2 / 3}}}
    table = tables.correct([one], [merge])
    assert list(table.columns) == tables.CORRECT and list(table.method) == [tables.FINE_TUNED, "tsv"]
    assert (
        list(table.right) == [text, text] and list(table.task) == ["a", "a"] and table.task_a.isna().tolist() == [True, False]
    )


def test_a_model_that_is_right_on_a_handful_of_images_does_not_swallow_all_variance():
    """Its ratio has no variance to speak of, since a draw may hold none of these images: noise is of first order."""
    few = np.arange(IMAGES) < 4
    random = np.random.default_rng(0)

    def right(pair, task):
        if task != "a":
            return random.random(IMAGES) < 0.8
        return few if pair is None else few & (random.random(IMAGES) < 0.5)

    row = noise(correct(right), "normalised_accuracy", ["tsv"]).iloc[0]
    # A pair of a: half of ±(s.d. of 4 of 200) / 4 ~ 0.5·√(½·½/4)·…: well below 1, and what is left can be forecast.
    assert 0 < row.noise_sd < 0.25 and 0 < row.noise_share < 1
