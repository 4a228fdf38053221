"""Checkpoints made elsewhere: read safely, whatever their layout the same tower, and refused by name."""

import math

import pytest
import torch

from layouts import LAYOUTS, WRITERS, behind, to_huggingface
from mergecast.errors import MergecastError
from mergecast.models import bases, checkpoints, encoders, external
from mergecast.models.checkpoints import State
from mergecast.models.external.architecture import candidates, measured
from mergecast.models.external.checkpoint import read_checkpoint
from mergecast.models.external.layouts import to_openclip
from mergecast.models.external.reading import File, read

MODEL = "tiny-clip"


@pytest.fixture(scope="module")
def clip():
    return encoders.new_clip(MODEL, seed=1)


@pytest.fixture
def state(clip):
    """All tensors of a CLIP, under OpenCLIP's names."""
    return {name: tensor.clone() for name, tensor in clip.state_dict().items()}


@pytest.fixture
def tower(state):
    return {name: tensor for name, tensor in state.items() if name.startswith("visual.")}


@pytest.fixture
def base(tmp_path, clip):
    """A base of the same model with other weights."""
    encoders.save_clip(tmp_path / "clip.safetensors", encoders.new_clip(MODEL, seed=2), MODEL)
    encoders.save_visual(tmp_path / "base.safetensors", tmp_path / "clip.safetensors")
    return State(tmp_path / "base.safetensors")


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_in_every_format_gives_the_same_tower_bit_for_bit(layout, name, state, tower, base, tmp_path):
    WRITERS[name](tmp_path / name, LAYOUTS[layout](state))
    found = read_checkpoint(tmp_path / name, base)
    assert found.layout == layout and found.format == ("safetensors" if name.endswith(".safetensors") else "pickle")
    assert found.left_out == len(LAYOUTS[layout](state)) - len(LAYOUTS[layout](tower))
    assert checkpoints.content_hash(found.state) == checkpoints.content_hash(tower)


def test_position_ids_and_what_openai_adds_are_no_weights(state, tower, base, tmp_path):
    text = {name: tensor for name, tensor in state.items() if name not in tower}
    ids = {"vision_model.embeddings.position_ids": torch.arange(17)[None]}
    sizes = {"input_resolution": torch.tensor(32), "context_length": torch.tensor(16)}
    for tensors, left_out in ((to_huggingface(state) | ids, to_huggingface(text)), (state | sizes, text)):
        torch.save(tensors, tmp_path / "model.pt")
        found = read_checkpoint(tmp_path / "model.pt", base)
        assert checkpoints.content_hash(found.state) == checkpoints.content_hash(tower)
        assert found.left_out == len(left_out), "what is no weight is not counted"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_full_size_shapes_of_vit_b_32_go_round(layout):
    """Every tensor of ViT-B-32 on torch's meta device: names and shapes without half a gigabyte of numbers."""
    with torch.device("meta"):
        visual = encoders.library().model.VisionTransformer(224, 32, 768, 12, 12, 4.0, output_dim=512)
        text = encoders.library().transformer.TextTransformer(77, 49408, 512, 8, 12, output_dim=512)
    tensors = behind("visual.", visual.state_dict()) | text.state_dict() | {"logit_scale": torch.empty((), device="meta")}
    found = to_openclip(File("b32", "safetensors", LAYOUTS[layout](tensors), {})).state
    shapes = {name: tuple(tensor.shape) for name, tensor in found.items()}
    assert shapes == {name: tuple(tensor.shape) for name, tensor in tensors.items() if name.startswith("visual.")}
    assert len(shapes) == 152 and sum(map(math.prod, shapes.values())) == 87_849_216
    described = measured(shapes)
    assert described == {"width": 768, "layers": 12, "patch_size": 32, "image_size": 224, "features": 512}
    assert candidates(described)[:2] == ["ViT-B-32", "ViT-B-32-quickgelu"]


