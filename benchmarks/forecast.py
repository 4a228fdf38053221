"""Seconds that `mergecast forecast` takes for two checkpoints of a study of twenty tasks, the whole command.

    python benchmarks/forecast.py [--model ViT-B-32] [--tasks 20] [--images 200] [--threads 2] [--runs 3]

Weights, images and the forecaster's numbers are random: only the time is looked at. Beside it, the images that one pass of
float32 takes in the same time: what measuring two merges on as many images would begin with.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import permutations
from pathlib import Path

import _measure

COLUMNS = ("kept scaling_0.3", "kept scaling_0.5", "other harm_log_ratio", "pair additive_ratio", "pair additive_log_ratio")
METHODS = [f"method_{number}" for number in range(8)]
CLASSES = 50


def study(folder: Path, model: str, tasks: int, images: int) -> None:
    """What the command reads: a CLIP, its base, two checkpoints, prepared images and a forecaster."""
    import numpy
    import torch

    from mergecast import tasks as sources
    from mergecast.features import with_needs
    from mergecast.models import checkpoints, encoders
    from mergecast.prediction import forecaster
    from mergecast.tasks.images import Split
    from mergecast.workflow.code_hash import code

    rng, setting = numpy.random.default_rng(0), folder / "results/setting"
    clip = encoders.new_clip(model)
    encoders.save_clip(folder / "results/bases/base/clip.safetensors", clip, model)
    encoders.save_visual(setting / "base.safetensors", folder / "results/bases/base/clip.safetensors")
    base = checkpoints.State(setting / "base.safetensors")
    moved = {name: {key: base[key] + 1e-4 * torch.randn(base[key].shape) for key in base} for name in ("a", "b")}
    for name, state in moved.items():
        checkpoints.save(folder / f"{name}.safetensors", state)
    size, names = encoders.image_size(model), [f"task_{number}" for number in range(tasks)]
    classes = tuple(f"class {number}" for number in range(CLASSES))
    library = {}
    for name in [*names, "a", "b"]:
        labels = numpy.arange(images) % CLASSES
        split = Split(rng.integers(0, 256, (images, size, size, 3), dtype=numpy.uint8), labels)
        task = sources.Task(name, "npz", classes, ("a photo of {}.",), split, split, split)
        if name in names:
            sources.save(folder / f"results/images/{size}px/{name}.safetensors", task)
            width = clip.visual.output_dim
            seen = {key: rng.normal(size=(images, width)).astype(numpy.float32) for key in ("0.0", "0.5")}
            head = rng.normal(size=(CLASSES, width)).astype(numpy.float32)
            library[name] = {**seen, "head": head, "labels": labels}
        else:
            numpy.savez(folder / f"{name}.npz", images=split.images, labels=labels, class_names=numpy.array(classes))
    rows = [list(pair) for pair in permutations(names, 2)]
    features = [*COLUMNS, *(f"{role} task {name}" for role in ("kept", "other") for name in names)]
    f, m, n = len(features), len(METHODS), len(rows)
    about = {
        "predictor": "mixed", "target": "normalised_accuracy", "features": features, "methods": METHODS, "tasks": names,
        "rows": rows, "levels": [0.8, 0.9], "scores": {}, "refused": {}, "base": checkpoints.content_hash(base),
        "checkpoints": {}, "images": {"most": images, "size": size, "clip": "base"}, "seed": 0,
        "code": {name: code(f"mergecast/features/{name}.py") for name in with_needs(("scaling", "harm", "additive"))},
    }  # fmt: skip
    arrays = {
        "coef": rng.normal(size=(3, m, f)), "intercept": rng.normal(size=(3, m)), "mean": numpy.zeros(f),
        "scale": numpy.ones(f), "low": numpy.full(f, -9.0), "high": numpy.full(f, 9.0), "typical": numpy.zeros(f),
        "level": numpy.zeros(m), "half_width": numpy.ones((3, 2, m)), "X": rng.normal(size=(n, f)),
        "Y": rng.normal(size=(n, m)), "left_out": rng.normal(size=(n, m)),
    }  # fmt: skip
    forecaster.save(setting / "forecaster", "images", forecaster.Forecaster(about, arrays, library))
    (setting / "tables").mkdir()


def asked(folder: Path, threads: int) -> dict:
    """The command in a process of its own."""
    models = [str(folder / f"{name}.safetensors") for name in ("a", "b")]
    images = [option for name in ("a", "b") for option in ("--task", f"{name}={folder / name}.npz")]
    where = ["--study", str(folder / "results/setting"), "--threads", str(threads), "--json"]
    command = [sys.executable, "-m", "mergecast.cli", "forecast", str(folder / "results/setting/base.safetensors"), *models]
    started = time.perf_counter()
    done = subprocess.run(
        [*command, *images, *where],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(_measure.SCRIPTS)},
    )
    return {"seconds": time.perf_counter() - started, "images_looked_at": json.loads(done.stdout)["images_looked_at"]}


def bare(model: str, threads: int, seconds: float) -> float:
    """Images of one pass of float32 in so many seconds."""
    import torch

    from mergecast.models import encoders

    torch.set_num_threads(threads)
    visual, pixels = encoders.new_clip(model).visual.eval(), torch.randn(50, 3, *[encoders.image_size(model)] * 2)
    with torch.inference_mode():
        visual(pixels)
        started, passed = time.perf_counter(), 0
        while time.perf_counter() - started < min(seconds, 10):
            visual(pixels)
            passed += len(pixels)
    return passed / (time.perf_counter() - started) * seconds


def main() -> None:
    parser = _measure.parser(__doc__)
    parser.add_argument("--model", default="ViT-B-32", help="architecture")
    parser.add_argument("--tasks", type=int, default=20, help="of the study")
    parser.add_argument("--images", type=int, default=200, help="of a task")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        study(Path(name), options.model, options.tasks, options.images)
        runs = [asked(Path(name), options.threads) for _ in range(options.runs)]
    seconds = statistics.median(run["seconds"] for run in runs)
    _measure.publish(
        "forecast", options, {"runs": runs, "seconds": seconds, "bare_images": bare(options.model, options.threads, seconds)}
    )


if __name__ == "__main__":
    main()
