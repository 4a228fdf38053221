"""`mergecast inspect` and `mergecast convert`: what they say and write, and one line for each bad input."""

import json
import math

import pytest
import torch

from mergecast.cli import main
from mergecast.models import checkpoints, encoders
from mergecast.models.checkpoints import State, content_hash, open_checkpoint
from mergecast.models.external.inspection import inspect, layer

MODEL = "tiny-clip"
BLOCK = "visual.transformer.resblocks.0"


@pytest.fixture
def base(tmp_path):
    encoders.save_clip(tmp_path / "clip.safetensors", encoders.new_clip(MODEL, seed=1), MODEL)
    encoders.save_visual(tmp_path / "base.safetensors", tmp_path / "clip.safetensors")
    return State(tmp_path / "base.safetensors")


@pytest.fixture
def moved(base):
    """The base, one matrix moved along one direction and one bias by a known length."""
    state = dict(base.items())
    rank_one = torch.outer(torch.ones(96), torch.arange(96.0))
    state[f"{BLOCK}.attn.out_proj.weight"] = state[f"{BLOCK}.attn.out_proj.weight"] + rank_one
    state["visual.ln_post.bias"] = state["visual.ln_post.bias"] + 0.5
    return state


@pytest.fixture
def run(capsys):
    def call(*arguments):
        with pytest.raises(SystemExit) as end:
            main([str(argument) for argument in arguments])
        return (end.value.code, *capsys.readouterr())

    return call


def adapter(folder, base, name=f"{BLOCK}.mlp.c_fc", rank=2):
    stream = torch.Generator().manual_seed(0)
    out, inner = base.shape(f"{name}.weight")
    pair = {"A": torch.randn(rank, inner, generator=stream), "B": torch.randn(out, rank, generator=stream)}
    folder.mkdir()
    tensors = {f"base_model.model.{name}.lora_{side}.weight": tensor for side, tensor in pair.items()}
    checkpoints.save(folder / "adapter_model.safetensors", tensors)
    (folder / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "r": rank, "lora_alpha": 2 * rank}))
    return 2 * pair["B"] @ pair["A"]


def test_inspection_says_what_a_checkpoint_is(run, base, moved, tmp_path):
    torch.save({"model": {f"module.{name}": tensor.half() for name, tensor in moved.items()}}, tmp_path / "mine.pth")
    code, out, err = run("inspect", tmp_path / "mine.pth", "--json")
    facts = json.loads(out)
    assert (code, err) == (0, "")
    assert facts["format"] == "pickle" and facts["layout"] == "OpenCLIP visual tower, without the wrappers 'module'"
    assert facts["dtypes"] == {"float16": len(base)} and facts["tensors"] == len(base)
    assert facts["parameters"] == sum(tensor.numel() for tensor in moved.values())
    expected = {"width": 96, "layers": 4, "patch_size": 8, "image_size": 32, "features": 96}
    assert facts["architecture"] == expected and MODEL in facts["models"]
    assert "fits" not in facts and {*facts["layers"][0]} == {"name", "shape", "norm"}
    assert len(facts["layers"]) == len(base)


def test_with_a_base_inspection_says_how_far_each_layer_moved(run, base, moved, tmp_path):
    checkpoints.save(tmp_path / "mine.safetensors", moved, {"task": "shapes", "base_sha256": content_hash(base)})
    code, out, _ = run("inspect", tmp_path / "mine.safetensors", "--base", base.path, "--json")
    facts = json.loads(out)
    assert code == 0 and facts["fits"] is True and facts["reasons"] == [] and facts["header"]["task"] == "shapes"
    layers = {each["name"]: each for each in facts["layers"]}
    matrix, bias = layers[f"{BLOCK}.attn.out_proj.weight"], layers["visual.ln_post.bias"]
    tau = math.sqrt(96 * sum(i * i for i in range(96)))
    assert matrix["task_vector_norm"] == pytest.approx(tau, rel=1e-6)
    assert matrix["stable_rank"] == pytest.approx(1, rel=1e-4) and matrix["effective_rank"] == pytest.approx(1, abs=0.01)
    assert bias["task_vector_norm"] == pytest.approx(0.5 * math.sqrt(96)) and "stable_rank" not in bias
    assert bias["relative_norm"] is None, "the base's bias is zero"
    still = layers[f"{BLOCK}.mlp.c_fc.weight"]
    assert still["task_vector_norm"] == 0 and still["stable_rank"] is None and still["effective_rank"] is None
    assert facts["task_vector_norm"] == pytest.approx(math.hypot(tau, 0.5 * math.sqrt(96)), rel=1e-6)
    assert facts["relative_norm"] == pytest.approx(facts["task_vector_norm"] / checkpoints.norm(base))
    assert facts["sha256"] == content_hash(moved)


