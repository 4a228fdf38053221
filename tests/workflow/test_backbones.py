"""Full-size backbones with random weights through every stage on the CPU: one step of training, 32 test images per task.

ViT-B-32 is whole. ViT-B-16 has the width, resolution and patches of the real one, but two of its twelve blocks.
"""

import json
import re
import shutil
from copy import deepcopy
from itertools import cycle

import pandas
import pytest
import torch

import grid as small
from layouts import LAYOUTS, WRITERS
from mergecast.models import checkpoints, encoders
from mergecast.models.external.checkpoint import read_checkpoint

TASKS = {name: ("procedural", f"figure={name} train=40 test=32") for name in ("shapes", "letters", "lines", "counts")}
# One metric a category, so that every feature is made; features and merges cost the same for one metric as for all.
METRICS = [
    *("task_vector_cosine_similarity", "effective_rank", "subspace_overlap"),
    *("activation_cosine_similarity", "encoder_gradient_cosine_similarity"),
]
TABLES = [f"results/tiny/tables/{name}.csv" for name in ("checkpoints", "metrics", "merges", "scores")]
BASES = {
    "ViT-B-32": {"kind": "file", "model": "ViT-B-32", "path": "weights.safetensors"},
    "ViT-B-16": {"kind": "openclip", "model": "ViT-B-16", "weights": "openai"},
}
SHORTENED = ("ViT-B-16", "ViT-B-16-quickgelu")
BLOCKS = 2


@pytest.fixture
def folder(tmp_path):
    """A folder that is emptied afterwards: a run leaves gigabytes of checkpoints and gradients."""
    yield tmp_path
    shutil.rmtree(tmp_path)


def put_weights(backbone, grid, cache):
    """Random weights in half precision, as published ones are: a file of one's own, or one in the hub's cache."""
    state = {name: tensor.half() for name, tensor in encoders.new_clip(backbone, seed=1).state_dict().items()}
    if backbone in SHORTENED:
        state = first_blocks(state)
    path = grid.folder / "weights.safetensors"
    if BASES[backbone]["kind"] == "openclip":
        source = encoders.library().get_pretrained_cfg(backbone, BASES[backbone]["weights"])["hf_hub"]
        repository = cache / "hub" / f"models--{source.strip('/').replace('/', '--')}"
        path = repository / "snapshots/0123abcd/open_clip_model.safetensors"
        path.parent.mkdir(parents=True)
        (repository / "refs").mkdir()
        (repository / "refs/main").write_text("0123abcd")
    checkpoints.save(path, state)
    return state["visual.proj"].float()


def first_blocks(state):
    """A state without the blocks that a shortened model has not."""
    blocks = {name: re.search(r"resblocks\.(\d+)\.", name) for name in state}
    return {name: tensor for name, tensor in state.items() if not blocks[name] or int(blocks[name][1]) < BLOCKS}


def shorten(grid, model):
    """Describe a model of OpenCLIP in the grid's own library, with fewer blocks in either tower."""
    described = encoders.library().get_model_config(model)
    described["vision_cfg"]["layers"] = described["text_cfg"]["layers"] = BLOCKS
    (grid.folder / f"workflow/scripts/mergecast/models/{model}.json").write_text(json.dumps(described))


def one_step(backbone):
    """The smallest grid with one step of training that has a fold: four tasks, one method."""
    config = deepcopy(small.SMALL)
    recipe = config["settings"]["tiny"]["recipe"] | {"learning_rate": 1e-5, "steps": 1, "batch_size": 8, "warmup_steps": 0}
    config |= {
        "metrics": METRICS,
        "methods": ["weight_avg"],
        "targets": ["normalised_accuracy"],
        "subsets": None,
        "analysis": {"calibration_sizes": []},
        "calibration": {"images_per_task": 1},
        "evaluation": {"batch_size": "auto"},
        "bases": {backbone: BASES[backbone] | {"image_size": 224}},
        "settings": {"tiny": {"base": backbone, "recipe": recipe | {"evaluations": 0}}},
    }
    return config


@pytest.mark.parametrize("backbone", BASES)
def test_a_full_size_backbone_goes_through_every_stage(backbone, root, folder, monkeypatch):
    monkeypatch.setenv("HF_HOME", str(folder / "cache"))
    grid = small.Grid.new(root, folder / "grid", one_step(backbone), TASKS)
    for model in SHORTENED:
        shorten(grid, model)
    given = put_weights(backbone, grid, folder / "cache")
    grid.run(*TABLES if backbone == "ViT-B-16" else ())  # figures and page know no backbone: once is enough
    base = checkpoints.State(grid.setting / "base.safetensors")
    assert base.metadata["model"] == ("ViT-B-16-quickgelu" if backbone == "ViT-B-16" else backbone)
    assert torch.equal(base["visual.proj"], given)
    blocks = {name.split(".")[3] for name in base if name.startswith("visual.transformer.resblocks.")}
    assert len(blocks) == (BLOCKS if backbone in SHORTENED else 12)
    for task in TASKS:
        tuned = checkpoints.State(grid.setting / f"checkpoints/{task}.safetensors")
        assert not torch.equal(tuned["visual.proj"], base["visual.proj"]), "one step moves the weights"
        single = json.loads((grid.setting / f"checkpoints/{task}.json").read_text())
        assert single["n_test_images"] == 32
    metrics = pandas.read_csv(grid.setting / "tables/metrics.csv")
    assert len(metrics) == 6 and set(METRICS) <= set(metrics) and metrics[METRICS].notna().all(axis=None)
    assert len(pandas.read_csv(grid.setting / "tables/merges.csv")) == 6 * 2
    assert {"ridge", "task_effects"} <= set(pandas.read_csv(grid.setting / "tables/scores.csv")["predictor"])
    assert (grid.results / "report.html").is_file() == (backbone == "ViT-B-32")
    assert_goes_round(tuned, base, folder)


def assert_goes_round(tuned, base, folder):
    """A tower of full width comes back bit for bit from every layout, and from every format."""
    for layout, name in zip(LAYOUTS, cycle(WRITERS), strict=False):
        WRITERS[name](folder / name, LAYOUTS[layout](dict(tuned.items())))
        assert checkpoints.content_hash(read_checkpoint(folder / name, base).state) == checkpoints.content_hash(tuned), (
            layout,
            name,
        )
