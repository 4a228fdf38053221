"""Features of one checkpoint at any number of calibration images."""

import json

import numpy as np
import pytest
import torch

from mergecast import tasks
from mergecast.errors import MergecastError
from mergecast.features import calibrated, gradients, inner_products, probes
from mergecast.features.store import Store
from mergecast.models import encoders
from mergecast.models.checkpoints import State, save

NAMES = ("lines", "letters")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A base, one checkpoint a task, their images and heads, as files."""
    folder = tmp_path_factory.mktemp("setting")
    encoder = encoders.Encoder("tiny-clip", encoders.new_clip("tiny-clip", seed=0).visual)
    torch.manual_seed(0)
    clip = folder / "clip.safetensors"
    encoders.save_clip(clip, encoders.new_clip("tiny-clip", seed=0), "tiny-clip")
    encoders.save_visual(folder / "base.safetensors", clip)
    for name in NAMES:
        state = {key: value + 0.02 * torch.randn_like(value) for key, value in encoder.state().items()}
        save(folder / f"{name}.safetensors", state)
        row = {"task": name, "source": "procedural", "options": f"figure={name} train=60 test=20"}
        task = tasks.load(row, size=32, seed=0)
        tasks.save(folder / f"{name}_images.safetensors", task)
        save(folder / f"{name}_head.safetensors", {"weight": torch.randn(len(task.class_names), 96)})
    return folder


@pytest.fixture(scope="module")
def shown(folder):
    return {
        name: (tasks.open_task(folder / f"{name}_images.safetensors"), State(folder / f"{name}_head.safetensors")["weight"])
        for name in NAMES
    }


def place(folder, name, seed=0):
    states = State(folder / "base.safetensors"), State(folder / f"{name}.safetensors")
    return calibrated.Calibrated.place(*states, name, seed=seed, device="cpu")


def test_one_loaded_checkpoint_gives_at_each_number_what_a_fresh_one_gives(folder, shown, tmp_path):
    kept = place(folder, "lines")
    for size in (2, 7, 4):
        kept.save_probes(tmp_path / f"p{size}.safetensors", shown, size)
        kept.save_gradient(tmp_path / f"g{size}.safetensors", shown, size)
    encoder = encoders.open_encoder(State(folder / "base.safetensors")).load(State(folder / "lines.safetensors"))
    task, head = shown["lines"]
    images = probes.calibration(task, 4, seed=0)
    expected = gradients.encoder_gradient(encoder, head, images)
    found = State(tmp_path / "g4.safetensors")
    assert found.keys() == expected.keys() and all(torch.equal(found[key], expected[key]) for key in expected)
    made = State(tmp_path / "p4.safetensors")
    for name, (task, head) in shown.items():
        one = probes.probe(encoder, head, probes.calibration(task, 4, seed=0))
        assert np.array_equal(made[f"{name}/activation"].numpy(), one.activation)
        assert np.array_equal(made[f"{name}/input_gradient"].numpy(), one.input_gradient)


def test_a_file_says_its_checkpoint_its_base_and_its_images(folder, shown, tmp_path):
    place(folder, "lines", seed=3).save_gradient(tmp_path / "g.safetensors", shown, 5)
    header = State(tmp_path / "g.safetensors").metadata
    assert header["task"] == "lines" and json.loads(header["calibration"]) == {"images_per_task": 5, "seed": 3}
    assert len(header["base_sha256"]) == len(header["checkpoint_sha256"]) == 64
    assert header["base_sha256"] != header["checkpoint_sha256"]


def test_a_folder_of_one_size_holds_all_that_the_metrics_of_images_need(folder, shown, tmp_path):
    files = {name: tmp_path / f"gradients/{name}.safetensors" for name in NAMES}
    for name in NAMES:
        place(folder, name).save_probes(tmp_path / f"probes/{name}.safetensors", shown, 3)
        place(folder, name).save_gradient(files[name], shown, 3)
    states = {name: State(path) for name, path in files.items()}
    headers = {name: state.metadata for name, state in states.items()}
    inner_products.save(
        tmp_path / "gradient_products.npz",
        inner_products.products(states),
        sha256={name: header["checkpoint_sha256"] for name, header in headers.items()},
        base_sha256=headers["lines"]["base_sha256"],
    )
    store, needs = Store(tmp_path), ("probes", "encoder_gradients")
    pair = store.pair(*NAMES, needs)
    flat = [torch.cat([tensor.flatten().double() for _, tensor in sorted(State(files[name]).items())]) for name in NAMES]
    assert pair.encoder_gradients.total().ab == pytest.approx(float(flat[0] @ flat[1]), rel=1e-9)
    assert pair.probes[0].input_gradient.shape == (2 * 3 * 3 * 32 * 32,)
    assert set(store.inputs(*NAMES, needs)["checkpoints"]) == set(NAMES)


def test_more_images_than_there_are_names_the_task_and_the_key_that_asks(folder, shown, tmp_path):
    available = len(shown["lines"][0].train)
    one = place(folder, "lines")
    for make in (one.save_probes, one.save_gradient):
        with pytest.raises(MergecastError) as error:
            make(tmp_path / "none.safetensors", shown, available + 1, key=calibrated.FURTHER_SIZE)
        assert str(error.value) == (
            f"task lines: an entry of analysis.calibration_sizes is {available + 1}, "
            f"but it has only {available} train images; lower it"
        )
    assert not list(tmp_path.iterdir()), "nothing is half-written"
