"""Checkpoints brought instead of fine-tuned: the same numbers, only what changes is remade, bad files are one line."""

import json
import re
from copy import deepcopy

import pytest
import torch

import grid as small
from layouts import behind, published, to_huggingface
from mergecast.models.checkpoints import State, content_hash, save, task_vector
from test_errors import failing_line

LOSSLESS = ("shapes", "letters", "lines")
PATHS = {"shapes": "mine/hf.safetensors", "letters": "mine/letters.pt", "lines": "mine/lines.bin", "digits": "mine/adapter"}
# Analyses that checkpoints make no difference to are left out, to save a minute.
FEW = {
    "targets": ["normalised_accuracy"],
    "splits": {"loto": {"permutations": 0, "costly": 0}},
    "subsets": None,
    "analysis": {"predictor": "ridge", "calibration_sizes": []},
}
RULE = "import_checkpoint_tiny_letters"
TARGET = "results/tiny/checkpoints/letters.safetensors"


def brings(**checkpoints) -> dict:
    """The small configuration with checkpoints; without a recipe if all are brought."""
    config = deepcopy(small.SMALL)
    config["settings"]["tiny"]["checkpoints"] = checkpoints
    if set(checkpoints) == set(small.TASKS):
        del config["settings"]["tiny"]["recipe"]
    return config


def write_all(grid) -> None:
    """The finished grid's own checkpoints in four layouts: three without loss, one as an adapter of low rank."""
    folder = grid.folder / "mine"
    folder.mkdir()
    clip = dict(State(grid.results / "bases/tiny/clip.safetensors").items())
    base = State(grid.setting / "base.safetensors")
    shapes, letters, lines, digits = (
        dict(State(grid.setting / f"checkpoints/{task}.safetensors").items()) for task in small.TASKS
    )
    save(grid.folder / PATHS["shapes"], to_huggingface(clip | shapes))
    torch.save({"state_dict": behind("module.", letters)}, grid.folder / PATHS["letters"])
    torch.save(published(clip | lines), grid.folder / PATHS["lines"])
    adapter = {}
    for name in (name for name in base if name.endswith(("c_fc.weight", "c_proj.weight"))):
        u, s, v = torch.linalg.svd(task_vector(base, digits, name), full_matrices=False)
        module = f"base_model.model.{name.removesuffix('.weight')}"
        adapter |= {f"{module}.lora_A.weight": v[:4].contiguous(), f"{module}.lora_B.weight": u[:, :4] * s[:4]}
    (grid.folder / PATHS["digits"]).mkdir()
    save(grid.folder / PATHS["digits"] / "adapter_model.safetensors", adapter)
    (grid.folder / PATHS["digits"] / "adapter_config.json").write_text('{"peft_type": "LORA", "r": 4, "lora_alpha": 4}')


@pytest.fixture(scope="module")
def brought(finished, tmp_path_factory) -> small.Grid:
    """The finished grid run again with all four checkpoints brought. Never change it: copy it."""
    grid = finished.copy(tmp_path_factory.mktemp("brought") / "grid")
    write_all(grid)
    grid.write_config(brings(**PATHS) | FEW)
    for path in grid.setting.glob("curves/*.csv"):
        path.unlink()
    grid.run()
    return grid


def measured(path) -> dict:
    """A result without the versions of what made it: a commit between two runs changes those alone."""
    return {key: value for key, value in json.loads(path.read_text()).items() if key != "versions"}


def test_what_is_brought_without_loss_gives_the_bits_of_the_fine_tuned_run(finished, brought):
    for task in LOSSLESS:
        own, theirs = (State(grid.setting / f"checkpoints/{task}.safetensors") for grid in (finished, brought))
        assert content_hash(own) == content_hash(theirs) and "recipe" not in theirs.metadata
        assert theirs.metadata["base_sha256"] == content_hash(State(brought.setting / "base.safetensors"))
    compared = 0
    for path in [*finished.setting.glob("m*/*/*.json"), *finished.setting.glob("checkpoints/*.json")]:
        if set(path.stem.split("__")) <= set(LOSSLESS):
            assert json.loads((brought.setting / path.relative_to(finished.setting)).read_text()) == json.loads(
                path.read_text()
            )
            compared += 1
    assert compared == 3 * (len(small.METRICS) + len(small.METHODS)) + 3


def test_an_adapter_is_a_checkpoint_of_low_rank(brought):
    base, digits = State(brought.setting / "base.safetensors"), State(brought.setting / "checkpoints/digits.safetensors")
    moved = [name for name in base if not torch.equal(base[name], digits[name])]
    assert moved and all(name.endswith(("c_fc.weight", "c_proj.weight")) for name in moved)
    assert torch.linalg.matrix_rank(task_vector(base, digits, moved[0], torch.float64), rtol=1e-4) == 4
    assert digits.metadata["source_layout"] == "LoRA adapter (PEFT)" and digits.metadata["task"] == "digits"


def test_where_all_are_brought_nothing_tells_of_training(brought):
    assert not list(brought.setting.glob("curves/*"))
    assert not brought.planned("results/tiny/figures/pairs.svg").matching("curves/")
    page = (brought.results / "report.html").read_text()
    assert "brought, so without a training curve: shapes, letters, lines, digits." in page
    assert "Training curves</h3>" not in page and "The single models</h3>" in page
    assert brought.planned().nothing


