"""The tables of the forecast: predictions, intervals, folds, coefficients, scores, their nulls, coverage."""

import pandas

from job import run
from mergecast.files import read_json, write_csv
from mergecast.prediction import tables
from mergecast.tables import read


def main(snakemake):
    params, output = snakemake.params, snakemake.output
    folds = [fold for path in snakemake.input.folds for fold in read_json(path)["folds"]]
    loto = [fold for fold in folds if fold["split"] == "loto"]
    nulls = pandas.concat(map(read, snakemake.input.nulls), ignore_index=True)
    scores = tables.score_table(
        folds, nulls, params.tasks, draws=params.draws, setting=snakemake.wildcards.setting, seed=params.seed
    )
    write_csv(output.predictions, tables.predictions(loto))
    write_csv(output.intervals, tables.intervals([fold for fold in loto if fold["target"] == params.target]))
    write_csv(output.folds, tables.folds(folds))
    write_csv(output.coefficients, tables.coefficients(loto))
    write_csv(output.coverage, tables.coverage(folds))
    write_csv(output.nulls, nulls)
    write_csv(output.scores, scores)


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
