"""Conversions held against the libraries they come from: transformers' forward pass, PEFT's own merge."""

import pytest
import torch
from torch.nn import functional

import huggingface
from mergecast.models import bases, checkpoints, encoders
from mergecast.models.checkpoints import State
from mergecast.models.external.checkpoint import read_checkpoint

ACTIVATIONS = ("gelu", "quick_gelu")


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """The folder of the small models' configurations, which OpenCLIP keeps for the whole session."""
    return tmp_path_factory.mktemp("models")


def base_of(folder, clip, model) -> State:
    encoders.save_clip(folder / "clip.safetensors", clip, model)
    encoders.save_visual(folder / "base.safetensors", folder / "clip.safetensors")
    return State(folder / "base.safetensors")


@pytest.fixture(params=ACTIVATIONS)
def activation(request):
    return request.param


@pytest.fixture
def base(models, activation, tmp_path):
    return base_of(tmp_path, *huggingface.openclip(models, activation))


def features(base, state):
    with torch.inference_mode():
        return encoders.open_encoder(base).load(state)(huggingface.pixels())


def test_features_of_a_converted_tower_are_those_of_transformers(base, activation, tmp_path):
    theirs = huggingface.vision(activation)
    theirs.save_pretrained(tmp_path / "hf")
    found = read_checkpoint(tmp_path / "hf/model.safetensors", base)
    assert found.layout == "Hugging Face CLIP vision model"
    with torch.inference_mode():
        expected = theirs(pixel_values=huggingface.pixels()).image_embeds
    torch.testing.assert_close(features(base, found.state), expected, rtol=1e-4, atol=1e-5)
    other = huggingface.vision("gelu" if activation == "quick_gelu" else "quick_gelu")
    with torch.inference_mode():
        unlike = other(pixel_values=huggingface.pixels()).image_embeds
    assert (unlike - expected).abs().max() > 1e-3, "the activation is not told by the weights, and matters"


def test_a_whole_clip_as_a_base_has_the_image_and_text_features_of_transformers(models, activation, tmp_path):
    theirs = huggingface.clip(activation)
    torch.save(theirs.state_dict(), tmp_path / "pytorch_model.bin")
    _, model = huggingface.openclip(models, activation)
    ours = bases.from_file(model, tmp_path / "pytorch_model.bin")
    tokens = torch.randint(0, 98, (3, 16), generator=torch.Generator().manual_seed(0))
    tokens[:, 9:] = 0
    tokens[:, 8] = 99
    with torch.inference_mode():
        expected = theirs(input_ids=tokens, pixel_values=huggingface.pixels()).logits_per_image
        image, text = ours.encode_image(huggingface.pixels()), ours.encode_text(tokens)
        logits = ours.logit_scale.exp() * functional.normalize(image, dim=-1) @ functional.normalize(text, dim=-1).T
    torch.testing.assert_close(logits, expected, rtol=1e-4, atol=1e-4)


def test_features_of_a_converted_whole_clip_are_those_of_its_visual_tower(base, activation, tmp_path):
    torch.save({"model": huggingface.clip(activation).state_dict()}, tmp_path / "clip.pth")
    found = read_checkpoint(tmp_path / "clip.pth", base)
    with torch.inference_mode():
        expected = huggingface.vision(activation)(pixel_values=huggingface.pixels()).image_embeds
    torch.testing.assert_close(features(base, found.state), expected, rtol=1e-4, atol=1e-5)
    assert checkpoints.content_hash(found.state) != checkpoints.content_hash(base)
