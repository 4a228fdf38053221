"""Inner products of N checkpoints: our streamed pass beside flattening every task vector, at growing numbers of tensors.

    python benchmarks/inner_products.py [--models 8] [--tensors 4 16 32] [--runs 3]

Checkpoints are of random weights, square tensors of 1024 × 1024. Flattened: every task vector as one float64 vector, all of
them kept, one matrix product. The two must agree. Our own (anonymous) memory should not grow with the number of parameters.
"""

import json
import tempfile
from pathlib import Path

import _measure

SIDE = 1024  # rows and columns of a tensor
TOLERANCE = 1e-9


def streamed(base, models):
    """The project's own pass."""
    from mergecast.features._products import products

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
    """One way in this process, and its result."""
    from mergecast.features import _products  # noqa: F401  imported before the clock starts
    from mergecast.models.checkpoints import State

    paths = sorted(folder.glob("*.safetensors"))
    clock = _measure.Clock()
    with clock.stage("products"):
        base, models = State(paths[0]), {path.stem: State(path) for path in paths[1:]}
        result = WAYS[way](base, models)
    return clock.report(sum=float(result.sum()))


def make(folder: Path, models: int, tensors: int) -> None:
    import torch

    from mergecast.models.checkpoints import save

    generator = torch.Generator().manual_seed(0)
    for index in range(models + 1):
        state = {f"visual.{name}": torch.randn(SIDE, SIDE, generator=generator) for name in range(tensors)}
        save(folder / f"{index:03}.safetensors", state)


def compare(models: int, tensors: int, options) -> dict:
    """Both ways on as many checkpoints of as many tensors."""
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder), models, tensors)
        sides = {way: [__file__, "--measure", way, folder] for way in WAYS}
        reports = _measure.alternate(sides, **_measure.how(options))
    ours, theirs = (_measure.median(reports[way]) for way in WAYS)
    if abs(ours["sum"] - theirs["sum"]) > TOLERANCE * abs(theirs["sum"]):
        raise SystemExit("the two ways disagree")
    cpu, memory = ([side["stages"]["products"][key] for side in (ours, theirs)] for key in ("cpu_s", "anonymous_mb"))
    ratios = {"cpu_ratio": cpu[1] / cpu[0], "memory_ratio": memory[1] / memory[0]}
    return {"million_parameters": tensors * SIDE**2 / 1e6, "streamed": ours, "flattened": theirs, **ratios}


def main() -> None:
    parser = _measure.parser(__doc__)
    parser.add_argument("--models", type=int, default=8, help="number of checkpoints (default 8)")
    parser.add_argument("--tensors", type=int, nargs="+", default=[4, 16, 32], help="of a checkpoint (default 4 16 32)")
    options = parser.parse_args()
    if options.measure:
        way, folder = options.measure
        print(json.dumps(measure(way, Path(folder))))
        return
    found = [compare(options.models, tensors, options) for tensors in options.tensors]
    _measure.publish("inner_products", options, {"sizes": found})


if __name__ == "__main__":
    main()
