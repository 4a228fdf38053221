"""One self-contained page over all settings."""

from pathlib import Path

from job import run
from mergecast import catalogue, metrics, prediction
from mergecast.files import versions
from mergecast.report import read_setting, write_report


def main(snakemake):
    config, settings = snakemake.params.config, []
    for name, methods in snakemake.params.settings.items():
        settings.append(
            read_setting(
                Path("results") / name,
                configuration=config["settings"][name],
                metrics_info=[
                    {
                        "name": metric.name,
                        "category": metric.category,
                        "explanation": metric.summary,
                        "definition": metric.definition,
                    }
                    for metric in metrics.catalogue().values()
                ],
                methods_info=[
                    {"name": method, "explanation": catalogue.summary("merging", method), "parameters": parameters}
                    for method, parameters in methods.items()
                ],
                predictors_info=[
                    {"name": predictor, "kind": kind, "explanation": prediction.summary(predictor)}
                    for predictor, kind in prediction.kinds().items()
                ],
            )
        )
    shared = {key: value for key, value in config.items() if key != "settings"}
    write_report(snakemake.output[0], settings, {"versions": versions(), "configuration": shared})


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