def test_a_base_of_zeros_has_no_relative_norm(run, base, tmp_path):
    checkpoints.save(tmp_path / "zero.safetensors", {name: torch.zeros_like(tensor) for name, tensor in base.items()})
    code, out, err = run("inspect", base.path, "--base", tmp_path / "zero.safetensors", "--json")
    assert (code, err) == (0, "")
    facts = json.loads(out)
    assert facts["relative_norm"] is None and facts["task_vector_norm"] == pytest.approx(checkpoints.norm(base))


def test_ranks_of_known_spectra_are_known(tmp_path):
    values = torch.tensor([3.0, 2.0, 1.0, 0.0])
    checkpoints.save(tmp_path / "zero.safetensors", {"visual.a.weight": torch.zeros(4, 4)})
    found = layer("visual.a.weight", {"visual.a.weight": torch.diag(values)}, State(tmp_path / "zero.safetensors"))
    assert found["stable_rank"] == pytest.approx(14 / 9)
    shares = [3 / 6, 2 / 6, 1 / 6]
    assert found["effective_rank"] == pytest.approx(math.exp(-sum(p * math.log(p) for p in shares)))


def test_without_json_inspection_is_a_short_table_of_the_matrices(run, base, moved, tmp_path):
    checkpoints.save(tmp_path / "mine.safetensors", moved)
    code, out, err = run("inspect", tmp_path / "mine.safetensors", "--base", base.path)
    lines = out.splitlines()
    assert code == 0 and "as an unrelated model" in err, "it moved by more than its length"
    assert any(line.split()[:1] == ["model"] and MODEL in line for line in lines)
    assert any(line.split() == ["fits", "yes"] for line in lines)
    row = next(line.split() for line in lines if f"{BLOCK}.attn.out_proj.weight" in line)
    facts = inspect(tmp_path / "mine.safetensors", base)
    expected = next(each for each in facts["layers"] if each["name"] == row[0])
    assert row[1] == "96×96" and row[2] == f"{expected['norm']:.4g}" and row[-2:] == ["1", "1"]
    assert not any("ln_post" in line for line in lines)


def test_a_checkpoint_that_does_not_fit_is_told_with_its_reasons(run, base, moved, tmp_path):
    moved["visual.mask_token"] = moved.pop(f"{BLOCK}.mlp.c_fc.bias")
    moved["visual.ln_post.bias"] = torch.full((96,), torch.nan)
    checkpoints.save(tmp_path / "mine.safetensors", moved)
    code, out, _ = run("inspect", tmp_path / "mine.safetensors", "--base", base.path, "--json")
    facts = json.loads(out)
    assert code == 0 and facts["fits"] is False
    assert [reason.split(" (")[0] for reason in facts["reasons"]] == [
        f"lacks tensor '{BLOCK}.mlp.c_fc.bias'",
        "has tensor 'visual.mask_token'",
        "tensor 'visual.ln_post.bias' holds NaN or infinity; the training diverged, make it again",
    ]
    assert facts["norm"] is None and "task_vector_norm" not in facts
    assert (
        f"fits       no: lacks tensor '{BLOCK}.mlp.c_fc.bias'"
        in run("inspect", tmp_path / "mine.safetensors", "--base", base.path)[1]
    )


def test_weights_that_are_no_clip_are_described_as_far_as_they_go(run, tmp_path):
    torch.save({"fc.weight": torch.ones(2, 3)}, tmp_path / "other.pt")
    code, out, _ = run("inspect", tmp_path / "other.pt")
    assert code == 0 and "layout     state dict of a model that is no CLIP" in out
    assert "1 (1 float32), 6 parameters" in out


def test_names_and_headers_are_shown_as_text_whatever_they_hold(run, tmp_path):
    checkpoints.save(tmp_path / "odd.safetensors", {"visual.[/bold]": torch.ones(2, 2)}, {"note": "a\x1b[2J\nb"})
    code, out, _ = run("inspect", tmp_path / "odd.safetensors")
    assert code == 0 and "visual.[/bold]" in out and "header note a?[2J?b" in out


