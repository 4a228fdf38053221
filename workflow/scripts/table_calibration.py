"""The table of how metrics change with the number of calibration images."""

from job import run
from mergecast import tables
from mergecast.analysis.calibration import calibration
from mergecast.files import write_csv


def main(snakemake):
    metrics, merges = tables.read(snakemake.input.metrics), tables.read(snakemake.input.merges)
    write_csv(snakemake.output[0], calibration(metrics, merges, snakemake.params.target))


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
