"""What fits together and is almost surely a mistake is told in a line, and the number is made all the same."""

import pytest
import torch
from safetensors.torch import save_file

from mergecast import api
from mergecast.cli import main
from mergecast.models.doubts import doubts

NAMES = ("visual.class_embedding", "visual.conv1.weight", "visual.proj", "visual.positional_embedding")
SHAPES = dict(zip(NAMES, [(32,), (32, 3, 8, 8), (32, 16), (17, 32)], strict=True))


def drawn(seed, size=1.0, base=None):
    stream = torch.Generator().manual_seed(seed)
    noise = {name: size * torch.randn(shape, generator=stream) for name, shape in SHAPES.items()}
    return noise if base is None else {name: base[name] + noise[name] for name in base}


@pytest.fixture
def base():
    return drawn(0)


def test_checkpoints_of_their_own_base_raise_no_doubt(base):
    models = {"a": drawn(1, 0.05, base), "b": drawn(2, 0.3, base)}
    assert list(doubts(base, models, "base")) == []


def test_another_base_of_the_same_shapes_is_told_with_the_number_that_betrays_it(base):
    models = {"cars": drawn(1, 0.02, base), "signs": drawn(2, 0.02, base)}
    told = list(doubts(drawn(7), models, "other.safetensors"))
    assert len(told) == 2
    assert told[0].startswith("cars: is as far from other.safetensors as an unrelated model (‖τ‖/‖θ0‖ 1.4")
    assert "a cosine of 0.99" in told[1] and "with cars" in told[1] and "another base?" in told[1]


def test_a_checkpoint_given_twice_and_one_that_was_not_trained_are_told(base):
    tuned = drawn(1, 0.02, base)
    assert list(doubts(base, {"a": tuned, "b": dict(tuned)}, "base")) == ["b: is the same checkpoint as a"]
    assert "a: hardly differs from base (‖τ‖/‖θ0‖ 0e+00)" in next(doubts(base, {"a": dict(base)}, "base"))
    nearly = {name: tensor.double() * (1 + 1e-8) for name, tensor in base.items()}
    assert "hardly differs" in next(doubts({name: tensor.double() for name, tensor in base.items()}, {"a": nearly}, "base"))


def test_every_door_of_the_shell_tells_on_stderr_and_goes_on(base, tmp_path, capsys):
    for name, state in {"base": base, "other": drawn(7), "cars": drawn(1, 0.02, base), "signs": drawn(2, 0.02, base)}.items():
        save_file(state, tmp_path / f"{name}.safetensors")
    paths = {name: str(tmp_path / f"{name}.safetensors") for name in ("base", "other", "cars", "signs")}
    out = str(tmp_path / "out.safetensors")
    for base_name, lines in (("base", 0), ("other", 2)):
        for arguments in (
            ["metrics", paths[base_name], paths["cars"], paths["signs"], "--json"],
            ["merge", "task_arithmetic", paths[base_name], paths["cars"], paths["signs"], "--output", out],
        ):
            with pytest.raises(SystemExit) as end:
                main(arguments)
            told = capsys.readouterr().err.splitlines()
            assert end.value.code == 0 and len(told) == lines
            assert all(line.startswith("mergecast: warning: ") for line in told)
    with pytest.raises(SystemExit):
        main(["inspect", paths["cars"], "--base", paths["other"]])
    assert "as an unrelated model" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["inspect", paths["cars"], "--base", paths["base"]])
    assert capsys.readouterr().err == ""


def test_what_a_merge_leaves_out_is_told(base, tmp_path, capsys):
    save_file(base, tmp_path / "base.safetensors")
    save_file(drawn(1, 0.02, base), tmp_path / "cars.safetensors")
    without = {name: tensor for name, tensor in drawn(2, 0.02, base).items() if name != "visual.proj"}
    save_file(without | {"classifier.weight": torch.ones(2, 2)}, tmp_path / "signs.safetensors")
    merged = api.merge(
        "weight_avg", tmp_path / "base.safetensors", [tmp_path / "cars.safetensors", tmp_path / "signs.safetensors"]
    )
    told = capsys.readouterr().err
    assert "signs: of the base: tensor 'visual.proj'" in told and "1 outside the CLIP" in told
    assert set(merged) == set(base)
