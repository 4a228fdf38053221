"""Every merge method on two checkpoints: seconds and peak memory, beside plain in-memory versions of the formulas.

    python benchmarks/merge_methods.py [--methods tsv ties …] [--blocks 12] [--spectral-blocks 1] [--row 4] [--runs 3]

Ours streams memory-mapped files; the textbook (`_textbook.py`) loads them and holds every task vector, both in float64. A
measurement goes from the files to the merged state in memory; the merged states must agree to the tolerance told, relative
in the Frobenius norm of θ − θ0. Methods that factor matrices are compared on towers cut to `--spectral-blocks` blocks, since
a block's matrices cost what every other block's do, and then run once, ours alone, on `--blocks` blocks for its memory. For
them, too, a row of merges of one task with K others, as a merge job holds it, beside K textbook merges.
"""

import json
import tempfile
from pathlib import Path

import _checkpoints
import _measure
from _checkpoints import SETTING

TOLERANCE = 1e-4
CASES = {  # what is measured: the method and its parameters
    "weight_avg": ("weight_avg", {}),
    "task_arithmetic": ("task_arithmetic", {}),
    "ties": ("ties", {}),
    "ties, trim=global": ("ties", {"trim": "global"}),
    "dare": ("dare", {}),
    "tall_masks": ("tall_masks", {}),
    "tsv": ("tsv", {}),
    "iso_c": ("iso_c", {}),
    "iso_cts": ("iso_cts", {}),
}
SPECTRAL = ("tsv", "iso_c", "iso_cts")


def ours(files: list[Path], method: str, parameters: dict, clock) -> dict:
    """The merge of the first checkpoint with each of the others, one after another; the last merged state."""
    from mergecast import merging
    from mergecast.models.checkpoints import State

    with clock.stage("merge"):
        base, first, *others = map(State, files)
        svd = merging.shared_svd(method, "t000") if len(others) > 1 else None
        for place, other in enumerate(others, start=1):
            merged = merging.merge(method, base, {"t000": first, f"t{place:03}": other}, parameters, svd=svd)
    return merged


def textbook(files: list[Path], method: str, parameters: dict, clock) -> dict:
    """The same merge, of two checkpoints, the plain way."""
    import torch
    from safetensors.torch import load_file

    import _textbook
    from mergecast.seeding import seed_for

    def draw(place, name, shape):
        stream = torch.Generator().manual_seed(seed_for("dare", f"t{place:03}", name, seed=0))
        return torch.rand(shape, generator=stream, dtype=torch.float64)

    with clock.stage("merge"):
        base, *models = map(load_file, files)
        return _textbook.METHODS[method](base, models, **parameters, **({"draw": draw} if method == "dare" else {}))


SIDES = {"ours": ours, "textbook": textbook}


def measure(side: str, case: str, folder: Path, others: int, run: int) -> dict:
    """One side in this process; its first run leaves the merged state in the folder, after the clock."""
    import torch  # noqa: F401  imported before the clock starts
    from safetensors.torch import save_file

    from mergecast import merging

    method, parameters = CASES[case]
    merging.find(method)
    setting = folder / "results" / SETTING
    files = [setting / "base.safetensors", *(setting / f"checkpoints/t{place:03}.safetensors" for place in range(others + 1))]
    clock = _measure.Clock()
    merged = SIDES[side](files, method, parameters, clock)
    size = sum(path.stat().st_size for path in files) + sum(tensor.nbytes for tensor in merged.values())
    report = clock.report(data_mb=size / 1e6)
    if run == 0 and others == 1:
        save_file(merged, folder / f"{side}.safetensors")
    return report


def difference(folder: Path) -> float:
    """Of the two merged states, in the norm of θ − θ0, relative to its length."""
    from safetensors.torch import load_file

    ours, textbook = (load_file(folder / f"{side}.safetensors") for side in SIDES)
    base = load_file(folder / "results" / SETTING / "base.safetensors")
    gap = sum(float((ours[name].double() - textbook[name].double()).square().sum()) for name in base)
    return (gap / sum(float((textbook[name].double() - base[name].double()).square().sum()) for name in base)) ** 0.5


def compare(folder: Path, case: str, options) -> dict:
    """Both sides of one case on the checkpoints in the folder."""
    sides = {side: [__file__, "--measure", side, case, folder, 1, _measure.RUN] for side in SIDES}
    reports = _measure.alternate(sides, **_measure.how(options))
    apart = difference(folder)
    if apart > TOLERANCE:
        raise SystemExit(f"{case}: the two sides differ by {apart:.1e}, more than {TOLERANCE:.0e}")
    found = {side: _measure.median(reports[side]) for side in SIDES}
    seconds = [found[side]["stages"]["merge"]["cpu_s"] for side in SIDES]
    return {"relative_difference": apart, **found, "cpu_ratio": seconds[1] / seconds[0]}


def memory(report: dict) -> dict:
    """Peaks above the imports over the size of inputs and output: with the pages of mapped files, and without."""
    merge = report["stages"]["merge"]
    return {
        "peak_over_data": merge["resident_mb"] / report["data_mb"],
        "own_peak_over_data": merge["anonymous_mb"] / report["data_mb"],
        "data_mb": report["data_mb"],
    }


def row(folder: Path, case: str, others: int, single: dict, options) -> dict:
    """Our row of merges, beside as many textbook merges, each of which costs what the one measured costs."""
    command = [__file__, "--measure", "ours", case, folder, others, _measure.RUN]
    found = _measure.measured(*command, **_measure.how(options))
    seconds, plain = found["stages"]["merge"]["cpu_s"], others * single["textbook"]["stages"]["merge"]["cpu_s"]
    return {"merges": others, "ours": found, "textbook_cpu_s_scaled": plain, "cpu_ratio": plain / seconds}


def main() -> None:
    parser = _measure.parser(__doc__)
    parser.add_argument("--methods", nargs="+", default=list(CASES), choices=list(CASES), metavar="CASE", help="default: all")
    parser.add_argument("--model", default="ViT-B-32", help="architecture (default ViT-B-32)")
    parser.add_argument("--blocks", type=int, default=12, help="of the tower (default 12, all of ViT-B-32)")
    parser.add_argument("--spectral-blocks", type=int, default=1, help="where matrices are factored on both sides (default 1)")
    parser.add_argument("--row", type=int, default=4, help="merges of a row (default 4)")
    options = parser.parse_args()
    if options.measure:
        side, case, folder, others, run = options.measure
        print(json.dumps(measure(side, case, Path(folder), int(others), int(run))))
        return
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        whole, cut = Path(folder, "whole"), Path(folder, "cut")
        _checkpoints.make(whole, options.model, 2, blocks=options.blocks)
        _checkpoints.make(cut, options.model, options.row + 1, blocks=options.spectral_blocks)
        for case in options.methods:
            spectral = case in SPECTRAL
            single = found[case] = {
                "blocks": options.spectral_blocks if spectral else options.blocks,
                **compare(cut if spectral else whole, case, options),
            }
            single["memory"] = {"blocks": options.blocks, **memory(single["ours"])}
            if spectral:
                single["row"] = row(cut, case, options.row, single, options)
                if options.blocks != options.spectral_blocks:
                    once = _measure.spawn(__file__, "--measure", "ours", case, whole, 1, 1, threads=options.threads)
                    single["memory"] = {"blocks": options.blocks, **memory(once), "cpu_s": once["stages"]["merge"]["cpu_s"]}
    _measure.publish("merge_methods", options, {"methods": found})


if __name__ == "__main__":
    main()
