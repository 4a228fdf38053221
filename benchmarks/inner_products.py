"""Inner products of N checkpoints: our streamed pass beside flattening every task vector, at growing numbers of tensors.

    python benchmarks/inner_products.py [--models 8]

Each measurement is a process of its own on checkpoints of random weights: seconds, and the peak of its own (anonymous)
memory; pages of the memory-mapped files are not counted, since the system takes them back when it needs them.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))
ROWS, COLUMNS = 1024, 1024


def streamed(base, models):
    """The project's own pass."""
    from mergecast.features.inner_products import products

    return products(models, base, progress=False).products.sum(axis=0)


def flattened(base, models):
    """Every task vector flattened and kept, float64, one matrix product."""
    import numpy
    import torch

    vectors = [
        torch.cat([(model[name] - base[name]).double().reshape(-1) for name in base]).numpy() for model in models.values()
    ]
    stack = numpy.stack(vectors)
    return stack @ stack.T


WAYS = {"streamed": streamed, "flattened": flattened}


def measure(way: str, folder: Path) -> dict:
    """Run one way in this process: seconds, peak anonymous memory in MB above what importing took, and the result."""
    from mergecast.checkpoints import State
    from mergecast.features import inner_products  # noqa: F401  imported before the clock starts

    paths = sorted(folder.glob("*.safetensors"))
    base, models = State(paths[0]), {path.stem: State(path) for path in paths[1:]}
    before, peak, done = anonymous(), [0.0], threading.Event()

    def watch():
        while not done.wait(0.005):
            peak[0] = max(peak[0], anonymous())

    watcher = threading.Thread(target=watch)
    watcher.start()
    start = time.perf_counter()
    result = WAYS[way](base, models)
    seconds = time.perf_counter() - start
    done.set()
    watcher.join()
    return {"seconds": seconds, "megabytes": peak[0] - before, "sum": float(result.sum())}


def anonymous() -> float:
    """This process's anonymous resident memory, MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) / 1024
    raise SystemExit("needs Linux's /proc")


def make(folder: Path, models: int, tensors: int) -> None:
    import torch

    from mergecast.checkpoints import save

    generator = torch.Generator().manual_seed(0)
    for index in range(models + 1):
        state = {f"visual.{name}": torch.randn(ROWS, COLUMNS, generator=generator) for name in range(tensors)}
        save(folder / f"{index:03}.safetensors", state)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--models", type=int, default=8)
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure(arguments.measure[0], Path(arguments.measure[1]))))
        return
    print("| parameters, millions | streamed, s | flattened, s | ratio | streamed, MB | flattened, MB | ratio |")
    print("|---:|---:|---:|---:|---:|---:|---:|")
    for tensors in (4, 16, 32):
        with tempfile.TemporaryDirectory() as folder:
            make(Path(folder), arguments.models, tensors)
            found = {}
            for way in WAYS:
                command = [sys.executable, __file__, "--measure", way, folder]
                found[way] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        ours, theirs = found["streamed"], found["flattened"]
        assert abs(ours["sum"] - theirs["sum"]) <= 1e-9 * abs(theirs["sum"]), "the two ways must agree"
        cells = [f"{tensors * ROWS * COLUMNS / 1e6:.0f}"]
        for key, digits in (("seconds", 2), ("megabytes", 0)):
            cells += [f"{ours[key]:.{digits}f}", f"{theirs[key]:.{digits}f}", f"{ours[key] / theirs[key]:.2f}"]
        print("| " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
