"""Every fold of one merge method and one predictor."""

from pathlib import Path

from job import run
from mergecast import prediction, tables
from mergecast.files import file_hash, write_json
from mergecast.prediction import design, folds


def main(snakemake):
    method, predictor, params = snakemake.wildcards.method, snakemake.wildcards.predictor, snakemake.params
    inputs = prediction.inputs(predictor)
    seen = {Path(path).stem: tables.read(path) for path in snakemake.input.seen}
    merges = tables.read(snakemake.input.merges)
    built = design.build(inputs, method, params.target, tasks=params.tasks, merges=merges, **seen)
    hashes = {path: file_hash(path) for path in (snakemake.input.merges, *snakemake.input.seen)}
    results = folds.run(built, predictor, method=method, target=params.target, setting=params.setting, seed=params.seed)
    for result, path in zip(results, snakemake.output, strict=True):
        write_json(path, result | {"inputs": hashes})


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
