"""Features of one checkpoint at any number of calibration images."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from mergecast import features, tasks
from mergecast.errors import MergecastError
from mergecast.features import _images, _make, gradients, probes
from mergecast.features._given import Checkpoint, Grid
from mergecast.features._store import Store
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
        origin = {"class_names": task.class_names, "base_sha256": State(folder / "base.safetensors").sha256}
        save(folder / f"{name}_head.safetensors", {"weight": torch.randn(len(task.class_names), 96)}, origin)
    return folder


@pytest.fixture
def make(folder, tmp_path):
    """Write a feature of one checkpoint at a number of images; checkpoints are opened once for all their features."""
    base = State(folder / "base.safetensors")
    opened = {name: Checkpoint(task=name, base=base, model=State(folder / f"{name}.safetensors")) for name in NAMES}

    def write(feature, task, size, path=None, *, seed=0, further=None):
        path = path or tmp_path / features.find(feature).file.format(task=task)
        files = [(name, folder / f"{name}_images.safetensors", folder / f"{name}_head.safetensors") for name in NAMES]
        images = _make.images_of(features.find(feature), files, size, seed=seed, further=further)
        _make.make(feature, path, replace(opened[task], images=images))
        return path

    return write


def test_one_loaded_checkpoint_gives_at_each_number_what_a_fresh_one_gives(folder, make, tmp_path):
    for size in (2, 7, 4):
        make("probes", "lines", size, tmp_path / f"p{size}.safetensors")
        make("gradients", "lines", size, tmp_path / f"g{size}.safetensors")
    encoder = encoders.open_encoder(State(folder / "base.safetensors")).load(State(folder / "lines.safetensors"))

    def shown(name):
        task = tasks.open_task(folder / f"{name}_images.safetensors")
        return State(folder / f"{name}_head.safetensors")["weight"], _images.calibration(task, 4, seed=0)

    expected = gradients.encoder_gradient(encoder, *shown("lines"))
    found = State(tmp_path / "g4.safetensors")
    assert found.keys() == expected.keys() and all(torch.equal(found[key], expected[key]) for key in expected)
    made = State(tmp_path / "p4.safetensors")
    assert set(made) == {f"{name}/{part}" for name in NAMES for part in ("activation", "count", "input_gradient")}
    for name in NAMES:
        one = probes.probe(encoder, *shown(name))
        assert int(made[f"{name}/count"]) == 4
        assert np.array_equal(made[f"{name}/activation"].numpy(), one.activation)
        assert np.array_equal(made[f"{name}/input_gradient"].numpy(), one.input_gradient)


def test_a_file_says_its_checkpoint_its_base_and_its_images(make):
    header = State(make("gradients", "lines", 5, seed=3)).metadata
    assert header["task"] == "lines" and json.loads(header["calibration"]) == {"images_per_task": 5, "seed": 3}
    assert len(header["base_sha256"]) == len(header["checkpoint_sha256"]) == 64
    assert header["base_sha256"] != header["checkpoint_sha256"]


def test_a_folder_of_one_size_holds_all_that_the_metrics_of_images_need(make, tmp_path):
    files = {name: make("gradients", name, 3) for name in NAMES}
    for name in NAMES:
        make("probes", name, 3)
    grid = Grid(tasks=NAMES, progress=False)
    needed = _make.opened({"gradients": list(files.values())}, grid)
    _make.make("gradient_products", tmp_path / "gradient_products.npz", replace(grid, features=needed))
    store, needs = Store("elsewhere", calibration=tmp_path), ("probes", "gradient_products")
    pair = store.pair(*NAMES, needs)
    flat = [torch.cat([tensor.flatten().double() for _, tensor in sorted(State(files[name]).items())]) for name in NAMES]
    assert pair.gradient_products.total().ab == pytest.approx(float(flat[0] @ flat[1]), rel=1e-9)
    assert pair.probes[0].input_gradient.shape == (2 * 3 * 3 * 32 * 32,)
    assert set(store.inputs(*NAMES, needs)["checkpoints"]) == set(NAMES)


def test_products_of_gradients_of_different_bases_are_refused(make, tmp_path):
    files = [make("gradients", name, 2) for name in NAMES]
    other = State(files[1])
    save(files[1], dict(other), other.metadata | {"base_sha256": "other"})
    grid = Grid(tasks=NAMES, progress=False)
    given = replace(grid, features=_make.opened({"gradients": files}, grid))
    with pytest.raises(
        MergecastError, match="gradient_products.npz: the features it is made from are of different checkpoints"
    ):
        _make.make("gradient_products", tmp_path / "gradient_products.npz", given)


@pytest.mark.parametrize("feature", ["probes", "gradients"])
def test_more_images_than_there_are_names_the_task_and_the_key_that_asks(folder, make, tmp_path, feature):
    available = len(tasks.open_task(folder / "lines_images.safetensors").train)
    with pytest.raises(MergecastError) as error:
        make(feature, "lines", available + 1, further=True)
    assert str(error.value) == (
        f"task lines: an entry of analysis.calibration_sizes is {available + 1}, "
        f"but it has only {available} train images; lower it"
    )
    assert not list(tmp_path.iterdir()), "nothing is half-written"
