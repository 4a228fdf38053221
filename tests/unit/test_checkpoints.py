"""Checkpoints: opened by memory map, checked, hashed, written whole."""

import math
import tempfile
from pathlib import Path

import pytest
import safetensors.torch
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open

from mergecast.errors import MergecastError
from mergecast.models import checkpoints
from mergecast.models.checkpoints import State, content_hash, open_checkpoint, save
from mergecast.models.external.opened import open_any
from mergecast.models.state import BUFFERS, parts


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


def test_the_workflow_takes_image_towers_and_the_shell_any_architecture(tmp_path):
    save(tmp_path / "text.safetensors", {"model.layers.0.mlp.up_proj.weight": torch.zeros(2, 2)})
    with pytest.raises(
        MergecastError, match=r"text.safetensors: has no tensor named 'visual.\*'; give an OpenCLIP visual tower"
    ):
        open_checkpoint(tmp_path / "text.safetensors")
    assert list(open_any(tmp_path / "text.safetensors")) == ["model.layers.0.mlp.up_proj.weight"]


@pytest.mark.parametrize("shape", [(4,), (0, 3)])
def test_a_file_without_weights_is_refused(shape, tmp_path):
    save(tmp_path / "ids.safetensors", {"position_ids": torch.zeros(4).long(), "empty": torch.zeros(shape)[:0]})
    with pytest.raises(MergecastError, match=r"ids.safetensors: holds no weights, .*bfloat16.*; give a checkpoint"):
        open_checkpoint(tmp_path / "ids.safetensors")


# float4 and 6 are read by their names in a header alone, which is all that is looked at.
OTHERS = {"float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2", "float8_e8m0fnu": "F8_E8M0", "complex64": "C64"}


@pytest.mark.parametrize("dtype", OTHERS)
def test_a_type_that_is_neither_of_weights_nor_of_buffers_is_named_before_any_number_is_read(dtype, state, base, tmp_path):
    path, odd = tmp_path / "model.safetensors", {**state, "visual.proj": state["visual.proj"].to(getattr(torch, dtype))}
    odd["visual.ln_post.weight"] = torch.full((6,), math.nan)  # comes before it by name
    safetensors.torch.save_file(odd, path)
    line = f"{path}: tensor 'visual.proj' has type {OTHERS[dtype]}, which is not read; save it as float32, bfloat16 or float16"
    for against in (base, None):
        with pytest.raises(MergecastError) as raised:
            open_checkpoint(path, against)
        assert str(raised.value) == line
    assert next(checkpoints.faults(odd)).startswith(f"tensor 'visual.proj' has type torch.{dtype}, which is not read")


