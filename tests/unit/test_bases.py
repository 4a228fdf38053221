"""Published weights: found in OpenCLIP's cache by its own loader, or told where to put; files that are not what they seem."""

from copy import deepcopy

import pytest
import torch
from huggingface_hub import constants

from mergecast.errors import MergecastError
from mergecast.models import bases, checkpoints, encoders

MODEL = "tiny-clip"
REPOSITORY = "someone/tiny.openai"
MEAN, STD = (0.5, 0.4, 0.3), (0.2, 0.25, 0.3)


def refused(action, *words):
    with pytest.raises(MergecastError) as caught:
        action()
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty hub cache, no network, and two published weights of the small model, one trained with QuickGELU."""
    open_clip = encoders.library()
    factory, pretrained = open_clip.factory, open_clip.pretrained
    config = factory._MODEL_CONFIGS[MODEL]
    monkeypatch.setitem(factory._MODEL_CONFIGS, f"{MODEL}-quickgelu", deepcopy(config) | {"quick_gelu": True})
    published = pretrained._pcfg(hf_hub=f"{REPOSITORY}/", mean=MEAN, std=STD)
    tags = {"plain": published, "quick": published | {"quick_gelu": True}}
    monkeypatch.setitem(pretrained._PRETRAINED, MODEL, tags | {"url": pretrained._pcfg("https://example.org/tiny.pt")})
    monkeypatch.setitem(pretrained._PRETRAINED, f"{MODEL}-quickgelu", {"quick": tags["quick"]})
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path / "hub"


def put(cache, state, name="open_clip_model.safetensors"):
    """A file in the cache, in the hub's own layout; a text instead of a state is written as it is."""
    repository = cache / f"models--{REPOSITORY.replace('/', '--')}"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs/main").write_text("0123abcd")
    path = repository / "snapshots/0123abcd" / name
    path.parent.mkdir(parents=True)
    if isinstance(state, str):
        path.write_text(state)
    elif name.endswith(".bin"):
        torch.save(state, path)
    else:
        checkpoints.save(path, state)
    return path


@pytest.mark.parametrize("name", ["open_clip_model.safetensors", "open_clip_pytorch_model.bin"])
def test_weights_in_the_cache_are_loaded_with_their_own_normalisation(cache, name):
    state = encoders.new_clip(MODEL, seed=3).state_dict()
    put(cache, state, name)
    clip, model = bases.from_openclip(MODEL, "plain")
    assert model == MODEL and not clip.training
    assert checkpoints.content_hash(clip.state_dict()) == checkpoints.content_hash(state)
    assert (tuple(clip.visual.image_mean), tuple(clip.visual.image_std)) == (MEAN, STD)


def test_weights_trained_with_quickgelu_get_the_model_that_has_it(cache):
    put(cache, encoders.new_clip(MODEL, seed=3).state_dict())
    (plain, _), (quick, model) = (bases.from_openclip(MODEL, tag) for tag in ("plain", "quick"))
    assert model == f"{MODEL}-quickgelu"
    activations = [type(clip.visual.transformer.resblocks[0].mlp.gelu).__name__ for clip in (plain, quick)]
    assert activations == ["GELU", "QuickGELU"]
    assert bases.from_openclip(f"{MODEL}-quickgelu", "quick")[1] == f"{MODEL}-quickgelu"


def test_openclip_knows_which_published_weights_want_quickgelu():
    def quick(tag):
        return bool(encoders.library().get_pretrained_cfg("ViT-B-16", tag).get("quick_gelu"))

    assert {tag: quick(tag) for tag in ("openai", "dfn2b", "laion2b_s34b_b88k")} == {
        "openai": True,
        "dfn2b": True,
        "laion2b_s34b_b88k": False,
    }


def test_weights_that_cannot_be_had_end_in_one_line_that_says_where_to_put_which_file(cache, tmp_path):
    refused(
        lambda: bases.from_openclip(MODEL, "quick"),
        f"base {MODEL}-quickgelu quick: its weights are neither in {cache} nor reachable (HF_HUB_OFFLINE is set)",
        f"hf download {REPOSITORY} open_clip_model.safetensors",
        f"models--someone--tiny.openai to {cache}",
        "`kind: file` and `path`",
    )


def test_weights_published_outside_the_hub_are_named_by_their_address(cache, tmp_path, monkeypatch):
    def no_network(url):
        raise OSError("no route to host")

    monkeypatch.setattr("urllib.request.urlopen", no_network)
    refused(
        lambda: bases.from_openclip(MODEL, "url"),
        "download https://example.org/tiny.pt",
        str(tmp_path / "home/.cache/clip"),
        "`kind: file` and `path`",
    )


@pytest.mark.parametrize("content", ["cut off", "another model"])
def test_a_cached_file_that_does_not_fit_is_named(cache, content):
    state = {name: tensor for name, tensor in encoders.new_clip(MODEL).state_dict().items() if name != "visual.proj"}
    path = put(cache, content if content == "cut off" else state)
    refused(lambda: bases.from_openclip(MODEL, "plain"), str(path), "is damaged", f"{MODEL} plain", "delete it")


def test_unknown_models_and_tags_and_other_towers_are_refused_before_a_download(cache):
    refused(lambda: bases.from_openclip("ViT-B-23", "openai"), "did you mean", "ViT-B-32")
    refused(lambda: bases.from_openclip("ViT-B-32", "opnai"), "did you mean 'openai'")
    refused(lambda: bases.from_openclip("RN50", "openai"), "'RN50'", "ResNet")


def openais(state):
    return state | {name: torch.tensor(1) for name in ("input_resolution", "context_length", "vocab_size")}


def test_openais_own_weights_are_refused_for_a_model_without_quickgelu(cache, tmp_path):
    state = {name: tensor.half() for name, tensor in encoders.new_clip(MODEL, seed=3).state_dict().items()}
    torch.save(openais(state), tmp_path / "openai.pt")
    refused(lambda: bases.from_file(MODEL, tmp_path / "openai.pt"), "openai.pt", f"set `model: {MODEL}-quickgelu`")
    clip = bases.from_file(f"{MODEL}-quickgelu", tmp_path / "openai.pt")
    assert clip.visual.proj.dtype == torch.float32
    assert torch.equal(clip.visual.proj, state["visual.proj"].float())


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning", "ignore:.*TorchScript archive:UserWarning")
def test_an_archive_of_code_is_refused(tmp_path):
    torch.jit.save(torch.jit.trace(torch.nn.Linear(2, 2), torch.zeros(1, 2)), tmp_path / "jit.pt")
    refused(lambda: bases.from_file(MODEL, tmp_path / "jit.pt"), "jit.pt", "TorchScript", "kind openclip")


def test_the_weights_of_another_architecture_are_refused_by_the_first_tensor_that_does_not_fit(tmp_path):
    checkpoints.save(tmp_path / "wide.safetensors", wider(encoders.new_clip(MODEL).state_dict()))
    refused(lambda: bases.from_file(MODEL, tmp_path / "wide.safetensors"), "wide.safetensors", "has shape", "needs")
    checkpoints.save(tmp_path / "resnet.safetensors", {"visual.conv1.weight": torch.zeros(64, 64, 1, 1)})
    refused(lambda: bases.from_file(MODEL, tmp_path / "resnet.safetensors"), "resnet.safetensors", "same model")


def wider(state):
    return {name: torch.cat([tensor, tensor]) if tensor.ndim == 2 else tensor for name, tensor in state.items()}
