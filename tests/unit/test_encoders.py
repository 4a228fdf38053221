"""Towers, files of CLIPs and bases, zero-shot heads."""

import math
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from mergecast.errors import MergecastError
from mergecast.models import _torchvision, bases, checkpoints, devices, encoders

MODEL = "tiny-clip"


@pytest.fixture(scope="module")
def clip():
    return encoders.new_clip(MODEL, seed=1)


@pytest.fixture
def base(tmp_path, clip):
    encoders.save_clip(tmp_path / "clip.safetensors", clip, MODEL, {"seed": 1})
    encoders.save_visual(tmp_path / "base.safetensors", tmp_path / "clip.safetensors")
    return checkpoints.State(tmp_path / "base.safetensors")


def refused(action, *words):
    with pytest.raises(MergecastError) as caught:
        action()
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


def test_random_weights_are_a_function_of_the_seed_and_leave_torchs_own_generator_alone(clip):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    again = encoders.new_clip(MODEL, seed=1)
    assert torch.equal(torch.rand(3), expected)
    assert checkpoints.content_hash(again.state_dict()) == checkpoints.content_hash(clip.state_dict())
    assert not torch.equal(encoders.new_clip(MODEL, seed=2).visual.proj, clip.visual.proj)


def test_a_clip_comes_back_from_its_file(tmp_path, clip, base):
    back, model = encoders.open_clip_file(tmp_path / "clip.safetensors")
    assert model == MODEL
    assert checkpoints.content_hash(back.state_dict()) == checkpoints.content_hash(clip.state_dict())


def test_the_base_is_the_visual_tower_under_openclips_names(clip, base):
    visual = {name: tensor for name, tensor in clip.state_dict().items() if name.startswith("visual.")}
    assert set(base) == set(visual) and all(torch.equal(base[name], visual[name]) for name in visual)
    assert base.metadata["model"] == MODEL and base.metadata["seed"] == "1"


def test_an_encoder_computes_openclips_features(clip, base):
    encoder = encoders.open_encoder(base)
    image = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
    transform = encoders.library().image_transform(32, is_train=False, mean=clip.visual.image_mean, std=clip.visual.image_std)
    theirs = torch.stack([transform(Image.fromarray(one)) for one in image])
    torch.testing.assert_close(encoder.preprocess(image), theirs)
    with torch.inference_mode():
        torch.testing.assert_close(encoder(encoder.preprocess(image)), clip.encode_image(theirs))


def test_loading_a_state_copies_it(base):
    encoder = encoders.open_encoder(base)
    state = {name: tensor + 1 for name, tensor in base.items()}
    encoder.load(state)
    taken = encoder.state()
    assert set(taken) == set(base) and all(torch.equal(taken[name], state[name]) for name in state)
    taken["visual.proj"].zero_()
    state["visual.proj"].zero_()
    assert encoder.visual.proj.abs().sum() > 0


def test_the_normalisation_recorded_in_a_base_is_the_one_used(tmp_path, clip):
    checkpoints.save(
        tmp_path / "half.safetensors",
        {name: tensor for name, tensor in clip.state_dict().items() if name.startswith("visual.")},
        {"model": MODEL, "mean": "[0.5, 0.5, 0.5]", "std": "[0.25, 0.5, 1.0]"},
    )
    encoder = encoders.open_encoder(tmp_path / "half.safetensors")
    pixels = encoder.preprocess(np.full((1, 32, 32, 3), 255, np.uint8))
    torch.testing.assert_close(pixels[0, :, 0, 0], torch.tensor([2.0, 1.0, 0.5]))


def test_a_head_row_is_the_mean_direction_of_its_prompts_times_the_logit_scale(clip):
    prompts, names = ("a {}", "a photo of a {}."), ("ring", "star")
    head = encoders.zero_shot_head(clip, MODEL, names, prompts)
    assert head.shape == (2, 96) and head.dtype == torch.float32 and not head.is_inference()
    tokenise = encoders.library().get_tokenizer(MODEL)
    with torch.no_grad():
        for row, name in zip(head, names, strict=True):
            mean = 0
            for prompt in prompts:
                vector = clip.encode_text(tokenise([prompt.format(name)]))[0].double()
                mean = mean + vector / vector.norm()
            torch.testing.assert_close(row.double(), mean / mean.norm() * math.exp(clip.logit_scale), rtol=1e-5, atol=1e-5)


