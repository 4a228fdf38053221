"""Tables of one shape, one below the other."""

import pandas

from job import run
from mergecast import tables
from mergecast.files import write_csv


def main(snakemake):
    parts = map(tables.read, snakemake.input.methods)
    write_csv(snakemake.output[0], pandas.concat(parts, ignore_index=True))


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
