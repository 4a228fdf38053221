"""The table of how each metric alone goes with merge quality."""

from job import run
from mergecast import tables
from mergecast.analysis.correlations import correlations
from mergecast.files import write_csv
from mergecast.prediction import design
from mergecast.seeding import seed_for


def main(snakemake):
    setting = snakemake.params.setting
    built = design.of_metrics(setting, tables.by_name(snakemake.input.tables))
    seed = seed_for(setting["name"], "relabelling", seed=setting["seed"])
    write_csv(snakemake.output[0], correlations(built, count=snakemake.params.draws, seed=seed))


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
