"""Adapters merged into the tower: held against PEFT's own merge, and refused where they are no plain LoRA of this base."""

import json
import shutil

import pytest
import torch

import huggingface
from mergecast.errors import MergecastError
from mergecast.models import checkpoints, encoders
from mergecast.models.checkpoints import State
from mergecast.models.external.checkpoint import read_checkpoint
from mergecast.models.external.opened import open_any

import peft  # isort: skip  # after `huggingface`, which makes torchvision importable

MODEL = "tiny-clip"


def base_of(folder, clip, model) -> State:
    encoders.save_clip(folder / "clip.safetensors", clip, model)
    encoders.save_visual(folder / "base.safetensors", folder / "clip.safetensors")
    return State(folder / "base.safetensors")


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    return tmp_path_factory.mktemp("models")


def adapted(model, folder, **options):
    """Write an adapter with random weights to a folder; the same model with it merged by PEFT.

    Whatever is trained beside the matrices gets other numbers, too.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        wrapped = peft.get_peft_model(model, peft.LoraConfig(**options))
        with torch.no_grad():
            for name, parameter in wrapped.named_parameters():
                if "magnitude" in name:
                    parameter.mul_(1 + torch.rand(parameter.shape))
                elif "lora_" in name:
                    parameter.copy_(0.2 * torch.randn(parameter.shape))
                elif parameter.requires_grad:
                    parameter.add_(0.1 * torch.randn(parameter.shape))
    wrapped.save_pretrained(folder)
    return wrapped.merge_and_unload().eval()


OPTIONS = {
    "q, k, v and the output": {"r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "k_proj", "v_proj", "out_proj"]},
    "one of the three": {"r": 3, "lora_alpha": 7, "target_modules": ["k_proj"]},
    "rank-stabilised": {"r": 4, "lora_alpha": 8, "use_rslora": True, "target_modules": ["v_proj", "fc1"]},
    "the projection alone": {"r": 4, "target_modules": ["visual_projection"]},
    "the projection and the convolution": {"r": 4, "target_modules": ["visual_projection", "patch_embedding"]},
    "magnitudes by row": {"r": 4, "lora_alpha": 8, "use_dora": True, "target_modules": ["q_proj", "v_proj", "fc2"]},
    "magnitudes of the projection": {"r": 4, "use_dora": True, "target_modules": ["visual_projection"]},
    "biases of what is adapted": {"r": 4, "bias": "lora_only", "target_modules": ["k_proj", "fc1"]},
    "all biases": {"r": 4, "bias": "all", "target_modules": ["v_proj"]},
    "a module trained whole": {"r": 4, "target_modules": ["q_proj"], "modules_to_save": ["visual_projection", "pre_layrnorm"]},
    "ranks and scales by pattern": {
        "r": 4,
        "lora_alpha": 8,
        "rank_pattern": {"layers.0.mlp.fc1": 2, "fc2": 5},
        "alpha_pattern": {r".*\.1\.mlp\.fc\d": 3, "q_proj": 16},
        "target_modules": ["q_proj", "fc1", "fc2"],
    },
}


@pytest.mark.parametrize("name", OPTIONS)
def test_an_adapter_of_hugging_faces_tower_is_merged_as_peft_merges_it(name, models, tmp_path):
    theirs, (ours, model) = huggingface.vision("quick_gelu"), huggingface.openclip(models, "quick_gelu")
    theirs.save_pretrained(tmp_path / "hf")
    base = base_of(tmp_path, ours, model)
    checkpoints.save(
        tmp_path / "base.safetensors", read_checkpoint(tmp_path / "hf/model.safetensors", base).state, base.metadata
    )
    base = State(tmp_path / "base.safetensors")
    merged = adapted(theirs, tmp_path / "lora", **OPTIONS[name])
    found = read_checkpoint(tmp_path / "lora", base)
    merged.save_pretrained(tmp_path / "merged")
    expected = read_checkpoint(tmp_path / "merged/model.safetensors", base).state
    assert found.layout == "LoRA adapter (PEFT)"
    for tensor in base:
        torch.testing.assert_close(found.state[tensor], expected[tensor], rtol=1e-6, atol=1e-6)
    moved = [tensor for tensor in base if not torch.equal(found.state[tensor], base[tensor])]
    assert moved == [tensor for tensor in base if not torch.equal(expected[tensor], base[tensor])] != []
    with torch.inference_mode():
        features = encoders.open_encoder(base).load(found.state)(huggingface.pixels())
        wanted = merged(pixel_values=huggingface.pixels()).image_embeds
    torch.testing.assert_close(features, wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("targets", [["c_fc", "c_proj"], ["conv1"]])
@pytest.mark.parametrize("whole", [True, False], ids=["whole CLIP", "behind a wrapper"])
def test_an_adapter_of_openclips_modules_is_merged_as_peft_merges_it(targets, whole, tmp_path):
    clip = encoders.new_clip(MODEL, seed=1)
    base = base_of(tmp_path, clip, MODEL)
    model = clip if whole else torch.nn.ModuleDict({"model": clip})
    merged = adapted(model, tmp_path / "lora", r=4, lora_alpha=6, target_modules=targets).state_dict()
    found = read_checkpoint(tmp_path / "lora/adapter_model.safetensors", base)
    assert (found.left_out > 0) == (targets != ["conv1"]), "the text tower was adapted too"
    for name in base:
        torch.testing.assert_close(found.state[name], merged[name if whole else f"model.{name}"], rtol=1e-6, atol=1e-6)
    assert any(not torch.equal(found.state[name], base[name]) for name in base)


LANGUAGE = {
    "attention and what follows": {"r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "v_proj", "down_proj"]},
    "magnitudes by row": {"r": 4, "lora_alpha": 8, "use_dora": True, "target_modules": ["o_proj", "up_proj"]},
    "embeddings trained whole": {"r": 2, "target_modules": ["k_proj"], "modules_to_save": ["embed_tokens", "lm_head"]},
    "the head": {"r": 2, "target_modules": ["lm_head"]},
}


@pytest.mark.parametrize("behind", ["", "model."], ids=["whole", "bare"])
@pytest.mark.parametrize("name", LANGUAGE)
def test_an_adapter_of_a_language_model_is_merged_as_peft_merges_it(name, behind, tmp_path):
    model = huggingface.llama()
    (model.model if behind else model).save_pretrained(tmp_path / "base")
    merged = adapted(model, tmp_path / "lora", **LANGUAGE[name]).state_dict()
    base = open_any(tmp_path / "base")
    expected = {own: merged[behind + own] for own in base}
    if behind and "head" in name:
        with pytest.raises(MergecastError, match="'lm_head' has no place in the base .*base; save the merged model"):
            open_any(tmp_path / "lora", base)
        return
    found = open_any(tmp_path / "lora", base)
    assert not found.clip and found.layout == "LoRA adapter (PEFT)"
    left_out = ["left out: tensor 'lm_head.weight', which the base has not"] if behind and "whole" in name else []
    assert found.notes == left_out
    for own in base:
        torch.testing.assert_close(found[own], expected[own], rtol=1e-6, atol=1e-6)
    moved = [own for own in base if not torch.equal(found[own], base[own])]
    assert moved == [own for own in base if not torch.equal(expected[own], base[own])] != []


@pytest.mark.parametrize("dora", [True, False])
def test_weights_that_are_stored_the_other_way_round_are_adapted_so(dora, tmp_path):
    """GPT-2's: its `c_attn` is (in, 3·in), its `attn.c_proj` square."""
    model = huggingface.gpt2()
    model.save_pretrained(tmp_path / "base")
    options = {"r": 4, "lora_alpha": 8, "target_modules": ["c_attn", "c_proj"], "fan_in_fan_out": True, "use_dora": dora}
    merged = adapted(model, tmp_path / "lora", **options).state_dict()
    base = open_any(tmp_path / "base")
    found = open_any(tmp_path / "lora", base)
    for own in base:
        torch.testing.assert_close(found[own], merged[own], rtol=1e-6, atol=1e-6)
    assert sum(not torch.equal(found[own], base[own]) for own in base) == 6, "three matrices in each of two blocks"


