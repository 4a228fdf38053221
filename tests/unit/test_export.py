"""A merge given back in the layout of a model: the same bit for bit both ways, and loaded by the libraries it is for."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

import huggingface
from layouts import LAYOUTS, WRITERS
from mergecast.errors import MergecastError
from mergecast.models import checkpoints, encoders
from mergecast.models.checkpoints import State, content_hash
from mergecast.models.external.checkpoint import read_checkpoint
from mergecast.models.external.export import export
from mergecast.models.external.opened import open_any
from mergecast.models.external.reading import read

import transformers  # isort: skip  # after `huggingface`, which makes torchvision importable

MODEL = "tiny-clip"


@pytest.fixture(scope="module")
def clip():
    return {name: tensor.clone() for name, tensor in encoders.new_clip(MODEL, seed=1).state_dict().items()}


@pytest.fixture(scope="module")
def tower(clip):
    return {name: tensor for name, tensor in clip.items() if name.startswith("visual.")}


@pytest.fixture(scope="module")
def other(tower):
    """Other weights of the same tower: what a merge would be."""
    draw = torch.Generator().manual_seed(3)
    return {name: tensor + torch.randn(tensor.shape, generator=draw) for name, tensor in tower.items()}


@pytest.mark.parametrize("name", ["model.safetensors", "model.bin"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_is_read_from_a_layout_and_written_to_it_is_the_same(layout, name, clip, tower, other, tmp_path):
    theirs = LAYOUTS[layout](clip)
    WRITERS[name](tmp_path / name, theirs)
    own = read_checkpoint(tmp_path / name).state
    export(tmp_path / "again.safetensors", own, tmp_path / name)
    again = load_file(tmp_path / "again.safetensors")
    assert content_hash(again) == content_hash(theirs), "with zero task vectors it is the model itself"
    export(tmp_path / "merged.safetensors", other, tmp_path / name)
    assert content_hash(read_checkpoint(tmp_path / "merged.safetensors").state) == content_hash(other)
    merged, rest = load_file(tmp_path / "merged.safetensors"), LAYOUTS[layout](clip | other)
    assert content_hash(merged) == content_hash(rest), "and the text tower is as it was"


@pytest.mark.parametrize("kind", ["CLIPModel", "CLIPVisionModelWithProjection", "CLIPVisionModel"])
@pytest.mark.parametrize("shard_size", [10**9, 40_000], ids=["one file", "shards"])
def test_a_folder_is_loaded_by_transformers_and_runs_as_the_merge(kind, shard_size, tmp_path):
    whole = huggingface.clip("gelu")
    config = whole.config if kind == "CLIPModel" else whole.config.vision_config
    theirs = getattr(transformers, kind)(config)
    theirs.save_pretrained(tmp_path / "theirs")
    (tmp_path / "theirs/preprocessor_config.json").write_text("{}")
    for name in ("optimizer.pt", "trainer_state.json", "passwords.txt"):
        (tmp_path / "theirs" / name).write_bytes(b"no part of the model")
    ours, model = huggingface.openclip(tmp_path, "gelu", seed=4)
    encoders.save_clip(tmp_path / "clip.safetensors", ours, model)
    encoders.save_visual(tmp_path / "merged.safetensors", tmp_path / "clip.safetensors")
    merged = State(tmp_path / "merged.safetensors")
    export(tmp_path / "out", merged, tmp_path / "theirs", shard_size=shard_size, card="# Merge\n")
    files = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert {name for name in files if not name.startswith("model")} == {"README.md", "config.json", "preprocessor_config.json"}
    assert ("model.safetensors" in files) == (shard_size == 10**9)
    assert ("model.safetensors.index.json" in files) == (shard_size != 10**9)
    loaded, told = getattr(transformers, kind).from_pretrained(tmp_path / "out", output_loading_info=True)
    assert not told["missing_keys"] and not told["unexpected_keys"]
    with torch.inference_mode():
        wanted = encoders.open_encoder(merged).load(merged)(huggingface.pixels())
        if kind == "CLIPModel":
            found = loaded.visual_projection(loaded.vision_model(pixel_values=huggingface.pixels()).pooler_output)
        elif kind == "CLIPVisionModelWithProjection":
            found = loaded(pixel_values=huggingface.pixels()).image_embeds
        else:
            found = loaded(pixel_values=huggingface.pixels()).pooler_output @ merged["visual.proj"]
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)


def test_a_whole_clip_is_loaded_by_openclip(clip, other, tmp_path):
    torch.save(clip, tmp_path / "clip.pt")
    export(tmp_path / "out.safetensors", other, tmp_path / "clip.pt")
    loaded = encoders.library().create_model(MODEL, pretrained=str(tmp_path / "out.safetensors"))
    assert content_hash(loaded.state_dict()) == content_hash(clip | other)
    with open(tmp_path / "out.safetensors", "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    assert header["__metadata__"]["format"] == "pt"


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32"])
def test_all_weights_are_written_in_the_type_that_is_asked_for(dtype, clip, other, tmp_path):
    save_file(clip | {"attn_mask": torch.arange(3)}, tmp_path / "clip.safetensors")
    export(tmp_path / "out.safetensors", other, tmp_path / "clip.safetensors", dtype=dtype)
    found = load_file(tmp_path / "out.safetensors")
    kind = getattr(torch, dtype)
    assert found.pop("attn_mask").dtype == torch.int64
    assert all(torch.equal(found[name], (clip | other)[name].to(kind)) for name in clip)


def test_shards_hold_what_they_may_and_are_read_again(clip, other, tmp_path):
    folder = tmp_path / "theirs"
    folder.mkdir()
    save_file(clip, folder / "open_clip_model.safetensors")
    export(tmp_path / "out", other, folder, shard_size=300_000)
    sizes = [path.stat().st_size for path in (tmp_path / "out").glob("*.safetensors")]
    largest = max(tensor.nbytes for tensor in clip.values())
    assert len(sizes) > 2 and max(sizes) < max(300_000, largest) + 20_000
    again = read(tmp_path / "out")
    assert again.path.name == "open_clip_model.safetensors.index.json"
    assert content_hash(dict(again.tensors)) == content_hash(clip | other)


def test_shards_come_back_as_they_were(tmp_path):
    """Sharded → ours → sharded: as transformers divide a language model, the same tensors in the same files, bit for bit."""
    huggingface.llama().save_pretrained(tmp_path / "theirs", max_shard_size="12KB")
    (tmp_path / "theirs/README.md").write_text("theirs")
    export(tmp_path / "ours.safetensors", open_any(tmp_path / "theirs"), tmp_path / "theirs")
    export(tmp_path / "back", open_any(tmp_path / "ours.safetensors"), tmp_path / "theirs")
    names = sorted(path.name for path in (tmp_path / "theirs").glob("*.safetensors"))
    assert sorted(path.name for path in (tmp_path / "back").glob("*.safetensors")) == names and len(names) > 3
    for name in names:
        ours, theirs = (load_file(tmp_path / folder / name) for folder in ("back", "theirs"))
        assert ours.keys() == theirs.keys() and content_hash(ours) == content_hash(theirs)
    maps = [json.loads((tmp_path / f"{folder}/model.safetensors.index.json").read_text()) for folder in ("back", "theirs")]
    assert maps[0]["weight_map"] == maps[1]["weight_map"]
    assert maps[0]["metadata"]["total_size"] == maps[1]["metadata"]["total_size"]
    export(tmp_path / "one", open_any(tmp_path / "theirs"), tmp_path / "theirs", shard_size=10**9)
    assert content_hash(load_file(tmp_path / "one/model.safetensors")) == content_hash(open_any(tmp_path / "theirs"))


def test_the_same_export_is_the_same_bytes(clip, other, tmp_path):
    torch.save(clip, tmp_path / "clip.pt")
    for name in ("a", "b"):
        export(tmp_path / f"{name}.safetensors", other, tmp_path / "clip.pt", header={"z": "1", "method": "ties", "a": "2"})
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()


def test_a_state_dict_of_another_kind_of_model_goes_back_under_its_names(tmp_path):
    base = {"model.embed_tokens.weight": torch.ones(7, 3), "model.layers.0.mlp.up_proj.weight": torch.ones(4, 3).bfloat16()}
    (tmp_path / "base").mkdir()
    save_file(base, tmp_path / "base/model.safetensors")
    (tmp_path / "base/tokenizer.json").write_text("{}")
    doubled = {name: 2 * tensor for name, tensor in open_any(tmp_path / "base").items()}
    export(tmp_path / "out", doubled, tmp_path / "base")
    assert content_hash(load_file(tmp_path / "out/model.safetensors")) == content_hash(doubled)
    assert (tmp_path / "out/tokenizer.json").read_text() == "{}"


BAD = {
    "another depth": (lambda s: s | {"visual.transformer.resblocks.9.ln_1.bias": torch.ones(3)}, {}, "has no place for tensor"),
    "another width": (lambda s: s | {"visual.ln_post.bias": torch.ones(3)}, {}, "has shape (96,), what is written (3,)"),
    "overflow": (lambda s: s | {"visual.ln_post.bias": torch.full((96,), 1e9)}, {"dtype": "float16"}, "does not fit torch."),
}  # fmt: skip


@pytest.mark.parametrize("folder", [True, False])
@pytest.mark.parametrize("fault", BAD)
def test_what_cannot_be_written_is_one_line_and_leaves_nothing(fault, folder, clip, other, tmp_path):
    change, options, line = BAD[fault]
    torch.save(clip, tmp_path / "clip.pt")
    with pytest.raises(MergecastError) as raised:
        export(tmp_path / ("out" if folder else "out.safetensors"), change(dict(other)), tmp_path / "clip.pt", **options)
    assert line in str(raised.value) and "\n" not in str(raised.value)
    assert [path.name for path in tmp_path.iterdir()] == ["clip.pt"]


def test_a_folder_that_is_there_is_not_written_over(clip, other, tmp_path):
    checkpoints.save(tmp_path / "clip.safetensors", clip)
    (tmp_path / "out").mkdir()
    with pytest.raises(MergecastError, match="out: is there already; name another folder"):
        export(tmp_path / "out", other, tmp_path / "clip.safetensors")