def test_an_adapter_is_inspected_and_converted_with_its_base(run, base, tmp_path):
    delta = adapter(tmp_path / "lora", base)
    facts = json.loads(run("inspect", tmp_path / "lora", "--base", base.path, "--json")[1])
    changed = {each["name"]: each for each in facts["layers"] if each["task_vector_norm"]}
    assert facts["layout"] == "LoRA adapter (PEFT)" and list(changed) == [f"{BLOCK}.mlp.c_fc.weight"]
    assert 1 < changed[f"{BLOCK}.mlp.c_fc.weight"]["stable_rank"] < 2.001
    assert facts["tensors"] == 2, "those of the file"
    assert run("convert", tmp_path / "lora", tmp_path / "out.safetensors", "--base", base.path)[0] == 0
    out = open_checkpoint(tmp_path / "out.safetensors", base)
    name = f"{BLOCK}.mlp.c_fc.weight"
    torch.testing.assert_close(out[name], base[name] + delta, rtol=1e-6, atol=1e-6)
    assert list(json.loads(out.metadata["sources"])) == ["adapter_model.safetensors", "adapter_config.json"]


def test_conversion_writes_the_visual_tower_with_its_origin(run, base, tmp_path):
    clip = encoders.new_clip(MODEL, seed=1).state_dict()
    torch.save({"state_dict": clip}, tmp_path / "clip.pt")
    code, out, err = run("convert", tmp_path / "clip.pt", tmp_path / "out.safetensors", "--base", base.path)
    assert (code, err) == (0, "")
    text = len(clip) - len(base)
    assert out == f"{tmp_path / 'out.safetensors'}: OpenCLIP CLIP, pickle\nleft out: {text} tensors of the text tower\n"
    written = open_checkpoint(tmp_path / "out.safetensors", base)
    assert content_hash(written) == content_hash(base)
    assert written.metadata["base_sha256"] == content_hash(base) and written.metadata["model"] == MODEL
    assert written.metadata["text_tensors_left_out"] == str(len(clip) - len(base))
    assert run("convert", tmp_path / "clip.pt", tmp_path / "free.safetensors")[0] == 0
    assert "base_sha256" not in State(tmp_path / "free.safetensors").metadata


def test_what_cannot_be_converted_is_one_line_and_leaves_no_file(run, base, moved, tmp_path):
    adapter(tmp_path / "lora", base)
    checkpoints.save(tmp_path / "nan.safetensors", moved | {"visual.proj": torch.full((96, 96), torch.nan)})
    checkpoints.save(tmp_path / "small.safetensors", moved | {"visual.proj": torch.ones(2, 2)})
    checkpoints.save(tmp_path / "mine.safetensors", moved)
    before, out = sorted(tmp_path.rglob("*")), tmp_path / "out.safetensors"
    for arguments, words in {
        ("lora", out): "adapter_model.safetensors: is an adapter; give the base",
        ("nan.safetensors", out): "nan.safetensors: tensor 'visual.proj' holds NaN",
        ("small.safetensors", out, "--base", base.path): "small.safetensors: tensor 'visual.proj' has shape (2, 2)",
        ("none.pt", out): "none.pt: no such file",
        ("mine.safetensors", tmp_path / "out.pt"): "OUTPUT",
        ("mine.safetensors", tmp_path / "mine.safetensors"): "is one of the files it is made from; name another file",
        ("lora", tmp_path / "lora/adapter_model.safetensors"): "is one of the files it is made from",
        ("mine.safetensors", base.path, "--base", base.path): "is one of the files it is made from",
    }.items():
        code, told, err = run("convert", tmp_path / arguments[0], *arguments[1:])
        assert (code, told) == (1, "") and err.startswith("mergecast: error: ") and err.count("\n") == 1 and words in err
        assert sorted(tmp_path.rglob("*")) == before


def test_a_file_that_cannot_be_read_is_one_line(run, tmp_path):
    (tmp_path / "cut.safetensors").write_bytes(b"no tensors")
    code, out, err = run("inspect", tmp_path / "cut.safetensors")
    assert (code, out) == (1, "") and "cut.safetensors: is not a whole safetensors file" in err and err.count("\n") == 1
