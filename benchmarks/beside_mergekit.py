"""Merges of a language model beside mergekit: one recipe, both programs; equal to 1e-6, seconds and memory as ratios.

    python benchmarks/beside_mergekit.py [--mergekit PATH/TO/mergekit-yaml] [--parameters 5e7] [--runs 3]

mergekit is asked for with `pip install mergekit`, best in an environment of its own. The models are those of
`language_model.py`, in float32, as folders with Llama's configuration. Each program reads the same recipe from a process of
its own, its imports included, and writes a folder. Memory is the most that the process held resident, mapped files included.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import _measure
import language_model

RECIPES = {
    "linear": ({}, [{"weight": 0.7}, {"weight": 0.3}]),
    "task_arithmetic": ({}, [{"weight": 0.4}, {"weight": 0.4}]),
    "ties": ({"normalize": True}, [{"weight": 1.0, "density": 0.2}, {"weight": 0.5, "density": 0.2}]),
}
OURS = "ours"


def configuration(model: dict[str, tuple[int, ...]]) -> dict:
    """The config.json of a Llama with these tensors."""
    rows, width = model["model.embed_tokens.weight"]
    layers = sum(name.endswith(".self_attn.q_proj.weight") for name in model)
    heads = width // 16  # of 16 entries, so that a quarter of them, those of keys and values, is a whole number
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": rows,
        "hidden_size": width,
        "intermediate_size": model["model.layers.0.mlp.up_proj.weight"][0],
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": heads // 4,
        "tie_word_embeddings": False,
        "dtype": "float32",
    }


def make(folder: Path, parameters: float) -> None:
    """Folders of the base and two models, and a recipe for each method."""
    import torch
    import yaml

    text = json.dumps(configuration(language_model.shapes(parameters)))
    for file in language_model.make(folder, parameters, 2, dtype=torch.float32):
        (folder / file.stem).mkdir()
        file.rename(folder / file.stem / "model.safetensors")
        (folder / file.stem / "config.json").write_text(text)
    for method, (whole, each) in RECIPES.items():
        models = [{"model": f"m{place}", "parameters": given} for place, given in enumerate(each, 1)]
        base = {} if method == "linear" else {"base_model": "base"}
        recipe = {"merge_method": method, **base, "models": models, "parameters": whole, "dtype": "float32"}
        (folder / f"{method}.yaml").write_text(yaml.safe_dump(recipe))


def measure(side: str, method: str, output: str, program: str) -> dict:
    """One merge by one program, in a process of its own."""
    ours = [sys.executable, "-m", "mergecast.cli", "merge", "--recipe", f"{method}.yaml", "--output", output]
    command = ours if side == OURS else [program, f"{method}.yaml", output, "--no-copy-tokenizer", "--quiet"]
    shutil.rmtree(output, ignore_errors=True)
    paths = os.pathsep.join([str(_measure.SCRIPTS), os.environ.get("PYTHONPATH", "")])
    started = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(
            command, env=os.environ | ({"PYTHONPATH": paths} if side == OURS else {}), stdout=said, stderr=said
        )
        _, status, used = os.wait4(child.pid, 0)
        if status:
            said.seek(0)
            raise SystemExit(f"{' '.join(command)} failed:\n{said.read().decode()}")
    wall = time.perf_counter() - started
    return {"cpu_s": used.ru_utime + used.ru_stime, "wall_s": wall, "peak_mb": used.ru_maxrss * 1024 / 1e6}


def difference(one: Path, other: Path) -> float:
    """The largest absolute difference of two models' entries; they must have the same names."""
    from mergecast.models.external.opened import open_any

    ours, theirs = open_any(one), open_any(other)
    if odd := ours.keys() ^ theirs.keys():
        raise SystemExit(f"{one} and {other} differ in {sorted(odd)[0]}")
    return max(float((ours[name] - theirs[name]).abs().max()) for name in ours)


def main() -> None:
    parser = _measure.parser(__doc__)
    parser.add_argument("--parameters", type=float, default=5e7, help="of a model, at most (default 5e7)")
    parser.add_argument("--mergekit", default="mergekit-yaml", help="its program (default: that on the PATH)")
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(*options.measure)))
        return
    program = shutil.which(options.mergekit)
    if program is None:
        raise SystemExit(
            f"{options.mergekit}: no such program; `pip install mergekit` in an environment, and name its mergekit-yaml"
        )
    script, found = Path(__file__).resolve(), {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        make(folder, options.parameters)
        os.chdir(folder)
        size = (folder / "base/model.safetensors").stat().st_size / 1e6
        for method in RECIPES:
            sides = {side: [script, "--measure", side, method, side, program] for side in (OURS, "mergekit")}
            reports = _measure.alternate(sides, **_measure.how(options))
            ours, theirs = (_measure.median(reports[side]) for side in sides)
            ratios = {f"{key}_ratio": theirs[key] / ours[key] for key in ours}
            apart = difference(folder / OURS, folder / "mergekit")
            found[method] = {OURS: ours, "mergekit": theirs, "mergekit_over_ours": ratios, "largest_difference": apart}
    _measure.publish("beside_mergekit", options, {"model_mb": size, "measured": found})


if __name__ == "__main__":
    main()
