"""Scores of forecasts that are learnt on one half of the test images and scored on the other."""

import numpy as np
import pytest

import synthetic
from mergecast.analysis.split_half import section
from mergecast.analysis.split_half import table as split_half
from mergecast.files import pack_bits, unpack_bits
from mergecast.tables.setting import Setting


@pytest.fixture(scope="module")
def images():
    """Tables of eight tasks whose accuracies are those of their bits."""
    return synthetic.tables(tasks=8, methods=("tsv", "ties"))


def test_halves_are_the_accuracies_on_either_half_of_a_tasks_images(images):
    first, second = split_half.halves(images["correct"], images["merges"], seed=0)
    for values in (first, second):
        assert values["accuracy"].shape == (len(images["merges"]),) and (values["normalised_accuracy"] >= 0).all()
    bits = {key: unpack_bits(text, 64) for *key, text in images["correct"][
        ["method", "task_a", "task_b", "task", "right"]].itertuples(index=False) for key in [tuple(key)]}  # fmt: skip
    for row, place in zip(images["merges"].itertuples(), range(30), strict=False):
        whole = np.mean(bits[row.method, row.task_a, row.task_b, row.task])
        assert (first["accuracy"][place] + second["accuracy"][place]) / 2 == pytest.approx(whole)
    assert not np.array_equal(first["accuracy"], second["accuracy"])


def test_split_half_scores_hold_no_chance_that_both_sides_share(images):
    """Targets of nothing but chance: what was measured on one half says nothing of the other, and no forecast does."""
    random = np.random.default_rng(0)
    correct = images["correct"].copy()
    correct["right"] = [pack_bits(random.random(64) < 0.6) for _ in range(len(correct))]
    tasks = list(images["checkpoints"].task)
    found = split_half.split_half(images | {"correct": correct}, ["ridge", "train_mean"], ["tsv", "ties"], tasks, "accuracy")
    by = found.groupby("predictor").q2.mean()
    assert by["measured"] < -0.5, "as far off as two independent measurements are"
    assert abs(by["train_mean"]) < 0.1 and (found[found.predictor == "train_mean"].q2_same.abs() < 1e-12).all()
    steady = images["correct"].assign(right=[pack_bits(np.full(64, random.random() < 0.7)) for _ in range(len(correct))])
    same = split_half.split_half(images | {"correct": steady}, ["ridge"], ["tsv", "ties"], tasks, "accuracy")
    ridge = same[same.predictor == "ridge"]
    assert ridge.q2.tolist() == pytest.approx(ridge.q2_same.tolist()), "images that are all alike split into equal halves"
    assert list(found.columns) == split_half.COLUMNS
    shown = section.section(Setting("tiny_AdamW", {"split_half": found}))
    assert "train_mean has Q²" in shown.words[0] or "ridge has Q²" in shown.words[0]
    assert len(shown.tables[0].rows) == 3
