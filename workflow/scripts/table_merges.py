"""The table of merges: one row per pair, method and task of the pair."""

from job import run
from mergecast import tables
from mergecast.files import read_json, write_csv


def main(snakemake):
    write_csv(snakemake.output[0], tables.merges(map(read_json, snakemake.input.merges)))


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
