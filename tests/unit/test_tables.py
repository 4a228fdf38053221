"""Tidy tables, read exactly as written, and put together from results."""

import numpy as np
import pandas as pd
import pytest

from mergecast import tables
from mergecast.errors import MergecastError
from mergecast.files import write_csv


def test_a_table_survives_being_written_and_read_bit_for_bit(tmp_path):
    random = np.random.default_rng(0)
    x = random.standard_normal(3000) * 10.0 ** random.integers(-30, 9, 3000)
    table = pd.DataFrame({"task": ["007", "NA", "null"] * 1000, "x": x})
    write_csv(tmp_path / "t.csv", table)
    pd.testing.assert_frame_equal(tables.read(tmp_path / "t.csv"), table, check_exact=True, check_dtype=False)


def test_a_table_that_is_missing_or_broken_is_named(tmp_path):
    with pytest.raises(MergecastError, match="none.csv: no such table"):
        tables.read(tmp_path / "none.csv")
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n1,2,3,4\n")
    with pytest.raises(MergecastError, match="bad.csv: is not a CSV table"):
        tables.read(tmp_path / "bad.csv")


def test_metrics_have_one_row_a_pair_and_one_column_a_metric():
    values = [
        {"metric": metric, "tasks": pair, "value": value}
        for metric, offset in (("first", 0), ("second", 10))
        for value, pair in enumerate((["a", "b"], ["a", "c"], ["b", "c"]), start=offset)
    ]
    table = tables.metrics(values)
    assert list(table.columns) == ["task_a", "task_b", "first", "second"]
    assert table["second"].tolist() == [10, 11, 12]
    assert table[["task_a", "task_b"]].values.tolist() == [["a", "b"], ["a", "c"], ["b", "c"]]


def test_merges_have_one_row_a_task_of_every_pair():
    score = {"accuracy": 0.5, "normalised_accuracy": 0.6, "loss": 1.0, "n_images": 7, "fine_tuned_accuracy": 0.8}
    table = tables.merges([{"tasks": ["a", "b"], "method": "ties", "results": {"a": score, "b": score}}])
    assert table["task"].tolist() == ["a", "b"]
    assert list(table.columns) == tables.MERGES


def test_checkpoints_have_one_row_a_task():
    score = {"accuracy": 0.5, "loss": 1.0}
    single = {
        "task": "a", "zero_shot": {"accuracy": 0.25, "loss": 2.0}, "fine_tuned": score, "chance_accuracy": 0.1, "n_classes": 10,
        "n_test_images": 7, "task_vector_norm": 3.0, "relative_norm": 0.1, "source": "digits",
        "inputs": {"base": "def", "checkpoints": {"a": "abc"}},
    }  # fmt: skip
    table = tables.checkpoints([single])
    assert list(table.columns) == tables.CHECKPOINTS
    assert (
        table.loc[0, "zero_shot_accuracy"] == 0.25
        and (table.loc[0, ["checkpoint_sha256", "base_sha256"]] == ["abc", "def"]).all()
    )
