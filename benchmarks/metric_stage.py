"""The 18 weight metrics of all pairs: features once per checkpoint, beside all of a pair's work anew for every pair.

    python benchmarks/metric_stage.py [--models 8 20] [--naive-pairs 1 | --whole] [--runs 3] [--model ViT-B-32]

Our side calls the scripts of the rules one after another: spectra of every checkpoint, one pass of inner products, then
metric by metric every pair from the feature files, a JSON file each. The other side (`_naive_metrics.py`) loads both
checkpoints and the base for each pair. All of its pairs cost the same, so a run of it measures a few, the next run the
next ones, and CPU seconds are scaled to all pairs; --whole takes them all. Every value must agree to the tolerance told.
Both compute in float64: in float32 the sums over 1e8 entries are wrong by per cents, and the weakest singular vectors by
more; `--precision float32` lets the naive side do so, for its time alone.
"""

import gc
import json
import os
import tempfile
from pathlib import Path
from types import SimpleNamespace

import _checkpoints
import _measure
from _checkpoints import SETTING, pairs

TOLERANCE = 1e-6  # relative, of every value


class Named(dict):
    """Values by name, as attributes too, as Snakemake has them."""

    __getattr__ = dict.__getitem__


def job(*output, wildcards: dict = {}, input: dict = {}, **params) -> SimpleNamespace:
    """What a script sees of Snakemake."""
    spaces = {"wildcards": wildcards, "input": input, "params": params}
    return SimpleNamespace(output=list(output), threads=1, **{key: Named(space) for key, space in spaces.items()})


def ours(folder: Path, tasks: list[str], names: list[str] | None = None) -> dict:
    """The stage by the rules' own scripts, for all weight metrics or those named; files of it are left in the folder."""
    import feature  # the rules' scripts
    import metric
    from mergecast import features, metrics

    gc.enable()  # which the scripts' start turns off while it imports
    names = names or [found.name for found in metrics.within(features.of_weights())]
    os.chdir(folder)
    setting, every = Path("results", SETTING), pairs(tasks)
    checkpoints = {task: setting / f"checkpoints/{task}.safetensors" for task in tasks}

    def computes(name: str, output: Path, files: dict[str, Path]) -> SimpleNamespace:
        inputs = {"base": setting / "base.safetensors", "checkpoints": list(files.values())}
        how = {"device": "cpu", "shown": [], "sizes": [None], "further": False, "seed": None}
        return job(output, input=inputs, features=[name], tasks=list(files), **how)

    clock = _measure.Clock()
    with clock.stage("spectra"):
        for task, checkpoint in checkpoints.items():
            output = setting / f"features/spectra/{task}.safetensors"
            feature.main(computes("spectra", output, {task: checkpoint}))
    with clock.stage("inner_products"):
        feature.main(computes("inner_products", setting / "features/inner_products.npz", checkpoints))
    with clock.stage("pairs"):
        for name in names:
            output = [setting / f"metrics/{name}/{a}__{b}.json" for a, b in every]
            common = {"setting": SETTING, "pairs": every, "parameters": {}, "seed": 0}
            metric.main(job(*output, wildcards={"metric": name}, **common))
    return clock.report(pairs=len(every), metrics=len(names))


def naive(folder: Path, tasks: list[str], chosen: list[tuple[str, str]], precision: str) -> dict:
    """Every chosen pair from the checkpoints' files, and its values."""
    import torch
    from safetensors.torch import load_file

    from _naive_metrics import pair_metrics

    setting, values = folder / "results" / SETTING, {}
    clock = _measure.Clock()
    with clock.stage("pairs"):
        for a, b in chosen:
            files = (setting / f"{name}.safetensors" for name in ("base", f"checkpoints/{a}", f"checkpoints/{b}"))
            values[f"{a}__{b}"] = pair_metrics(*map(load_file, files), dtype=getattr(torch, precision))
    return clock.report(pairs=len(chosen), values=values)


def disagreement(folder: Path, values: dict[str, dict[str, float]]) -> float:
    """The largest relative difference between the naive values and those in our files."""
    worst = 0.0
    for pair, expected in values.items():
        for name, value in expected.items():
            ours = json.loads((folder / "results" / SETTING / "metrics" / name / f"{pair}.json").read_text())["value"]
            worst = max(worst, abs(ours - value) / max(abs(ours), abs(value)))
    return worst


def compare(folder: Path, count: int, options) -> dict:
    """Both sides, in turn, on as many checkpoints, which are made first."""
    every = pairs(_checkpoints.make(folder, options.model, count))
    some = len(every) if options.whole else options.naive_pairs
    reports = _measure.alternate(
        {
            "ours": [__file__, "--measure", "ours", folder, count],
            "naive": [__file__, "--measure", "naive", folder, count, some, _measure.RUN, options.precision],
        },
        **_measure.how(options),
    )
    worst = max(disagreement(folder, report.pop("values")) for report in reports["naive"])
    if options.precision == "float64" and worst > TOLERANCE:
        raise SystemExit(f"a value of the two sides differs by {worst:.1e} of itself, more than {TOLERANCE:.0e}")
    ours, naive = (_measure.median(reports[side]) for side in ("ours", "naive"))
    pair, imports = naive["stages"]["pairs"]["cpu_s"] / some, naive["stages"]["imports"]["cpu_s"]
    stages, numbers = ours["stages"], len(every) * ours["metrics"]
    features = stages["spectra"]["cpu_s"] + stages["inner_products"]["cpu_s"]
    return {
        "models": count,
        "pairs": len(every),
        "metrics": ours["metrics"],
        "largest_relative_difference": worst,
        "ours": ours,
        "ours_features_cpu_s": features,
        "ours_cpu_ms_per_pair_and_metric": 1e3 * stages["pairs"]["cpu_s"] / numbers,
        "naive": naive,
        "naive_pairs_measured": min(len(every), some * options.runs),
        "naive_cpu_s_per_pair": pair,
        "naive_cpu_s": imports + pair * len(every),
        "naive_cpu_s_is": "measured" if options.whole else f"scaled from {some} of {len(every)} pairs a run",
        "cpu_ratio": (imports + pair * len(every)) / ours["process"]["cpu_s"],
        "cpu_ratio_without_imports": pair * len(every) / (features + stages["pairs"]["cpu_s"]),
    }


def main() -> None:
    parser = _measure.parser(__doc__)
    parser.add_argument("--models", type=int, nargs="+", default=[8, 20], help="numbers of checkpoints (default 8 and 20)")
    parser.add_argument("--model", default="ViT-B-32", help="architecture (default ViT-B-32)")
    parser.add_argument("--naive-pairs", type=int, default=1, help="pairs that a run of the naive side measures (default 1)")
    parser.add_argument("--whole", action="store_true", help="the naive side measures all pairs: an hour for 8 models")
    parser.add_argument("--precision", default="float64", choices=["float64", "float32"], help="of the naive side")
    options = parser.parse_args()
    if options.measure:
        side, folder, count, *rest = options.measure
        tasks = [f"t{place:03}" for place in range(int(count))]
        if side == "ours":
            report = ours(Path(folder), tasks)
        else:
            some, run, precision = int(rest[0]), int(rest[1]), rest[2]
            every = pairs(tasks)
            chosen = [every[(run * some + place) % len(every)] for place in range(min(some, len(every)))]
            report = naive(Path(folder), tasks, chosen, precision)
        print(json.dumps(report))
        return
    with tempfile.TemporaryDirectory() as folder:
        found = [compare(Path(folder), count, options) for count in sorted(options.models)]
    _measure.publish("metric_stage", options, {"stages": found})


if __name__ == "__main__":
    main()
