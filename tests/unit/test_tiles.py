"""The pair grid and its tiles: every pair is in exactly one tile, and a new task disturbs no finished tile."""

import re
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mergecast.catalogue import is_name
from mergecast.grid import tiles

names = st.lists(st.text("abcxyz-_.", min_size=1, max_size=4), min_size=2, max_size=25, unique=True)
sizes = st.integers(1, 60)
CUTS = pytest.mark.parametrize("cut", [tiles.packed_rows, tiles.divided_rows])


@given(names)
def test_the_pairs_are_those_of_the_tasks_each_once_the_earlier_task_first(tasks):
    assert sorted(tiles.pairs(tasks), key=lambda pair: [*map(tasks.index, pair)]) == list(combinations(tasks, 2))


@given(names)
def test_another_task_appends_its_row_to_the_pairs(tasks):
    assert tiles.pairs([*tasks, "new"]) == tiles.pairs(tasks) + [(task, "new") for task in tasks]


@CUTS
@given(names, sizes)
def test_every_pair_is_in_exactly_one_tile_and_no_tile_is_empty(cut, tasks, size):
    cut_up = cut(tasks, size)
    assert [pair for tile in cut_up for pair in tile] == tiles.pairs(tasks)
    assert all(cut_up)


@given(names, sizes)
def test_another_task_adds_divided_rows_and_changes_none(tasks, size):
    before = tiles.divided_rows(tasks, size)
    assert tiles.divided_rows([*tasks, "new"], size)[: len(before)] == before


@given(names, sizes)
def test_a_divided_row_is_of_one_task_and_no_longer_than_asked_for(tasks, size):
    for tile in tiles.divided_rows(tasks, size):
        assert len(tile) <= size and len({task for _, task in tile}) == 1


@given(names, sizes)
def test_another_task_lengthens_the_last_of_the_packed_rows_or_adds_one(tasks, size):
    before, after = tiles.packed_rows(tasks, size), tiles.packed_rows([*tasks, "new"], size)
    *finished, last = before
    assert after[: len(finished)] == finished and after[len(finished)][: len(last)] == last
    assert len(after) - len(before) in (0, 1)


@given(names, sizes)
def test_packed_rows_are_whole_and_as_many_as_fit(tasks, size):
    packed = tiles.packed_rows(tasks, size)
    for tile in packed:
        counts = [sum(task == other for _, other in tile) for task in {task for _, task in tile}]
        assert sorted(counts) == sorted(tasks.index(task) for task in {task for _, task in tile})
        assert len(tile) <= size or len(counts) == 1
    for tile, following in zip(packed, packed[1:], strict=False):
        assert len(tile) + tasks.index(following[0][1]) > size, "the next row would have fitted"


def test_tiles_of_four_tasks():
    first = [("a", "b"), ("a", "c"), ("b", "c")]
    last = [("a", "d"), ("b", "d"), ("c", "d")]
    assert tiles.packed_rows("abcd", 3) == [first, last]
    assert tiles.packed_rows("abcd", 6) == [first + last]
    assert tiles.divided_rows("abcd", 2) == [[("a", "b")], first[1:], last[:2], last[2:]]
    assert tiles.packed_rows("a", 3) == tiles.divided_rows("a", 3) == tiles.pairs("a") == []


@given(st.lists(st.integers()), st.integers(1, 9))
def test_chunks_are_the_items_in_order_all_but_the_last_full(items, size):
    pieces = tiles.chunks(items, size)
    assert [item for piece in pieces for item in piece] == items
    assert all(len(piece) == size for piece in pieces[:-1]) and all(0 < len(piece) <= size for piece in pieces[-1:])


def test_members_are_in_the_order_asked_for_each_once():
    assert tiles.members([("b", "c"), ("a", "c", "e")], "edcba") == ["e", "c", "b", "a"]
    assert tiles.members([], "abc") == []


@given(st.lists(st.tuples(*[st.text("abc-_.", min_size=1, max_size=4).filter(is_name)] * 2), min_size=2, max_size=2))
def test_names_that_differ_give_words_that_differ(both):
    words = [tiles.identifier("merge", *parts) for parts in both]
    assert all(word.isidentifier() for word in words)
    hexadecimal = any(re.search(r"_[0-9a-f]+_", word) for word in words)  # a task called `2d`: see the docstring
    assert both[0] == both[1] or words[0] != words[1] or hexadecimal


def test_an_underscore_belongs_to_the_name_it_stands_in():
    words = [tiles.identifier("import_checkpoint", *names) for names in (("a", "b_c"), ("a_b", "c"), ("a", "b-c"))]
    assert words == ["import_checkpoint_a_b__c", "import_checkpoint_a__b_c", "import_checkpoint_a_b_2d_c"]
