"""The table of how far settings agree on which metrics matter, each about its headline target."""

from job import run
from mergecast import tables
from mergecast.analysis.agreement import between_settings
from mergecast.files import write_csv


def main(snakemake):
    found = {}
    for (name, setting), path in zip(snakemake.params.settings.items(), snakemake.input.coefficients, strict=True):
        coefficients = tables.read(path)
        found[name] = coefficients[coefficients["target"] == setting["target"]]
    predictors = {setting["predictor"] for setting in snakemake.params.settings.values()}
    write_csv(snakemake.output[0], between_settings(found, predictors.pop() if len(predictors) == 1 else None))


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
