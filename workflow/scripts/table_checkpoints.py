"""The table of single models: one row per task."""

from job import run
from mergecast import tables
from mergecast.errors import warn
from mergecast.files import read_json, write_csv


def main(snakemake):
    table = tables.checkpoints(map(read_json, snakemake.input.evaluations))
    for tasks in tables.twins(table):
        warn(f"{snakemake.output[0]}: the checkpoints of {' and '.join(tasks)} are the same; were they brought for two tasks?")
    write_csv(snakemake.output[0], table)


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