def test_an_adapter_of_another_language_model_is_one_line(tmp_path):
    huggingface.llama(hidden=16).save_pretrained(tmp_path / "base")
    adapted(huggingface.llama(hidden=32), tmp_path / "lora", r=4, target_modules=["q_proj"])
    with pytest.raises(MergecastError, match="q_proj' is 32×32, its weight in the base .* 16×16; give the base"):
        open_any(tmp_path / "lora", open_any(tmp_path / "base"))
    (tmp_path / "lora/adapter_config.json").unlink()
    (tmp_path / "lora/adapter_model.safetensors").rename(tmp_path / "mine.safetensors")
    with pytest.raises(MergecastError, match="mine.safetensors: is an adapter; give the folder that holds it"):
        open_any(tmp_path / "mine.safetensors", open_any(tmp_path / "base"))


@pytest.fixture
def plain(tmp_path):
    """A base and the folder of an adapter that fits it; `change(**config)` rewrites its configuration."""
    clip = encoders.new_clip(MODEL, seed=1)
    base = base_of(tmp_path, clip, MODEL)
    adapted(clip, tmp_path / "lora", r=4, target_modules=["c_fc"])
    return base, tmp_path / "lora"


def rewrite(folder, change=lambda tensors: tensors, **config):
    path = folder / "adapter_model.safetensors"
    tensors = change({name: tensor.clone() for name, tensor in State(path).items()})
    path.unlink()
    checkpoints.save(path, tensors)
    given = json.loads((folder / "adapter_config.json").read_text()) | config
    (folder / "adapter_config.json").write_text(json.dumps(given))


