"""What people have: folders, shards, towers without their projection, heads beside them, models saved by what is installed."""

import json

import pytest
import torch
from safetensors.torch import save_file

import huggingface
from layouts import behind, to_huggingface
from mergecast import api
from mergecast.errors import MergecastError
from mergecast.models import bases, checkpoints, encoders, external
from mergecast.models.checkpoints import State, content_hash
from mergecast.models.external import hub
from mergecast.models.external.checkpoint import read_checkpoint
from mergecast.models.external.naming import Clip, clips, unwrapped
from mergecast.models.external.opened import open_any

import transformers  # isort: skip  # after `huggingface`, which makes torchvision importable

MODEL = "tiny-clip"
PROJECTION = "visual_projection.weight"


@pytest.fixture(scope="module")
def clip():
    return {name: tensor.clone() for name, tensor in encoders.new_clip(MODEL, seed=1).state_dict().items()}


@pytest.fixture(scope="module")
def tower(clip):
    return {name: tensor for name, tensor in clip.items() if name.startswith("visual.")}


@pytest.fixture(scope="module")
def base(tower, tmp_path_factory):
    """The same tower moved: what was fine-tuned from is another."""
    path = tmp_path_factory.mktemp("base") / "base.safetensors"
    checkpoints.save(path, {name: tensor + 0.01 for name, tensor in tower.items()}, {"model": MODEL})
    return State(path)


