"""Checkpoints: opened by memory map, checked, hashed, written whole."""

import math
import tempfile
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open

from mergecast.errors import MergecastError
from mergecast.models import checkpoints
from mergecast.models.checkpoints import State, content_hash, open_checkpoint, save


@pytest.fixture
def state():
    generator = torch.Generator().manual_seed(0)
    return {
        "visual.proj": torch.randn(6, 4, generator=generator),
        "visual.positional_embedding": torch.randn(5, 6, generator=generator),
        "visual.ln_post.weight": torch.randn(6, generator=generator),
    }


@pytest.fixture
def base(state, tmp_path):
    save(tmp_path / "base.safetensors", state)
    return open_checkpoint(tmp_path / "base.safetensors")


def test_what_is_saved_is_read_back_with_its_header(state, tmp_path):
    save(tmp_path / "a.safetensors", state, {"task": "shapes", "seed": 3, "recipe": {"steps": 2}})
    opened = open_checkpoint(tmp_path / "a.safetensors")
    assert opened.metadata == {"task": "shapes", "seed": "3", "recipe": '{"steps": 2}'}
    with safe_open(tmp_path / "a.safetensors", "pt") as file:
        assert file.metadata()["content_sha256"] == content_hash(state) == opened.sha256
    assert opened.keys() == state.keys()
    assert all(torch.equal(opened[name], state[name]) for name in state)


def test_the_hash_is_of_the_contents_alone(state, base, tmp_path):
    save(tmp_path / "b.safetensors", dict(reversed(state.items())), {"task": "other"})
    assert content_hash(State(tmp_path / "b.safetensors")) == content_hash(base) == content_hash(state)


@given(st.data())
def test_a_flipped_bit_anywhere_in_the_tensors_is_found(data):
    state = {"visual.proj": torch.arange(6.0).view(3, 2), "visual.half": torch.ones(4, dtype=torch.bfloat16)}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        save(path, state)
        whole = bytearray(path.read_bytes())
        start = 8 + int.from_bytes(whole[:8], "little")
        bit = data.draw(st.integers(8 * start, 8 * len(whole) - 1))
        whole[bit // 8] ^= 1 << bit % 8
        path.write_bytes(whole)
        with pytest.raises(MergecastError, match="model.safetensors: is damaged.*hash that its header states; delete it"):
            State(path)


@given(st.sampled_from(["visual.proj", "visual.ln_post.weight"]), st.integers(0, 5))
def test_the_hash_sees_every_entry(name, index):
    state = {"visual.proj": torch.zeros(3, 2), "visual.ln_post.weight": torch.zeros(6)}
    before = content_hash(state)
    state[name].view(-1)[index] = 1e-30
    assert content_hash(state) != before


def test_the_hash_tells_shapes_and_types_apart():
    flat, square = {"visual.x": torch.zeros(4)}, {"visual.x": torch.zeros(2, 2)}
    assert (
        len({content_hash(flat), content_hash(square), content_hash({"visual.x": torch.zeros(8, dtype=torch.bfloat16)})}) == 3
    )


def faulty(state, change) -> dict:
    state = {name: tensor.clone() for name, tensor in state.items()}
    change(state)
    return state


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_one_entry_that_is_not_finite_is_found_in_every_type(dtype, value):
    tensor = torch.linspace(-1, 1, 5000, dtype=dtype).view(50, 100)
    assert checkpoints.is_finite(tensor) and checkpoints.is_finite(tensor[:0])
    for index in (0, 1234, 4999):
        spoilt = tensor.clone()
        spoilt.view(-1)[index] = value
        assert not checkpoints.is_finite(spoilt)


FAULTS = {
    "lacks tensor 'visual.proj'": lambda state: state.pop("visual.proj"),
    "has tensor 'visual.more'": lambda state: state.update({"visual.more": torch.zeros(1)}),
    r"tensor 'visual.proj' has shape \(4, 6\)": lambda state: state.update({"visual.proj": torch.zeros(4, 6)}),
    "tensor 'visual.proj' holds NaN": lambda state: state["visual.proj"].fill_(math.nan),
    "tensor 'visual.proj' has type torch.int64": lambda state: state.update({"visual.proj": torch.zeros(6, 4).long()}),
}


@pytest.mark.parametrize("line", FAULTS)
def test_a_checkpoint_that_does_not_fit_its_base_is_named(line, state, base, tmp_path):
    save(tmp_path / "model.safetensors", faulty(state, FAULTS[line]))
    with pytest.raises(MergecastError, match=line) as raised:
        open_checkpoint(tmp_path / "model.safetensors", base)
    assert "model.safetensors" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_recorded_base_must_be_the_base_given_and_none_recorded_is_accepted(state, base, tmp_path):
    save(tmp_path / "own.safetensors", state, {"base_sha256": content_hash(base)})
    save(tmp_path / "none.safetensors", state)
    save(tmp_path / "other.safetensors", state, {"base_sha256": "0" * 64})
    open_checkpoint(tmp_path / "own.safetensors", base)
    open_checkpoint(tmp_path / "none.safetensors", base)
    with pytest.raises(MergecastError, match="another base"):
        open_checkpoint(tmp_path / "other.safetensors", base)


def test_a_file_cut_short_and_one_that_is_not_there_are_named(state, tmp_path):
    path = tmp_path / "cut.safetensors"
    save(path, state)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(MergecastError, match="cut.safetensors: is not a whole safetensors file"):
        State(path)
    with pytest.raises(MergecastError, match="none.safetensors: no such file"):
        State(tmp_path / "none.safetensors")


def test_a_file_without_a_visual_tower_is_refused(tmp_path):
    save(tmp_path / "text.safetensors", {"text.proj": torch.zeros(2, 2)})
    with pytest.raises(MergecastError, match="no tensor named 'visual"):
        open_checkpoint(tmp_path / "text.safetensors")


def test_norms_are_those_of_the_flat_vector(state):
    flat = torch.cat([tensor.reshape(-1) for tensor in state.values()]).double()
    assert checkpoints.norm(state) == pytest.approx(float(flat.norm()), rel=1e-12)
    doubled = {name: 2 * tensor for name, tensor in state.items()}
    assert checkpoints.task_vector_norm(state, doubled) == pytest.approx(float(flat.norm()), rel=1e-7)


def test_matrices_are_linear_maps_and_the_projection_is_turned(state):
    assert [name for name in state if checkpoints.is_matrix(name, state[name])] == ["visual.proj"]
    assert checkpoints.oriented("visual.proj", state["visual.proj"]).shape == (4, 6)
