"""Safetensors written tensor by tensor: whole files that the library reads, the same bytes each time."""

import hashlib
import os
import subprocess
import sys
import tempfile
import weakref
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from hypothesis import given
from hypothesis import strategies as st

import mergecast
from mergecast.errors import MergecastError
from mergecast.files import SEAL
from mergecast.models.checkpoints import State, content_hash, save
from mergecast.models.state import TYPES
from mergecast.models.writing import layout_of, write

WRITER = """
import sys, torch
from mergecast.models.checkpoints import save
metadata = {key: key for key in {"method", "parameters", "base_sha256", "models", "versions", "task"}}  # a set's order
save(sys.argv[1], {name: torch.ones(3, 2) for name in {"visual.b", "visual.a", "visual.c"}}, metadata)
"""

shapes = st.lists(st.integers(0, 4), max_size=3).map(tuple)
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8).filter(lambda name: name != "__metadata__")


def tensor(dtype: torch.dtype, shape: tuple, seed: int) -> torch.Tensor:
    """Random bytes of any type."""
    stream = torch.Generator().manual_seed(seed)
    if dtype is torch.bool:
        return torch.rand(shape, generator=stream) < 0.5
    size = torch.Size(shape).numel() * dtype.itemsize
    return torch.randint(0, 256, (size,), dtype=torch.uint8, generator=stream).view(dtype).view(shape)


states = st.dictionaries(
    names, st.builds(tensor, st.sampled_from([*TYPES.values()]), shapes, st.integers(0, 99)), min_size=1, max_size=6
)


@given(states, names)
def test_the_bytes_are_those_of_the_librarys_own_writer(state, word):
    with tempfile.TemporaryDirectory() as folder:
        save(Path(folder, "x.safetensors"), state)
        written = Path(folder, "x.safetensors").read_bytes()
        assert written == safetensors.torch.save(state, {SEAL: content_hash(state)})
        save(Path(folder, "x.safetensors"), state, {"task": word})
        read = safetensors.torch.load_file(Path(folder, "x.safetensors"))
        with safetensors.safe_open(Path(folder, "x.safetensors"), "pt") as file:
            assert file.metadata() == {"task": word, SEAL: content_hash(state)}
        assert State(Path(folder, "x.safetensors")).metadata == {"task": word}
    assert read.keys() == state.keys()
    for name, expected in state.items():
        assert (read[name].dtype, read[name].shape) == (expected.dtype, expected.shape)
        assert read[name].reshape(-1).view(torch.uint8).equal(expected.reshape(-1).view(torch.uint8))


def test_two_processes_write_the_same_bytes(tmp_path):
    sums = set()
    for seed in ("1", "2", "3"):
        path = tmp_path / seed / "model.safetensors"
        variables = {**os.environ, "PYTHONPATH": str(Path(mergecast.__file__).parents[1]), "PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, "-c", WRITER, path], env=variables, check=True)
        sums.add(hashlib.sha256(path.read_bytes()).hexdigest())
    assert len(sums) == 1


def test_each_tensor_is_made_once_in_order_and_let_go(tmp_path):
    asked, alive = [], []

    def make(name):
        assert not [memory for memory in alive if memory()], "the one before is still there"
        asked.append(name)
        made = np.ones(100, np.float32)
        alive.append(weakref.ref(made))
        return torch.from_numpy(made)

    write(tmp_path / "x.safetensors", dict.fromkeys("cab", (torch.float32, (100,))), make)
    assert asked == ["a", "b", "c"]
    assert content_hash(State(tmp_path / "x.safetensors")) == content_hash({name: torch.ones(100) for name in "abc"})


def test_a_turned_tensor_is_written_as_it_is_seen(tmp_path):
    seen = torch.arange(6.0).view(2, 3).T
    save(tmp_path / "x.safetensors", {"x": seen})
    assert torch.equal(safetensors.torch.load_file(tmp_path / "x.safetensors")["x"], seen)


def test_nothing_is_left_of_a_file_whose_tensors_fail(tmp_path):
    path, layout = tmp_path / "x.safetensors", {"a": (torch.float32, (2,)), "b": (torch.float32, (2,))}
    path.write_text("old")

    def broken(name):
        if name == "b":
            raise MergecastError("merged tensor 'b' overflows")
        return torch.zeros(2)

    with pytest.raises(MergecastError, match="overflows"):
        write(path, layout, broken)
    with pytest.raises(ValueError, match=r"tensor 'a' is torch.float32 \(3,\), announced"):
        write(path, layout, lambda name: torch.zeros(3))
    assert [file.name for file in tmp_path.iterdir()] == ["x.safetensors"] and path.read_text() == "old"


@pytest.mark.parametrize("dtype", [torch.float8_e4m3fn, torch.complex64])
def test_other_types_are_not_written(dtype, tmp_path):
    with pytest.raises(MergecastError, match=f"tensor 'x' has type {dtype}, which is not written; convert it to float32"):
        save(tmp_path / "x.safetensors", {"x": torch.zeros(2).to(dtype)})
    assert not list(tmp_path.iterdir())


def test_what_a_state_knows_is_not_read(tmp_path):
    save(tmp_path / "x.safetensors", {"x": torch.zeros(2, 3).bfloat16()})

    class Unread(State):
        def __getitem__(self, name):
            raise AssertionError("was read")

    opened = State(tmp_path / "x.safetensors")
    opened.__class__ = Unread
    assert layout_of(opened) == {"x": (torch.bfloat16, (2, 3))}
