"""Checkpoints as the largest public collection of them has them: a `CLIPVisionModel` a task, fine-tuned from a `CLIPModel`."""

import json
from copy import deepcopy

import pytest
import torch
from safetensors.torch import save_file

import grid as small
from layouts import to_huggingface
from mergecast.models import encoders
from mergecast.models.checkpoints import State, content_hash

encoders.library()  # makes torchvision importable, which transformers tries

import transformers  # noqa: E402  # isort: skip

BASE = "openai/clip-tiny"


@pytest.fixture(scope="module")
def grid(root, tmp_path_factory) -> small.Grid:
    """A grid whose base and checkpoints were saved by transformers, with random weights."""
    config = deepcopy(small.SMALL) | {
        "targets": ["normalised_accuracy"],
        "splits": {"loto": {"permutations": 0, "costly": 0}},
        "subsets": None,
        "analysis": {"predictor": "ridge", "calibration_sizes": []},
        "bases": {"published": {"kind": "file", "model": "tiny-clip", "image_size": 32, "path": BASE}},
        "settings": {"tiny": {"base": "published", "checkpoints": {task: f"collection/{task}" for task in small.TASKS}}},
    }
    grid = small.Grid.new(root, tmp_path_factory.mktemp("collection") / "grid", config)
    clip = to_huggingface(encoders.new_clip("tiny-clip", seed=1).state_dict())
    (grid.folder / BASE).mkdir(parents=True)
    save_file({name: tensor.contiguous() for name, tensor in clip.items()}, grid.folder / BASE / "model.safetensors")
    (grid.folder / BASE / "config.json").write_text("{}")
    shape = {"hidden_size": 96, "num_hidden_layers": 4, "num_attention_heads": 3, "intermediate_size": 384}
    model = transformers.CLIPVisionModel(transformers.CLIPVisionConfig(**shape, image_size=32, patch_size=8))
    for seed, task in enumerate(small.TASKS):
        stream = torch.Generator().manual_seed(seed)
        tuned = {}
        for name, tensor in model.state_dict().items():
            old = clip[name if name in clip else f"vision_model.{name}"] if tensor.is_floating_point() else tensor
            tuned[name] = old + 0.01 * torch.randn(old.shape, generator=stream) if tensor.is_floating_point() else old
        model.load_state_dict(tuned)
        model.save_pretrained(grid.folder / f"collection/{task}")
    grid.run()
    return grid


def test_the_grid_runs_and_every_projection_is_the_bases(grid):
    base = State(grid.results / "tiny/base.safetensors")
    for task in small.TASKS:
        tuned = State(grid.results / f"tiny/checkpoints/{task}.safetensors")
        assert torch.equal(tuned["visual.proj"], base["visual.proj"]) and content_hash(tuned) != content_hash(base)
        assert json.loads(tuned.metadata["tensors_of_the_base"]) == ["visual.proj"]
    merges = list((grid.results / "tiny/merges").glob("*/*.json"))
    assert len(merges) == 6 * len(small.METHODS) and (grid.results / "report.html").is_file()


def test_another_file_of_a_folder_remakes_its_own_task_alone(grid, tmp_path):
    changed = grid.copy(tmp_path / "grid")
    path = changed.folder / "collection/digits/model.safetensors"
    tensors = {name: 1.01 * tensor for name, tensor in State(path).items()}
    path.unlink()
    save_file(tensors, path)
    remade = changed.planned().matching("checkpoints/")
    assert remade == {"checkpoints/digits.safetensors", "checkpoints/digits.json"}
