"""The table of what features and merges took: one row per job, from the benchmark files that Snakemake wrote."""

from pathlib import Path

from job import run
from mergecast import tables
from mergecast.files import write_csv
from mergecast.tasks import open_task


def main(snakemake):
    params, counts = snakemake.params, {}
    for task, path in zip(params.tasks, snakemake.input.images, strict=True):
        images = open_task(path)
        counts[task] = {"val": min(len(images.val), params.most), "test": len(images.test)}
    folder = Path(snakemake.output[0]).parents[1] / "benchmarks"
    write_csv(snakemake.output[0], tables.timings(params.jobs, counts, folder))


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