def test_logits_do_not_depend_on_the_length_of_the_features():
    features, head = torch.tensor([[3.0, 4.0]]), torch.tensor([[10.0, 0.0], [0.0, 5.0]])
    torch.testing.assert_close(encoders.logits(features, head), torch.tensor([[6.0, 4.0]]))
    torch.testing.assert_close(encoders.logits(7 * features, head), torch.tensor([[6.0, 4.0]]))


def test_a_head_is_refused_for_other_classes_or_another_base(tmp_path, clip, base):
    path, weight = tmp_path / "head.safetensors", torch.rand(2, 96)
    encoders.save_head(path, weight, task="t", class_names=("a", "b"), base_sha256=checkpoints.content_hash(base))
    assert torch.equal(encoders.open_head(path, class_names=("a", "b"), base=base), weight)
    refused(lambda: encoders.open_head(path, class_names=("a", "c")), "head.safetensors", "class names")
    checkpoints.save(tmp_path / "other.safetensors", {name: tensor + 1 for name, tensor in base.items()})
    other = checkpoints.State(tmp_path / "other.safetensors")
    refused(lambda: encoders.open_head(path, base=other), "head.safetensors", "another base")
    refused(lambda: encoders.open_head(base.path), "'weight'")


def test_weights_that_do_not_fit_are_refused_by_name(tmp_path, base):
    encoder, state = encoders.open_encoder(base), dict(base.items())
    refused(lambda: encoder.load({**state, "visual.extra": torch.zeros(1)}), "'visual.extra'", "not a tensor of the model")
    refused(lambda: encoder.load({name: state[name] for name in state if name != "visual.proj"}), "'visual.proj'", "missing")
    refused(lambda: encoder.load({**state, "visual.proj": torch.zeros(3, 3)}), "'visual.proj'", "(3, 3)")
    checkpoints.save(tmp_path / "nameless.safetensors", state)
    refused(lambda: encoders.open_encoder(tmp_path / "nameless.safetensors"), "nameless.safetensors", "no model")


def test_bytes_already_on_the_device_are_normalised_alike(base):
    encoder = encoders.open_encoder(base)
    images = np.random.default_rng(1).integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
    assert torch.equal(encoder.preprocess(torch.from_numpy(images)), encoder.preprocess(images))
    refused(lambda: encoder.preprocess(torch.zeros(1, 28, 28, 3, dtype=torch.uint8)), MODEL, "32×32")


def test_images_of_another_size_are_refused(base):
    encoder = encoders.open_encoder(base)
    refused(lambda: encoder.preprocess(np.zeros((1, 28, 28, 3), np.uint8)), MODEL, "32×32")


def test_an_unknown_model_is_refused_with_the_closest_name():
    refused(lambda: encoders.new_clip("tiny-clp"), "'tiny-clp'", "did you mean 'tiny-clip'")
    refused(lambda: encoders.image_size("ViT-B-23"), "ViT-B-32")


def test_image_sizes_are_read_from_the_models_configuration():
    assert encoders.image_size("ViT-B-16") == 224 and encoders.image_size(MODEL) == 32


@pytest.mark.parametrize("suffix", [".safetensors", ".pt", ".bin"])
def test_a_base_is_read_from_a_local_file(tmp_path, clip, suffix):
    path = tmp_path / f"weights{suffix}"
    if suffix == ".safetensors":
        checkpoints.save(path, clip.state_dict())
    else:
        torch.save({"state_dict": {f"module.{name}": tensor for name, tensor in clip.state_dict().items()}}, path)
    back = bases.from_file(MODEL, path)
    assert checkpoints.content_hash(back.state_dict()) == checkpoints.content_hash(clip.state_dict())


