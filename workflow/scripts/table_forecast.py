"""The tables of the forecast: predictions, intervals, folds, coefficients, scores, nulls, comparisons, coverage."""

import pandas

from job import run
from mergecast.files import read_json, write_csv
from mergecast.prediction import tables
from mergecast.tables import read

HELD_OUT = ("loto", "l2to")  # splits whose single forecasts are kept; random halves forecast every pair many times


def main(snakemake):
    params, output = snakemake.params, snakemake.output
    folds = [fold for path in snakemake.input.folds for fold in read_json(path)["folds"]]
    folds = tables.in_order(folds, params.tasks)
    loto = [fold for fold in folds if fold["split"] == "loto"]
    nulls = pandas.concat(map(read, snakemake.input.nulls), ignore_index=True)
    setting = snakemake.wildcards.setting
    drawn = tables.bootstraps(folds, params.tasks, draws=params.draws, setting=setting, seed=params.seed)
    write_csv(output.predictions, tables.predictions([fold for fold in folds if fold["split"] in HELD_OUT]))
    write_csv(output.intervals, tables.intervals([fold for fold in loto if fold["target"] == params.target]))
    write_csv(output.folds, tables.folds(folds))
    write_csv(output.coefficients, tables.coefficients(loto))
    write_csv(output.coverage, tables.coverage(folds))
    write_csv(output.nulls, nulls)
    write_csv(output.scores, scores := tables.score_table(folds, nulls, drawn))
    write_csv(output.comparisons, tables.comparisons(scores, drawn))


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
