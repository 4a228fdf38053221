"""The tables of the forecast: predictions, folds, scores, coefficients."""

from job import run
from mergecast.files import read_json, write_csv
from mergecast.prediction import tables


def main(snakemake):
    folds = [read_json(path) for path in snakemake.input.folds]
    write_csv(snakemake.output.predictions, tables.predictions(folds))
    write_csv(snakemake.output.folds, tables.folds(folds))
    write_csv(snakemake.output.scores, tables.score_table(folds))
    write_csv(snakemake.output.coefficients, tables.coefficients(folds))


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
