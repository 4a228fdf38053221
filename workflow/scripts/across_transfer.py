"""The table of forecasts trained on one setting and tested on another, tasks held out of both."""

import pandas

from job import run
from mergecast import tables
from mergecast.analysis.transfer import COLUMNS, transfer
from mergecast.files import write_csv
from mergecast.prediction import design


def main(snakemake):
    alike: dict = {}
    for name, setting in snakemake.params.settings.items():
        own = [path for path in snakemake.input.tables if path.startswith(f"results/{name}/")]
        built = design.of_metrics(setting, tables.by_name(own))
        alike.setdefault((setting["predictor"], setting["target"]), {})[name] = built
    seeds = {name: setting["seed"] for name, setting in snakemake.params.settings.items()}
    parts = [transfer(designs, predictor, target, seeds=seeds) for (predictor, target), designs in alike.items()]
    write_csv(snakemake.output[0], pandas.concat(parts, ignore_index=True)[COLUMNS])


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