def sharded(folder, tensors, suffix=".safetensors", stem="model"):
    """A checkpoint in two shards with an index, as `save_pretrained` leaves it."""
    folder.mkdir()
    names, weight_map = list(tensors), {}
    for number, part in enumerate((names[: len(names) // 2], names[len(names) // 2 :]), 1):
        file = f"{stem}-{number:05}-of-00002{suffix}"
        weight_map |= dict.fromkeys(part, file)
        own = {name: tensors[name].contiguous() for name in part}
        save_file(own, folder / file, {"format": "pt"}) if suffix == ".safetensors" else torch.save(own, folder / file)
    (folder / f"{stem}{suffix}.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    return folder


def folder_with(folder, *names, tensors):
    folder.mkdir()
    for name in names:
        save = torch.save if name.endswith((".bin", ".pt")) else save_file
        save(tensors, folder / name)
    (folder / "config.json").write_text("{}")
    return folder


def same(found, tower):
    return content_hash(found.state) == content_hash(tower)


@pytest.mark.parametrize(
    "saved", ["CLIPModel", "CLIPVisionModelWithProjection", "CLIPVisionModel", "CLIPForImageClassification"]
)
def test_what_the_installed_transformers_save_gives_the_same_features(saved, tmp_path):
    """Names are not trusted: the tower read is run, and held against the model that was saved."""
    whole = huggingface.clip("quick_gelu")
    ours, model = huggingface.openclip(tmp_path, "quick_gelu", seed=7)
    encoders.save_clip(tmp_path / "clip.safetensors", ours, model)
    encoders.save_visual(tmp_path / "own.safetensors", tmp_path / "clip.safetensors")
    projection = {"visual.proj": whole.state_dict()[PROJECTION].T.contiguous()}
    checkpoints.save(
        tmp_path / "base.safetensors", dict(State(tmp_path / "own.safetensors").items()) | projection, {"model": model}
    )
    kind = getattr(transformers, saved)
    config = whole.config if saved in ("CLIPModel", "CLIPForImageClassification") else whole.config.vision_config
    theirs = kind(config)
    tensors = {name.removeprefix("vision_model."): tensor for name, tensor in whole.state_dict().items()}
    tensors |= whole.state_dict()
    theirs.load_state_dict({name: tensors.get(name, tensor) for name, tensor in theirs.state_dict().items()})
    theirs.save_pretrained(tmp_path / "saved")
    base = State(tmp_path / "base.safetensors")
    found = read_checkpoint(tmp_path / "saved", base)
    with torch.inference_mode():
        wanted = huggingface.vision("quick_gelu")(pixel_values=huggingface.pixels()).image_embeds
        features = encoders.open_encoder(base).load(found.state)(huggingface.pixels())
    torch.testing.assert_close(features, wanted, rtol=1e-5, atol=1e-5)
    assert found.of_base == (("visual.proj",) if "Projection" not in saved and saved != "CLIPModel" else ())
    assert len(found.outside) == (2 if saved == "CLIPForImageClassification" else 0)


@pytest.mark.parametrize("layout", [to_huggingface, dict], ids=["Hugging Face", "OpenCLIP"])
def test_a_projection_that_was_never_trained_is_the_bases_and_said(layout, tower, base, tmp_path):
    theirs = {name: tensor for name, tensor in layout(tower).items() if name not in (PROJECTION, "visual.proj")}
    save_file(theirs, tmp_path / "cars.safetensors")
    found = read_checkpoint(tmp_path / "cars.safetensors", base)
    assert torch.equal(found.state["visual.proj"], base["visual.proj"]) and found.of_base == ("visual.proj",)
    assert all(torch.equal(found.state[name], tower[name]) for name in tower if name != "visual.proj")
    assert found.provenance(base)["tensors_of_the_base"] == ["visual.proj"]
    with pytest.raises(
        MergecastError, match="cars.safetensors: lacks the projection .*; give the base, whose projection it is"
    ):
        read_checkpoint(tmp_path / "cars.safetensors")
    with pytest.raises(MergecastError, match="lacks the projection"):
        open_any(tmp_path / "cars.safetensors")


def test_one_reader_takes_folders_shards_and_indices(tower, base, tmp_path):
    whole = folder_with(tmp_path / "whole", "model.safetensors", tensors=tower)
    torch.save({"lr": 1}, whole / "training_args.bin")
    torch.save({"state": {}}, whole / "optimizer.pt")
    pickle = folder_with(tmp_path / "pickle", "open_clip_pytorch_model.bin", tensors=tower)
    shards = sharded(tmp_path / "shards", to_huggingface(tower))
    bins = sharded(tmp_path / "bins", tower, ".bin", "pytorch_model")
    for path in (whole, pickle, shards, shards / "model.safetensors.index.json", bins):
        assert same(read_checkpoint(path, base), tower), path
    assert [name.rpartition("/")[2] for name in external.files(shards)] == [
        "model.safetensors.index.json",
        "model-00001-of-00002.safetensors",
        "model-00002-of-00002.safetensors",
    ]
    metrics = api.metrics(
        base.path, shards, folder_with(tmp_path / "b", "model.safetensors", tensors={n: t * 1.01 for n, t in tower.items()})
    )
    assert metrics["task_vector_l2_distance"] > 0


def test_a_base_of_kind_file_may_be_a_folder(clip, tmp_path):
    folder = sharded(tmp_path / "clip", to_huggingface(clip))
    assert content_hash(bases.from_file(MODEL, folder).state_dict()) == content_hash(clip)


def damaged(change):
    def make(folder, tower):
        sharded(folder, tower)
        change(folder)

    return make


def index_of(folder, change):
    path = folder / "model.safetensors.index.json"
    found = json.loads(path.read_text())
    change(found["weight_map"])
    path.write_text(json.dumps(found))


def twice(folder):
    tensors = {name: State(folder / "model-00001-of-00002.safetensors")[name] for name in ("visual.class_embedding",)}
    second = folder / "model-00002-of-00002.safetensors"
    tensors |= dict(State(second).items())
    second.unlink()
    save_file(tensors, second)


FOLDERS = {
    "a shard that is missing": (
        damaged(lambda folder: (folder / "model-00002-of-00002.safetensors").unlink()),
        "model-00002-of-00002.safetensors: no such file, but ",
    ),
    "an index that names more": (
        damaged(
            lambda folder: index_of(folder, lambda names: names.update({"visual.more": "model-00001-of-00002.safetensors"}))
        ),
        "model-00001-of-00002.safetensors: lacks tensor 'visual.more', which ",
    ),
    "a tensor in two shards": (damaged(twice), "tensor 'visual.class_embedding' is also in "),
    "an index that leads elsewhere": (
        damaged(lambda folder: index_of(folder, lambda names: names.update({"visual.proj": "../secret.safetensors"}))),
        "names the shard '../secret.safetensors', which is not beside it",
    ),
    "an index that is none": (
        damaged(lambda folder: (folder / "model.safetensors.index.json").write_text("[]")),
        "is no index of shards",
    ),
    "an index of nothing": (
        damaged(lambda folder: (folder / "model.safetensors.index.json").write_text('{"weight_map": {}}')),
        "names no tensor",
    ),
    "shards without an index": (
        damaged(lambda folder: (folder / "model.safetensors.index.json").unlink()),
        "holds the shard model-00001-of-00002.safetensors and no index",
    ),
    "weights under two names": (
        lambda folder, tower: folder_with(folder, "model.safetensors", "pytorch_model.bin", tensors=tower),
        "holds weights under 2 names, model.safetensors, pytorch_model.bin; give the file you mean",
    ),
    "no weights": (lambda folder, tower: folder_with(folder, tensors=tower), "holds no weights, but config.json; give"),
    "nothing": (lambda folder, tower: folder.mkdir(), "holds no weights, but nothing; give"),
    "neither file nor folder": (lambda folder, tower: None, "no such file"),
}


@pytest.mark.parametrize("fault", FOLDERS)
def test_a_folder_that_is_no_checkpoint_is_one_line_at_every_door(fault, tower, base, tmp_path):
    make, line = FOLDERS[fault]
    make(tmp_path / "given.safetensors", tower)
    for door in (lambda path: read_checkpoint(path, base), open_any, lambda path: api.metrics(base.path, path, base.path)):
        with pytest.raises(MergecastError) as raised:
            door(tmp_path / "given.safetensors")
        assert line in str(raised.value) and str(tmp_path) in str(raised.value) and "\n" not in str(raised.value)


def test_a_setting_names_the_key_of_a_folder_that_is_no_checkpoint(tower, tmp_path):
    given = folder_with(tmp_path / "cars", tensors=tower)
    with pytest.raises(MergecastError, match=r"settings.mine.checkpoints.cars: .*holds no weights"):
        external.checkpoint_paths("settings.mine", {"checkpoints": {"cars": str(given)}}, ["cars"], ["cars"])


def test_a_repository_is_taken_from_the_cache_and_said_where_it_is_not(tower, base, tmp_path, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    kept = tmp_path / "hub/models--them--cars"
    (kept / "refs").mkdir(parents=True)
    (kept / "refs/main").write_text("abc")
    (kept / "snapshots").mkdir()
    sharded(kept / "snapshots/abc", to_huggingface(tower))
    assert same(read_checkpoint("them/cars", base), tower)
    for shard in (kept / "snapshots/abc").glob("*-00002-of-*"):
        shard.unlink()
    for name in ("them/cars", "them/signs"):
        with pytest.raises(MergecastError) as raised:
            read_checkpoint(name, base)
        told = str(raised.value)
        assert told.startswith(f"{name}: is no file or folder here") and "HF_HUB_OFFLINE is set" in told and "\n" not in told
        assert f"`hf download {name} " in told and f"models--{name.replace('/', '--')}" in told


def test_a_repository_that_is_neither_cached_nor_reachable_is_one_line(tmp_path, monkeypatch):
    import huggingface_hub
    from huggingface_hub import errors

    def unreachable(repository, name):
        raise errors.LocalEntryNotFoundError("no network")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", unreachable)
    with pytest.raises(
        MergecastError, match="them/trucks: is no file or folder here, and as a repository neither in .* nor reachable; "
    ):
        external.files("them/trucks")


@pytest.mark.parametrize("text", ["a/b.safetensors", "/a/b", "a", "a/b/c", "./a/b", "../b", "a/model.safetensors.index.json"])
def test_a_path_is_no_repository(text):
    assert not hub.is_repository(text) and hub.is_repository("openai/clip-vit-base-patch32")


def test_a_head_beside_the_tower_is_left_out_and_told(clip, tower, base, tmp_path):
    head = {"classification_head.weight": torch.ones(10, 96), "classification_head.bias": torch.zeros(10)}
    for prefix in ("image_encoder.model.", "net.0.", ""):
        torch.save(behind(prefix, clip) | head, tmp_path / "classifier.pt")
        found = read_checkpoint(tmp_path / "classifier.pt", base)
        assert same(found, tower) and found.outside == tuple(head)
        assert found.provenance(base)["other_tensors_left_out"] == 2
        assert "2 outside the CLIP, such as a head: tensor 'classification_head.weight'" in "\n".join(found.notes())


def test_metrics_take_what_convert_takes_with_the_same_numbers(tower, base, tmp_path):
    other = {
        name: tensor + 0.02 * torch.randn(tensor.shape, generator=torch.Generator().manual_seed(3))
        for name, tensor in tower.items()
    }
    save_file(tower, tmp_path / "cars.safetensors")
    save_file(other, tmp_path / "signs.safetensors")
    torch.save({"state_dict": behind("module.", tower)}, tmp_path / "cars.ckpt")
    torch.save(to_huggingface(other), tmp_path / "signs.bin")
    torch.save(dict(base.items()), tmp_path / "base.pt")
    expected = api.metrics(base.path, tmp_path / "cars.safetensors", tmp_path / "signs.safetensors")
    assert api.metrics(tmp_path / "base.pt", tmp_path / "cars.ckpt", tmp_path / "signs.bin") == expected


def test_a_model_that_holds_a_clip_and_is_much_larger_is_no_clip(tower, tmp_path):
    beside = {"language_model.layers.0.mlp.weight": torch.ones(1000, 900)}
    save_file(behind("vision_tower.", tower) | beside, tmp_path / "llava.safetensors")
    opened = open_any(tmp_path / "llava.safetensors")
    assert not opened.clip and set(opened) == set(behind("vision_tower.", tower) | beside)
    save_file(tower | beside, tmp_path / "side by side.safetensors")
    assert not open_any(tmp_path / "side by side.safetensors").clip, "without a prefix, too"


def test_an_output_is_never_one_of_the_files_of_a_folder_it_is_made_from(tower, base, tmp_path):
    folder = folder_with(tmp_path / "cars", "model.safetensors", tensors=tower)
    before = (folder / "model.safetensors").read_bytes()
    for make in (
        lambda output: api.merge("task_arithmetic", base.path, [folder], output=output),
        lambda output: api.export(base.path, output, like=folder),
    ):
        with pytest.raises(MergecastError, match="is one of the files it is made from"):
            make(folder / "model.safetensors")
    assert (folder / "model.safetensors").read_bytes() == before


def test_names_of_every_plain_vit_and_resnet_of_openclip_are_known():
    from mergecast.models.external.layouts import openclip

    library = encoders.library()
    for name in ("ViT-B-32", "ViT-g-14", "RN50x4", "coca_ViT-B-32"):
        config = library.get_model_config(name)
        with torch.device("meta"):
            tower = library.model._build_vision_tower(config["embed_dim"], config["vision_cfg"])
        names = [f"visual.{inner}" for inner in tower.state_dict()]
        assert len(names) > 100 and [found for found in names if openclip(found) is None] == []


def test_wrappers_are_taken_off_anywhere_and_prefixes_found():
    assert unwrapped(["_orig_mod.visual.module.proj"]) == {"_orig_mod.visual.module.proj": "visual.proj"}
    assert clips(["a.b.visual.conv1.weight", "a.b.visual.class_embedding"]) == [Clip("OpenCLIP", "a.b.")]
    assert clips(["a.vision_model.embeddings.class_embedding"]) == [Clip("Hugging Face", "a.")]
    assert clips(["embeddings.patch_embedding.weight"]) == [Clip("Hugging Face tower", "")]
    assert clips(["x.class_embedding"]) == [Clip("OpenCLIP tower", "x.")]
    assert clips(["text_model.embeddings.token_embedding.weight", "logit_scale", "model.layers.0.mlp.up_proj.weight"]) == []
