"""Random subsets of the tasks, and the table of their merges."""

from itertools import combinations
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from mergecast import tables
from mergecast.errors import MergecastError
from mergecast.files import write_csv
from mergecast.grid.subsets import draw_subsets

TASKS = tuple("hbadcefg")
names = st.lists(st.text("abcxyz-_.", min_size=1, max_size=4), min_size=2, max_size=9, unique=True)


@given(names, st.data())
def test_subsets_are_distinct_of_the_size_asked_for_and_in_the_order_of_the_tasks(tasks, data):
    size = data.draw(st.integers(2, len(tasks)))
    count = data.draw(st.integers(1, 150))
    found = draw_subsets(tasks, size, count, seed=data.draw(st.integers(0, 9)))
    assert len(found) == min(count, comb(len(tasks), size))
    assert set(found.values()) <= set(combinations(tasks, size)) and len(set(found.values())) == len(found)
    assert list(found) == [f"{number:03}" for number in range(len(found))]


def test_which_subsets_depends_on_the_names_and_the_seed_and_not_on_the_order_of_the_tasks():
    found = draw_subsets(TASKS, 3, 12, seed=0)
    assert found == draw_subsets(list(TASKS), 3, 12, seed=0)
    turned = draw_subsets(TASKS[::-1], 3, 12, seed=0)
    assert {name: set(subset) for name, subset in turned.items()} == {name: set(subset) for name, subset in found.items()}
    assert found != draw_subsets(TASKS, 3, 12, seed=1)
    others = {name: tuple(task.upper() for task in subset) for name, subset in found.items()}
    assert others != draw_subsets([task.upper() for task in TASKS], 3, 12, seed=0)


def test_a_larger_number_keeps_the_subsets_of_a_smaller_one():
    few, many = draw_subsets(TASKS, 3, 12, seed=0), draw_subsets(TASKS, 3, 50, seed=0)
    assert list(many.items())[:12] == list(few.items())


@pytest.mark.parametrize("count", [56, 57, 1000])
def test_all_subsets_come_in_lexicographic_order_where_there_are_no_more(count):
    found = draw_subsets(TASKS, 3, count, seed=0)
    assert ["".join(sorted(subset)) for subset in found.values()] == ["".join(s) for s in combinations(sorted(TASKS), 3)]


def test_every_subset_is_as_likely_as_any_other():
    first = [draw_subsets("abcde", 2, 1, seed=seed)["000"] for seed in range(2000)]
    counts = [first.count(pair) for pair in combinations("abcde", 2)]
    assert sum(counts) == 2000 and chisquare(counts).pvalue > 0.01


@pytest.mark.parametrize("size", [0, 1, 9])
def test_a_subset_needs_two_tasks_and_no_more_than_there_are(size):
    with pytest.raises(MergecastError, match=f"subsets.size is {size}; give a number from 2 to that of the tasks, 8"):
        draw_subsets(TASKS, size, 5, seed=0)


def test_the_table_of_subsets_has_one_row_a_task_of_every_subset_and_keeps_its_names(tmp_path):
    score = {"accuracy": 0.5, "normalised_accuracy": 0.6, "loss": 1.0, "n_images": 7, "fine_tuned_accuracy": 0.8}
    results = [
        {"subset": subset, "tasks": list(subset_tasks), "method": "ties", "results": dict.fromkeys(subset_tasks, score)}
        for subset, subset_tasks in {"000": ("01", "b", "NA"), "001": ("b", "c", "NA")}.items()
    ]
    write_csv(tmp_path / "subsets.csv", tables.subsets(results))
    table = tables.read(tmp_path / "subsets.csv")
    assert list(table.columns) == ["method", "subset", "tasks", "task", "accuracy", "normalised_accuracy"]
    assert table["subset"].tolist() == ["000"] * 3 + ["001"] * 3
    assert table["task"].tolist() == ["01", "b", "NA", "b", "c", "NA"]
    assert table["tasks"].unique().tolist() == ["01|b|NA", "b|c|NA"]
