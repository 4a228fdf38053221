"""The table of what the forecast loses without a category of metrics, and keeps with that category alone."""

from job import run
from mergecast import metrics, tables
from mergecast.analysis.ablation import ablation
from mergecast.files import write_csv
from mergecast.prediction import design


def main(snakemake):
    setting = snakemake.params.setting
    built = design.of_metrics(setting, tables.by_name(snakemake.input.tables))
    categories = {name: metric.category for name, metric in metrics.catalogue().items()}
    table = ablation(built, setting["predictor"], categories, setting=setting["name"], seed=setting["seed"])
    write_csv(snakemake.output[0], table)


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