KEY = "base_model.model.visual.transformer.resblocks.0.mlp.c_fc.lora_A.weight"


def with_tensor(name, tensor):
    return lambda tensors: tensors | {name: tensor}


def only(keep):
    return lambda tensors: {name: tensor for name, tensor in tensors.items() if keep(name)}


def renamed(old, new):
    return lambda tensors: {name.replace(old, new): tensor for name, tensor in tensors.items()}


# What its configuration says, what is changed of its tensors, and what the one line must say.
BAD = {
    "not LoRA": ({"peft_type": "LOHA"}, None, "peft_type is 'LOHA', only LORA can be merged"),
    "DoRA without magnitudes": ({"use_dora": True}, None, "c_fc' lacks its lora_magnitude_vector; save it whole"),
    "a layer twice": ({"layer_replication": [[0, 2]]}, None, "layer_replication is set, whose merge is not known here"),
    "modules of another base": (
        {"modules_to_save": ["ln_post"]},
        lambda tensors: tensors | {"base_model.model.visual.ln_post.weight": torch.ones(3)},
        "tensor 'visual.ln_post.weight' has shape (3,), in the base",
    ),
    "biases that are not told of": (
        {},
        lambda tensors: tensors | {KEY.replace("lora_A.weight", "bias"): torch.ones(384)},
        "c_fc.bias' is no part of the adapter",
    ),
    "a base changed first": ({"init_lora_weights": "pissa_niter_4"}, None, "init_lora_weights is 'pissa_niter_4'"),
    "another base by name": (
        {"base_model_name_or_path": "openai/clip-vit-large-patch14"},
        None,
        "is an adapter of openai/clip",
    ),
    "another rank": ({"r": 8}, None, "rank 8, its weights have 4"),
    "a rank of nothing": ({"r": 0}, None, "make no scale"),
    "a pattern that is none": ({"rank_pattern": {"(": 4}}, None, "make no scale"),
    "no scale": ({"lora_alpha": None}, None, "make no scale"),
    "a half": ({}, only(lambda name: name != KEY), "c_fc' lacks its lora_A; save it whole"),
    "another base by shape": ({}, with_tensor(KEY, torch.ones(4, 100)), "c_fc' is 384×100, its weight in the base"),
    "a vector": ({}, with_tensor(KEY, torch.ones(96)), "lora_A of"),
    "NaN": ({}, with_tensor(KEY, torch.full((4, 96), torch.nan)), "resblocks.0.mlp.c_fc.weight' holds NaN"),
    "a rank of zero": ({}, with_tensor(KEY, torch.ones(0, 96)), "lora_A of"),
    "a magnitude": (
        {},
        with_tensor(KEY.replace("A.weight", "magnitude_vector"), torch.ones(384)),
        "unlike its configuration, lora_magn",
    ),
    "another layer": ({}, renamed("resblocks.0", "resblocks.9"), "adapts 'visual.transformer.resblocks.9.mlp.c_fc', which the"),
    "another module": ({}, renamed("visual.", "audio."), "resblocks.2.mlp.c_fc' (4 in all) has no place in a CLIP"),
    "fused attention": ({}, renamed("mlp.c_fc", "attn.base_layer.out_proj"), "counts once or twice, by PEFT's version"),
    "text alone": ({}, only(lambda name: ".visual." not in name), "adapts nothing of the visual tower"),
}


