"""The tables of how stable the coefficients are over folds, and how far merge methods agree on them."""

from job import run
from mergecast import tables
from mergecast.analysis.agreement import between_methods
from mergecast.analysis.stability import stability
from mergecast.files import write_csv


def main(snakemake):
    coefficients = tables.read(snakemake.input.coefficients)
    coefficients = coefficients[coefficients["target"] == snakemake.params.target]
    write_csv(snakemake.output.stability, stability(coefficients))
    write_csv(snakemake.output.agreement, between_methods(coefficients))


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