def test_a_faulty_base_file_is_refused(tmp_path, clip):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "sprung"), "w"))

    torch.save({"a": Trap()}, tmp_path / "trap.pt")
    refused(lambda: bases.from_file(MODEL, tmp_path / "trap.pt"), "trap.pt", "plain tensors")
    assert not (tmp_path / "sprung").exists(), "a pickle was executed"
    (tmp_path / "cut.pt").write_bytes((tmp_path / "trap.pt").read_bytes()[:50])
    refused(lambda: bases.from_file(MODEL, tmp_path / "cut.pt"), "cut.pt")
    torch.save([1, 2], tmp_path / "list.pt")
    refused(lambda: bases.from_file(MODEL, tmp_path / "list.pt"), "list.pt", "state dict")
    refused(lambda: bases.from_file(MODEL, tmp_path / "none.pt"), "none.pt", "no such file")
    refused(lambda: bases.from_file(MODEL, tmp_path / "weights.npz"), "weights.npz", "no known kind")


def test_devices_are_chosen_by_name_and_threads_are_set(capsys, monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    before = torch.get_num_threads()
    try:
        assert devices.choose("cpu", threads=2).type == "cpu" and torch.get_num_threads() == 2
        assert capsys.readouterr().out.endswith("cpu, on 2 threads\n"), "the log says where a job ran"
        assert devices.choose("auto", threads=1).type == ("cuda" if torch.cuda.is_available() else "cpu")
    finally:
        torch.set_num_threads(before)
    refused(lambda: devices.choose("gpu"), "'gpu'", "cuda")
    if not torch.cuda.is_available():
        refused(lambda: devices.choose("cuda"), "no GPU", "CUDA_VISIBLE_DEVICES=None")


def test_torchvision_imports_and_the_shim_declares_nothing_more_then():
    _torchvision.ensure()
    declared = len(_torchvision._declared)
    _torchvision.ensure()
    assert len(_torchvision._declared) == declared


def test_an_error_of_torchvisions_own_is_not_hidden(monkeypatch):
    import builtins

    true_import = builtins.__import__

    def broken(name, *arguments, **keywords):
        if name == "torchvision":
            raise RuntimeError("operator torchvision::unheard_of does not exist")
        return true_import(name, *arguments, **keywords)

    monkeypatch.setattr(builtins, "__import__", broken)
    with pytest.raises(RuntimeError, match="unheard_of"):
        _torchvision.ensure()


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ("ViT-B-16-SigLIP", "image tower is timm's"),
        ("RN50", "image tower is a ResNet"),
        ("coca_ViT-B-32", "image tower is CoCa's"),
        ("roberta-ViT-B-32", "text tower is roberta-base of Hugging Face's transformers"),
    ],
)
def test_a_model_with_another_tower_is_refused_before_it_is_made(model, reason):
    refused(lambda: encoders.image_size(model), repr(model), reason, "choose ViT-B-32")


def test_every_other_vit_of_openclip_is_taken():
    def taken(model):
        try:
            return encoders.image_size(model) > 0
        except MergecastError:
            return False

    known = {model for model in encoders.library().list_models() if taken(model)}
    sizes = {"ViT-B-32", "ViT-B-16", "ViT-L-14", "ViT-L-14-336", "ViT-H-14", "ViT-g-14", "ViT-bigG-14", "ViT-B-32-256"}
    assert sizes | {"ViT-B-32-quickgelu", "ViT-B-16-quickgelu", "ViT-L-14-quickgelu", MODEL} <= known


def test_openclip_comes_without_torchs_compiler_and_leaves_no_stand_in_behind():
    code = """
import sys
from mergecast.models import encoders
encoders.library()
print([name for name in ("torch._dynamo", "timm") if name in sys.modules])
import torch._dynamo.utils, timm
print(torch._dynamo.utils.is_compile_supported("cpu"), bool(timm.__version__))
"""
    path = {"PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ | path)
    assert done.stdout.splitlines() == ["[]", "True True"], done.stderr


def test_stand_ins_displace_nothing_that_is_there(monkeypatch):
    here = object()
    monkeypatch.setitem(sys.modules, "timm", here)
    with _torchvision.without_compiler_and_timm():
        assert sys.modules["timm"] is here
    assert sys.modules["timm"] is here