def test_half_precision_is_raised_to_float32_and_bfloat16_is_kept(tower, base, tmp_path):
    for kind in (torch.float16, torch.bfloat16):
        checkpoints.save(tmp_path / "half.safetensors", {name: tensor.to(kind) for name, tensor in tower.items()})
        found = read_checkpoint(tmp_path / "half.safetensors", base)
        kept = torch.float32 if kind is torch.float16 else kind
        assert {tensor.dtype for tensor in found.state.values()} == {kept}
        assert found.upcast == (len(tower) if kind is torch.float16 else 0)
        assert all(torch.equal(found.state[name], tower[name].to(kind).to(kept)) for name in tower)


def test_tensors_that_share_memory_in_a_pickle_are_brought_as_tensors_of_their_own(tower, base, tmp_path):
    flat = torch.arange(2 * 96.0)
    tied = tower | {"visual.ln_pre.weight": flat[:96], "visual.ln_pre.bias": flat[96:], "visual.ln_post.weight": flat[:96]}
    torch.save(tied, tmp_path / "tied.pt")
    found = read_checkpoint(tmp_path / "tied.pt", base).state
    checkpoints.save(tmp_path / "out.safetensors", found)
    assert checkpoints.content_hash(State(tmp_path / "out.safetensors")) == checkpoints.content_hash(tied)


def test_the_origin_of_a_checkpoint_is_told(tower, base, tmp_path):
    checkpoints.save(tmp_path / "theirs.safetensors", tower, {"by": "them"})
    told = read_checkpoint(tmp_path / "theirs.safetensors", base).provenance(base)
    assert told["base_sha256"] == checkpoints.content_hash(base) and told["model"] == MODEL
    assert list(told["sources"]) == ["theirs.safetensors"] and len(told["sources"]["theirs.safetensors"]) == 64
    assert told["source_header"] == '{"by": "them"}' and told["source_layout"] == "OpenCLIP visual tower"


class Trap:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def sprung(folder, state):
    torch.save(state | {"visual.proj": Trap(folder / "sprung")}, folder / "model.pt")


def whole_object(folder, state):
    torch.save(encoders.new_clip(MODEL), folder / "model.pt")


def program(folder, state):
    torch.jit.script(torch.nn.Linear(2, 2)).save(folder / "model.pt")


def cut(folder, state):
    torch.save(state, folder / "model.pt")
    (folder / "model.pt").write_bytes((folder / "model.pt").read_bytes()[:-1000])


def noise(folder, state):
    (folder / "model.pt").write_bytes(bytes(range(256)) * 8)


def saved(change):
    return lambda folder, state: torch.save(change(state), folder / "model.pt")


BAD = {
    "a hostile pickle": (sprung, "asks to run io.open, which was not done"),
    "a pickled model": (whole_object, "asks to run open_clip.model.CLIP, which was not done"),
    "a TorchScript program": (program, "is a TorchScript program"),
    "a file cut short": (cut, "cannot be read as plain tensors"),
    "no pickle at all": (noise, "cannot be read as plain tensors"),
    "no file": (lambda folder, state: None, "no such file"),
    "a list": (saved(lambda state: [1, 2]), "something else than named tensors"),
    "nothing": (saved(lambda state: {}), "something else than named tensors"),
    "two state dicts": (saved(lambda state: {"ema": state, "net": state}), "several state dicts ('ema', 'net')"),
    "a sparse tensor": (saved(lambda state: state | {"logit_scale": torch.ones(2, 2).to_sparse()}), "'logit_scale' is sparse"),
    "a name that no tower has": (
        saved(lambda state: {f"visual.{n}": torch.ones(1) for n in ("a", "b", "c", "parametrizations.0")} | state),
        "tensor 'visual.a', 'visual.b', 'visual.c' (4 in all) has no place in a CLIP",
    ),
    "a name that no tower of transformers has": (
        saved(lambda state: to_huggingface(state) | {"vision_model.head.probe": torch.ones(2, 2)}),
        "tensor 'vision_model.head.probe' has no place",
    ),
    "two towers": (
        saved(lambda state: behind("ema.", state) | behind("model.", to_huggingface(state))),
        "holds 2 visual towers, behind 'ema.' and 'model.'; save the one you mean",
    ),
    "one name twice": (
        saved(lambda state: state | {"module.visual.proj": torch.ones(96, 96)}),
        "'module.visual.proj' are one name without its wrappers",
    ),
    "no CLIP": (saved(lambda state: {"resnet.fc": torch.ones(1)}), "holds no visual tower"),
    "a text model of transformers 5": (
        saved(lambda state: {n.removeprefix("text_model."): t for n, t in to_huggingface(state).items() if "text_model" in n}),
        "holds no visual tower",
    ),
    "half a block": (
        saved(lambda state: {n: t for n, t in state.items() if n != "visual.transformer.resblocks.3.mlp.c_fc.weight"}),
        "lacks tensor 'visual.transformer.resblocks.3.mlp.c_fc.weight' (1 in all) of the base",
    ),
    "text alone": (saved(lambda state: {"logit_scale": torch.ones(())}), "holds no visual tower"),
    "a projection that is no matrix": (
        saved(lambda state: to_huggingface(state) | {"visual_projection.weight": torch.ones(96)}),
        "tensor 'visual_projection.weight' is no matrix",
    ),
    "no key": (
        saved(lambda s: {n: t for n, t in to_huggingface(s).items() if "n_model.encoder.layers.1.self_attn.k" not in n}),
        "query, key and value of 'visual.transformer.resblocks.1.attn.in_proj_",
    ),
    "another architecture": (
        saved(lambda state: state | {"visual.positional_embedding": torch.ones(50, 96)}),
        "tensor 'visual.positional_embedding' has shape (50, 96), in the base",
    ),
    "NaN": (saved(lambda state: state | {"visual.proj": torch.full((96, 96), torch.nan)}), "'visual.proj' holds NaN"),
    "integers": (saved(lambda state: state | {"visual.proj": torch.ones(96, 96).long()}), "has type torch.int64"),
}  # fmt: skip


