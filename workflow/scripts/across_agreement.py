"""The table of how far settings with one headline target agree on which metrics matter."""

import pandas

from job import run
from mergecast import tables
from mergecast.analysis.agreement import SETTINGS, between_settings
from mergecast.files import write_csv


def main(snakemake):
    alike: dict = {}
    for (name, setting), path in zip(snakemake.params.settings.items(), snakemake.input.coefficients, strict=True):
        coefficients = tables.read(path)
        mine = coefficients[coefficients["target"] == setting["target"]]
        alike.setdefault((setting["predictor"], setting["target"]), {})[name] = mine
    parts = [between_settings(found, predictor).assign(target=target) for (predictor, target), found in alike.items()]
    write_csv(snakemake.output[0], pandas.concat(parts, ignore_index=True)[[*SETTINGS, "target"]])


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
