"""Merges and metrics of language models: peak memory over the size of one model, and seconds per GB.

    python benchmarks/language_model.py [--parameters 2e6] [--methods weight_avg task_arithmetic ties] [--models 2] [--runs 3]

A base and checkpoints of random weights, bfloat16, in Llama's names and proportions: matrices, two embeddings 31 times as
tall as wide, norms. A merge goes from the files to a written file, metrics from the files to the numbers of one pair. Memory
is what is resident at most beyond the imports, pages of mapped files included, over the size of one model's file; seconds
are of the CPU, over the size of all files read. All is written and read tensor by tensor, so that a size is bounded by the
disk alone.
"""

import json
import tempfile
from pathlib import Path

import _measure

WIDTHS = range(64, 1 << 15, 64)
METHODS = ("weight_avg", "task_arithmetic", "ties")
METRICS = "metrics"


def shapes(parameters: float) -> dict[str, tuple[int, ...]]:
    """The tensors of the largest model of no more than so many parameters, or of the smallest there is."""

    def of(width: int) -> dict[str, tuple[int, ...]]:
        rows = {"model.embed_tokens": 31, "lm_head": 31}
        block = {f"self_attn.{part}_proj": (1, 1) for part in "qo"} | {f"self_attn.{part}_proj": (0.25, 1) for part in "kv"}
        block |= {"mlp.gate_proj": (3.5, 1), "mlp.up_proj": (3.5, 1), "mlp.down_proj": (1, 3.5)}
        found = {f"{name}.weight": (tall * width, width) for name, tall in rows.items()} | {"model.norm.weight": (width,)}
        for layer in range(max(1, width // 128)):
            prefix = f"model.layers.{layer}."
            found |= {f"{prefix}{name}.weight": (int(tall * width), int(wide * width)) for name, (tall, wide) in block.items()}
            norms = ("input_layernorm", "post_attention_layernorm")
            found |= {f"{prefix}{name}.weight": (width,) for name in norms}
        return found

    kept = of(WIDTHS[0])
    for width in WIDTHS[1:]:
        if count(larger := of(width)) > parameters:
            break
        kept = larger
    return kept


def count(model: dict[str, tuple[int, ...]]) -> int:
    """Entries of all tensors."""
    import math

    return sum(math.prod(shape) for shape in model.values())


def make(folder: Path, parameters: float, models: int, dtype=None) -> list[Path]:
    """Write the base and the models, bfloat16 unless told otherwise, one tensor in memory at a time; their files."""
    import torch

    from mergecast.models.writing import write
    from mergecast.seeding import seed_for

    dtype = dtype or torch.bfloat16
    layout = {name: (dtype, shape) for name, shape in shapes(parameters).items()}

    def normal(seed: int, name: str, size: float) -> torch.Tensor:
        stream = torch.Generator().manual_seed(seed_for("language_model", seed, name, seed=0))
        return torch.randn(layout[name][1], generator=stream).mul_(size)

    def tensor(place: int, name: str) -> torch.Tensor:
        value = normal(0, name, 0.02)
        return (value.add_(normal(place, name, 0.002)) if place else value).to(dtype)

    files = [folder / f"{'m' if place else 'base'}{place or ''}.safetensors" for place in range(models + 1)]
    for place, path in enumerate(files):
        write(path, layout, lambda name, place=place: tensor(place, name))
    return files


def measure(what: str, files: list[Path]) -> dict:
    """One merge, written beside the files, or the metrics of the first two models, in this process."""
    import torch  # noqa: F401  imported before the clock starts

    from mergecast import merging, metrics
    from mergecast.features import _make, inner_products, spectra  # noqa: F401
    from mergecast.features._pair import pair_features
    from mergecast.models.checkpoints import seen
    from mergecast.models.external.opened import open_any
    from mergecast.models.merged import save_merged

    if what == METRICS:
        metrics.catalogue()
    else:
        merging.find(what)
    size = files[0].stat().st_size / 1e6
    clock = _measure.Clock()
    with clock.stage("open"):
        base = open_any(files[0])
        models = {path.stem: open_any(path, base) for path in files[1:]}
    with clock.stage("work"):
        if what == METRICS:
            values = metrics.compute_all(pair_features(base, *list(models.values())[:2]))
            told = {"seen": seen(base), "values": values}
        else:
            merged = merging.lazily(what, base, models)
            output = files[0].with_name("merged.safetensors")
            save_merged(output, merged, method=what, parameters={}, base=base, models=models)
            told = {"written_mb": output.stat().st_size / 1e6}
    report = clock.report(model_mb=size, models=len(models), **told)
    stages = [report["stages"][name] for name in ("open", "work")]
    read = size * (3 if what == METRICS else len(files)) / 1e3
    return report | {
        "peak_over_model": max(stage["resident_mb"] for stage in stages) / size,
        "own_peak_over_model": max(stage["anonymous_mb"] for stage in stages) / size,
        "cpu_s_per_gb": sum(stage["cpu_s"] for stage in stages) / read,
    }


def main() -> None:
    parser = _measure.parser(__doc__)
    parser.add_argument("--parameters", type=float, default=2e6, help="of a model, at most (default 2e6)")
    parser.add_argument("--methods", nargs="+", default=list(METHODS), metavar="METHOD", help=f"default: {' '.join(METHODS)}")
    parser.add_argument("--models", type=int, default=2, help="beside the base (default 2)")
    parser.add_argument("--no-metrics", action="store_true", help="merges alone")
    options = parser.parse_args()
    if options.measure:
        what, *files = options.measure
        print(json.dumps(measure(what, list(map(Path, files)))))
        return
    model, found = shapes(options.parameters), {}
    with tempfile.TemporaryDirectory() as folder:
        files = make(Path(folder), options.parameters, options.models)
        for what in [*options.methods, *([] if options.no_metrics else [METRICS])]:
            found[what] = _measure.measured(__file__, "--measure", what, *files, **_measure.how(options))
    largest = max(count({name: shape}) for name, shape in model.items())
    told = {"million_parameters": count(model) / 1e6, "largest_tensor_over_model": largest / count(model)}
    _measure.publish("language_model", options, {**told, "measured": found})


if __name__ == "__main__":
    main()
