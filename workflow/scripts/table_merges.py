"""The table of merges, one row per pair, method and task of the pair; and that of the images each model was right on."""

from job import run
from mergecast import tables
from mergecast.files import read_json, write_csv


def main(snakemake):
    results = list(map(read_json, snakemake.input.merges))
    write_csv(snakemake.output.merges, tables.merges(results))
    write_csv(snakemake.output.correct, tables.correct(map(read_json, snakemake.input.evaluations), results))


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
