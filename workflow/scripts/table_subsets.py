"""The table of merged subsets: one row per method, subset and task of the subset."""

from job import run
from mergecast import tables
from mergecast.files import read_json, write_csv


def main(snakemake):
    write_csv(snakemake.output[0], tables.subsets(map(read_json, snakemake.input.subsets)))


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
