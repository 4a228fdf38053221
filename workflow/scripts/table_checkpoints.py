"""The table of single models: one row per task."""

from job import run
from mergecast import tables
from mergecast.files import read_json, write_csv


def main(snakemake):
    write_csv(snakemake.output[0], tables.checkpoints(map(read_json, snakemake.input.evaluations)))


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