def test_types_of_less_than_a_byte_are_named(tmp_path):
    header = b'{"w":{"dtype":"F4","shape":[2,2],"data_offsets":[0,2]}}'
    (tmp_path / "f4.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(2))
    with pytest.raises(MergecastError, match="f4.safetensors: tensor 'w' has type F4, which is not read; save it as"):
        open_checkpoint(tmp_path / "f4.safetensors")


@pytest.mark.parametrize("dtype", [*BUFFERS.values()])
def test_buffers_may_be_of_any_value_but_stay_buffers(dtype, state, tmp_path):
    ids = torch.arange(4).to(dtype)
    save(tmp_path / "base.safetensors", state | {"ids": ids})
    base = open_checkpoint(tmp_path / "base.safetensors")
    save(tmp_path / "a.safetensors", state | {"ids": ids.flip(0) if dtype.is_signed else ids.clone()})
    assert open_checkpoint(tmp_path / "a.safetensors", base).dtype("ids") is dtype
    save(tmp_path / "b.safetensors", state | {"ids": torch.zeros(4)})
    with pytest.raises(
        MergecastError, match=f"b.safetensors: tensor 'ids' has type torch.float32, in the base .* {dtype}; one"
    ):
        open_checkpoint(tmp_path / "b.safetensors", base)


def test_a_file_that_is_replaced_while_it_is_read_is_named(state, tmp_path):
    save(tmp_path / "a.safetensors", state)
    opened = open_checkpoint(tmp_path / "a.safetensors")
    save(tmp_path / "a.safetensors", {name: tensor + 1 for name, tensor in state.items()})
    with pytest.raises(MergecastError, match="a.safetensors: was changed while it was read; run again"):
        opened["visual.proj"]
    (tmp_path / "a.safetensors").unlink()
    with pytest.raises(MergecastError, match="a.safetensors: tensor 'visual.proj' cannot be read"):
        opened["visual.proj"]


@given(st.integers(1, 40), st.integers(1, 12))
def test_pieces_put_together_are_the_tensor(count, size):
    states = [{"w": torch.arange(float(count))}, {"w": -torch.arange(float(count)).view(1, count)}]
    pieces = [torch.cat(each) for each in zip(*parts(states, "w", size), strict=True)]
    assert torch.equal(pieces[0], states[0]["w"]) and torch.equal(pieces[1], -states[0]["w"])


def test_norms_are_those_of_the_flat_vector(state):
    flat = torch.cat([tensor.reshape(-1) for tensor in state.values()]).double()
    assert checkpoints.norm(state) == pytest.approx(float(flat.norm()), rel=1e-12)
    doubled = {name: 2 * tensor for name, tensor in state.items()}
    assert checkpoints.task_vector_norm(state, doubled) == pytest.approx(float(flat.norm()), rel=1e-7)


def test_norms_are_of_weights_and_the_same_in_pieces(state, monkeypatch):
    flat = torch.cat([tensor.reshape(-1) for tensor in state.values()]).double()
    monkeypatch.setattr(checkpoints, "PIECE", 5)
    with_buffer = state | {"position_ids": torch.full((9,), 77), "empty": torch.zeros(0, 3)}
    assert checkpoints.norm(with_buffer) == pytest.approx(float(flat.norm()), rel=1e-12)
    doubled = {name: 2 * tensor for name, tensor in with_buffer.items()}
    assert checkpoints.task_vector_norm(with_buffer, doubled) == pytest.approx(float(flat.norm()), rel=1e-12)


def test_matrices_are_linear_maps_and_the_projection_is_turned(state):
    assert [name for name in state if checkpoints.is_matrix(name, state[name])] == ["visual.proj"]
    assert checkpoints.oriented("visual.proj", state["visual.proj"]).shape == (4, 6)
    assert not checkpoints.is_matrix("visual.proj", torch.zeros(0, 4))
    assert not checkpoints.is_matrix("visual.proj", torch.zeros(3, 4).long())


@pytest.mark.parametrize(
    "name",
    [
        "visual.positional_embedding",
        "token_embedding.weight",
        "model.embed_tokens.weight",
        "lm_head.weight",
        "transformer.wte.weight",
        "wpe.weight",
        "shared.weight",
        "bert.embeddings.word_embeddings.weight",
        "bert.embeddings.token_type_embeddings.weight",
        "model.decoder.embed_positions.weight",
        "gpt_neox.embed_in.weight",
        "embed_out.weight",
        "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight",
    ],
)
def test_tables_of_vectors_are_no_matrices(name):
    assert not checkpoints.is_matrix(name, torch.zeros(3, 2))


@pytest.mark.parametrize(
    "name", ["model.layers.0.mlp.shared.up_proj.weight", "embeddings.projection.weight", "pre_wte.weight", "lm_head.dense"]
)
def test_only_the_last_part_of_a_name_says_that_it_is_an_embedding(name):
    assert checkpoints.is_matrix(name, torch.zeros(3, 2))


def test_a_base_may_say_itself_what_its_embeddings_are_called(tmp_path):
    save(tmp_path / "base.safetensors", {"output.weight": torch.ones(3, 2), "wte.weight": torch.ones(3, 2)})
    base = open_any(tmp_path / "base.safetensors")
    assert checkpoints.matrices(base) == ["output.weight"]
    base.embeddings = {"output"}
    assert checkpoints.matrices(base) == ["wte.weight"]
    base.embeddings = ()
    assert checkpoints.matrices(base) == ["output.weight", "wte.weight"]


def test_what_the_metrics_look_at_is_counted():
    language = {
        "model.embed_tokens.weight": torch.ones(7, 3),
        "model.layers.0.mlp.up_proj.weight": torch.ones(5, 3),
        "model.norm.weight": torch.ones(3),
        "model.position_ids": torch.arange(4),
        "model.nothing": torch.ones(0, 3),
    }
    counts = {"tensors": 3, "matrices": 1, "embeddings": 1, "parameters": 39, "left_out": 2}
    assert checkpoints.seen(language) == counts
    clip = {"visual.proj": torch.ones(3, 2), "text_projection": torch.ones(3, 2), "logit_scale": torch.ones(())}
    assert checkpoints.weights(clip) == ["visual.proj"]
    assert checkpoints.seen(clip) == {"tensors": 1, "matrices": 1, "embeddings": 0, "parameters": 6, "left_out": 2}


@pytest.mark.parametrize("prefix", ["", "transformer."])
def test_gpt2_stores_its_matrices_turned_and_those_of_its_names_that_do_not_are_left(prefix):
    block = f"{prefix}h.11."
    shapes = {"attn.c_attn": (4, 12), "attn.c_proj": (4, 4), "mlp.c_fc": (4, 16), "mlp.c_proj": (16, 4)}  # (in, out)
    gpt2 = {f"{block}{name}.weight": torch.randn(shape) for name, shape in shapes.items()}
    linear = {name: tensor.T for name, tensor in gpt2.items()}
    for name, tensor in gpt2.items():
        assert torch.equal(checkpoints.oriented(name, tensor, gpt2), tensor.T)
        assert torch.equal(checkpoints.oriented(name, tensor), tensor.T)
        assert torch.equal(checkpoints.oriented(name, tensor.T, linear), tensor.T)
    openclip = "visual.transformer.resblocks.0.mlp.c_fc.weight"
    assert checkpoints.oriented(openclip, torch.zeros(16, 4)).shape == (16, 4)