def test_another_file_remakes_its_own_task_alone(brought, tmp_path):
    grid = brought.copy(tmp_path / "grid")
    path = grid.folder / PATHS["digits"] / "adapter_model.safetensors"
    tensors = {name: 2 * tensor for name, tensor in State(path).items()}
    path.unlink()
    save(path, tensors)
    plan = grid.planned()
    assert plan.matching("checkpoints/") == {"checkpoints/digits.safetensors", "checkpoints/digits.json"}
    assert plan.matching("features/(spectra|probes)/") == {
        "features/probes/digits.safetensors",
        "features/spectra/digits.safetensors",
    }
    assert plan.matching("merges/") == {f"merges/{method}/{a}__digits.json" for method in small.METHODS for a in LOSSLESS}
    assert not plan.matching("base|heads/|curves/")


def test_one_checkpoint_brought_for_two_tasks_is_told(brought, tmp_path):
    grid = brought.copy(tmp_path / "grid")
    grid.write_config(brings(**PATHS | {"lines": PATHS["letters"]}) | FEW)
    told = grid.run("results/tiny/tables/checkpoints.csv").stderr
    assert told.count("the checkpoints of letters and lines are the same; were they brought for two tasks?") == 1


def test_tasks_without_a_checkpoint_are_fine_tuned_and_only_they_have_a_curve(finished, tmp_path):
    grid = finished.copy(tmp_path / "grid")
    write_all(grid)
    grid.write_config(brings(letters=PATHS["letters"], lines=PATHS["lines"]))
    plan = grid.planned()
    made = {name for name, outputs in plan.jobs if any(re.search(r"/checkpoints/.*\.safetensors", path) for path in outputs)}
    assert made == {RULE, "import_checkpoint_tiny_lines"}, "the others are fine-tuned already"
    plan = grid.planned("--forcerun", "finetune")
    outputs = {output for name, outputs in plan.jobs if name == "finetune" for output in outputs}
    assert {path for path in outputs if "/curves/" in path} == {f"results/tiny/curves/{t}.csv" for t in ("shapes", "digits")}
    grid.write_config(small.SMALL)
    assert grid.planned().nothing, "without them it is the finished run again"


def spring(grid, state):
    class Trap:
        def __reduce__(self):
            return (open, (str(grid.folder / "sprung"), "w"))

    return {**state, "visual.proj": Trap()}


def rename(grid, state):
    return {name.replace("ln_post", "norm_post"): tensor for name, tensor in state.items()}


BROKEN = {
    "a hostile pickle": (spring, "asks to run io.open, which was not done"),
    "a pickled model": (lambda grid, state: torch.nn.Linear(2, 2), "asks to run torch.nn.modules.linear.Linear"),
    "another architecture": (
        lambda grid, state: state | {"visual.conv1.weight": torch.ones(96, 3, 16, 16)},
        "tensor 'visual.conv1.weight' has shape (96, 3, 16, 16), in the base results/tiny/base.safetensors it has",
    ),
    "other names": (rename, "'visual.norm_post.weight' has no place in a CLIP's image or text tower"),
    "names of no CLIP": (
        lambda grid, state: {"fc.weight": torch.ones(2, 2)},
        "holds no visual tower",
    ),
    "NaN": (lambda grid, state: state | {"visual.proj": torch.full((96, 96), torch.nan)}, "'visual.proj' holds NaN"),
}


def broken_line(grid) -> str:
    told = failing_line(grid, TARGET, RULE)
    assert not (grid.folder / TARGET).exists() and not list((grid.folder / TARGET).parent.glob(".*"))
    return told


@pytest.mark.parametrize("fault", BROKEN)
def test_a_file_that_cannot_be_brought_is_one_line_that_names_it(fault, grid):
    change, line = BROKEN[fault]
    torch.save(change(grid, dict(State(grid.folder / TARGET).items())), grid.folder / "theirs.pt")
    grid.write_config(brings(letters="theirs.pt"))
    told = broken_line(grid)
    assert told.startswith("mergecast: error: theirs.pt: ") and line in told
    assert not (grid.folder / "sprung").exists(), "a pickle was executed"


def test_a_file_cut_short_is_one_line_that_names_it(grid):
    torch.save(dict(State(grid.folder / TARGET).items()), grid.folder / "theirs.pt")
    (grid.folder / "theirs.pt").write_bytes((grid.folder / "theirs.pt").read_bytes()[:-1000])
    grid.write_config(brings(letters="theirs.pt"))
    assert "theirs.pt: cannot be read as plain tensors" in broken_line(grid)


def test_an_adapter_of_another_base_is_one_line_that_names_it(grid):
    write_all(grid)
    path = grid.folder / PATHS["digits"] / "adapter_model.safetensors"
    tensors = {name: torch.cat([tensor, tensor], dim=-1) for name, tensor in State(path).items() if "lora_A" in name}
    tensors = {name: tensor.clone() for name, tensor in State(path).items()} | tensors
    path.unlink()
    save(path, tensors)
    grid.write_config(brings(letters=PATHS["digits"]))
    told = broken_line(grid)
    assert "mine/adapter/adapter_model.safetensors: the adapter of 'visual." in told and "give the base" in told
