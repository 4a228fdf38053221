"""The table of metrics: one row a pair, one column a metric."""

from job import run
from mergecast import tables
from mergecast.files import read_json, write_csv


def main(snakemake):
    write_csv(snakemake.output[0], tables.metrics(map(read_json, snakemake.input.files)))


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
