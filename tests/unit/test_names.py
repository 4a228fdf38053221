"""What models are called: by the user, by their header, file or folder, whatever order they come in."""

from itertools import permutations
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from mergecast.errors import MergecastError
from mergecast.forecasting import inputs
from mergecast.models.names import named


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write(path, task=None):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    save_file({"visual.proj": torch.zeros(1)}, path, {"task": task} if task else None)
    return path


def test_a_model_is_called_by_its_header_or_file_or_folder():
    Path("lora.v2").mkdir()
    models = [write("some_file.safetensors", task="digits"), write("cars.v1.safetensors"), "not_there.pt", "lora.v2"]
    assert list(named(models)) == ["digits", "cars.v1", "not_there", "lora.v2"]


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["cars/finetuned.pt", "signs/finetuned.pt"], ["cars", "signs"]),
        (["cars/finetuned.pt", "signs/finetuned.pt", "digits.pt"], ["cars", "signs", "digits"]),
        (["one/cars/last/model.pt", "one/signs/last/model.pt"], ["cars", "signs"]),
        (["one/cars.pt", "two/cars.pt", "one.pt"], ["one-cars", "two-cars", "one"]),
        (["cars/a.pt", "cars/a.bin"], ["a.pt", "a.bin"]),
        (["cars/a.pt", "cars/a.bin", "signs/a.pt"], None),
        (["a/b/m.pt", "a/c/m.pt", "d/b/m.pt"], ["a-b-m", "a-c-m", "d-b-m"]),
    ],
)
def test_models_of_one_file_name_are_told_apart_by_where_they_lie(paths, names):
    found = named(paths)
    assert len(found) == len(paths) and list(found.values()) == [Path(path) for path in paths]
    if names:
        assert list(found) == names
    for order in permutations(paths):
        assert {path: name for name, path in named(order).items()} == {path: name for name, path in found.items()}


def test_models_of_one_task_are_told_apart_by_their_files():
    assert list(named([write("digits.safetensors"), write("seed2.safetensors", task="digits")])) == ["digits", "seed2"]
    models = [write("one/last.safetensors", task="digits"), write("two/last.safetensors", task="digits")]
    assert list(named(models)) == ["one", "two"]


def test_a_name_is_given_beside_the_path_unless_a_file_is_called_so():
    write("x=1.safetensors", task="letters")
    write("1.safetensors", task="digits")
    assert list(named(["x=1.safetensors", "y=1.safetensors", "lr=0.1/a.pt", "runs/lr=0.1/b.pt"])) == ["letters", "y", "lr", "b"]
    assert named([("cars", "runs/a.pt"), (None, "b.pt")]) == {"cars": Path("runs/a.pt"), "b": Path("b.pt")}


def test_a_name_that_is_given_stays_and_the_other_gives_way():
    assert list(named(["cars=a.pt", "one/cars.pt"])) == ["cars", "one"]


PARTS = st.lists(st.sampled_from(["a", "b", "a-b", "m"]), min_size=1, max_size=3)


@given(st.sets(PARTS.map(lambda parts: "/".join(parts) + ".pt"), min_size=1, max_size=5))
def test_different_files_never_share_a_name(paths):
    assert len(named(sorted(paths))) == len(paths)


@pytest.mark.parametrize(
    ("models", "words"),
    [
        (["a.pt", "a.pt"], "a.pt: is given twice"),
        (["a.pt", "folder/../a.pt"], "is given twice"),
        (["x=a.pt", "y=a.pt"], "is given twice"),
        (["x=a.pt", "x=b.pt"], "two models are called 'x'"),
    ],
)
def test_what_is_one_model_twice_is_refused(models, words):
    with pytest.raises(MergecastError, match=words):
        named(models)


def test_a_forecast_calls_its_checkpoints_alike_and_needs_names_for_a_table():
    assert list(inputs.named(["cars/model.pt", "signs/model.pt"])) == ["cars", "signs"]
    assert list(inputs.named(["x=my model.pt", "b.pt"])) == ["x", "b"]
    copies = [write("novel.safetensors", task="shapes"), write("other.safetensors", task="shapes")]
    assert list(inputs.named(copies)) == ["novel", "other"], "a copy of a study's checkpoint goes by its own name"
    with pytest.raises(MergecastError, match="my model.pt: 'my model' cannot name a task; give NAME=my model.pt"):
        inputs.named(["my model.pt", "b.pt"])
    with pytest.raises(MergecastError, match="1 checkpoint is given; name two or more"):
        inputs.named(["b.pt"])
