"""The table of metrics: one row per pair, one column per metric; and directed values where a metric has them."""

from job import run
from mergecast import tables
from mergecast.files import read_json, write_csv


def main(snakemake):
    values = [read_json(path) for path in snakemake.input.files]
    write_csv(snakemake.output.metrics, tables.metrics(values))
    write_csv(snakemake.output.directed, tables.directed(values))


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
