"""The tables of greedy selection, forward and reverse: how good it is, and which metrics it keeps."""

from job import run
from mergecast import tables
from mergecast.analysis.greedy import greedy
from mergecast.files import write_csv
from mergecast.prediction import design


def main(snakemake):
    setting = snakemake.params.setting
    built = design.of_metrics(setting, tables.by_name(snakemake.input.tables))
    scores, metrics = greedy(built)
    write_csv(snakemake.output.scores, scores)
    write_csv(snakemake.output.metrics, metrics)


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