@pytest.mark.parametrize("fault", BAD)
def test_what_cannot_be_brought_is_one_line_that_names_the_file(fault, state, base, tmp_path):
    make, line = BAD[fault]
    make(tmp_path, state)
    with pytest.raises(MergecastError) as raised:
        read_checkpoint(tmp_path / "model.pt", base)
    assert str(raised.value).startswith(f"{tmp_path / 'model.pt'}: ") and line in str(raised.value)
    assert "\n" not in str(raised.value) and "weights_only" not in str(raised.value)
    assert not (tmp_path / "sprung").exists(), "a pickle was executed"


def test_a_recorded_base_must_be_the_base_given(tower, base, tmp_path):
    checkpoints.save(tmp_path / "own.safetensors", tower, {"base_sha256": checkpoints.content_hash(base)})
    checkpoints.save(tmp_path / "other.safetensors", tower, {"base_sha256": "0" * 64})
    read_checkpoint(tmp_path / "own.safetensors", base)
    with pytest.raises(MergecastError, match="other.safetensors: was fine-tuned from another base"):
        read_checkpoint(tmp_path / "other.safetensors", base)


def test_a_file_of_another_kind_is_refused(tmp_path):
    with pytest.raises(MergecastError, match="model.npz: is of no known kind"):
        read(tmp_path / "model.npz")


def test_an_adapter_is_two_files_by_its_folder_or_its_weights(tmp_path):
    (tmp_path / "adapter_model.safetensors").touch()
    both = [str(tmp_path / "adapter_model.safetensors"), str(tmp_path / "adapter_config.json")]
    assert external.files(tmp_path) == external.files(both[0]) == both
    (tmp_path / "adapter_model.safetensors").rename(tmp_path / "adapter_model.bin")
    assert external.files(tmp_path) == [str(tmp_path / "adapter_model.bin"), both[1]]
    assert external.files(tmp_path / "model.pt") == [str(tmp_path / "model.pt")]


@pytest.mark.parametrize("name", WRITERS)
def test_a_base_is_taken_from_hugging_faces_layout_with_its_text_tower(name, state, tmp_path):
    WRITERS[name](tmp_path / name, to_huggingface(state))
    assert checkpoints.content_hash(bases.from_file(MODEL, tmp_path / name).state_dict()) == checkpoints.content_hash(state)


def test_a_base_without_a_text_tower_is_refused(tower, tmp_path):
    checkpoints.save(tmp_path / "visual.safetensors", tower)
    with pytest.raises(MergecastError, match="visual.safetensors: tensor 'ln_final.bias' is missing"):
        bases.from_file(MODEL, tmp_path / "visual.safetensors")
