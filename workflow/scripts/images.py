"""Images of one task, decoded and resized once, for every later job to map into memory."""

from job import run
from mergecast import tasks


def main(snakemake):
    row, size = dict(snakemake.params.row), snakemake.params.size
    tasks.save(snakemake.output[0], tasks.find(row, size=size, seed=snakemake.params.seed))


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
