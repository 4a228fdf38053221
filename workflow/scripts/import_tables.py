"""The tables of a setting that starts from tables: those brought, checked, complete, in our layout."""

from pathlib import Path

from job import run
from mergecast.files import write_csv
from mergecast.tables.external import read_tables


def main(snakemake):
    params = snakemake.params
    complete = read_tables(params.files, params.chosen, f"settings.{params.setting}")
    for path in snakemake.output:
        write_csv(path, complete.tables[Path(path).stem])


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
