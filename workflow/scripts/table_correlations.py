"""The table of how each metric alone goes with merge quality."""

from job import run
from mergecast import tables
from mergecast.files import write_csv
from mergecast.prediction.tables import correlations


def main(snakemake):
    metrics, merges = tables.read(snakemake.input.metrics), tables.read(snakemake.input.merges)
    write_csv(snakemake.output[0], correlations(metrics, merges, snakemake.params.target))


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
