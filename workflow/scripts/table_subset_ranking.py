"""The tables of merges of several tasks, ranked by the forecasts of their pairs."""

from job import run
from mergecast import tables
from mergecast.analysis.subsets import ranking
from mergecast.files import write_csv


def main(snakemake):
    inputs, params = snakemake.input, snakemake.params
    predictions, subsets, merges = map(tables.read, (inputs.predictions, inputs.subsets, inputs.merges))
    predictions = predictions[predictions["target"] == params.target]
    ranks, scores = ranking(predictions, subsets, merges, params.target, n_bootstrap=params.draws, seed=params.seed)
    write_csv(snakemake.output.ranking, ranks)
    write_csv(snakemake.output.scores, scores)


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