@pytest.mark.parametrize("fault", BAD)
def test_an_adapter_that_cannot_be_merged_is_one_line_that_names_its_file(fault, plain):
    base, folder = plain
    config, change, line = BAD[fault]
    named = base.path.parent / "named.safetensors"
    checkpoints.save(named, dict(base.items()), base.metadata | ({"model": "ViT-B-32"} if "by name" in fault else {}))
    rewrite(folder, change or (lambda tensors: tensors), **config)
    with pytest.raises(MergecastError) as raised:
        read_checkpoint(folder, State(named))
    assert str(folder) in str(raised.value) and line in str(raised.value) and "\n" not in str(raised.value)


def test_an_adapter_of_the_same_architecture_by_another_name_is_taken(plain, tmp_path):
    base, folder = plain
    checkpoints.save(tmp_path / "named.safetensors", dict(base.items()), base.metadata | {"model": "ViT-B-32-quickgelu"})
    rewrite(folder, base_model_name_or_path="openai/clip-vit-base-patch32")
    assert read_checkpoint(folder, State(tmp_path / "named.safetensors")).layout == "LoRA adapter (PEFT)"


def test_an_adapter_needs_its_base_and_its_configuration(plain):
    base, folder = plain
    with pytest.raises(MergecastError, match="adapter_model.safetensors: is an adapter; give the base"):
        read_checkpoint(folder)
    shutil.copy(folder / "adapter_model.safetensors", folder / "mine.safetensors")
    with pytest.raises(MergecastError, match="mine.safetensors: is an adapter; give the folder"):
        read_checkpoint(folder / "mine.safetensors", base)
    (folder / "mine.safetensors").unlink()
    (folder / "adapter_config.json").unlink()
    with pytest.raises(MergecastError, match="adapter_config.json: cannot be read as JSON"):
        read_checkpoint(folder, base)


def test_zero_adapters_leave_the_base_bit_for_bit(plain):
    base, folder = plain
    rewrite(folder, lambda tensors: {name: torch.zeros_like(tensor) for name, tensor in tensors.items()})
    assert checkpoints.content_hash(read_checkpoint(folder, base).state) == checkpoints.content_hash(base)


def test_a_classifier_that_was_trained_beside_an_adapter_is_left_out_and_told(plain):
    base, folder = plain
    without = checkpoints.content_hash(read_checkpoint(folder, base).state)
    head = {f"base_model.model.classifier.{kind}": torch.ones(10, 3) for kind in ("weight", "bias")}
    rewrite(folder, lambda tensors: tensors | head, modules_to_save=["classifier"])
    found = read_checkpoint(folder, base)
    assert checkpoints.content_hash(found.state) == without
    assert sorted(found.outside) == ["classifier.bias", "classifier.weight"]
    assert "2 outside the CLIP" in "\n".join(found.notes())
