"""The table of choosing a pair's merge method by the forecast."""

from job import run
from mergecast import tables
from mergecast.analysis.selection import selection
from mergecast.files import write_csv


def main(snakemake):
    predictions = tables.read(snakemake.input.predictions)
    write_csv(snakemake.output[0], selection(predictions[predictions["target"] == snakemake.params.target]))


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
