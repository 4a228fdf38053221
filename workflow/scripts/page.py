"""One self-contained page over all settings."""

import json
from pathlib import Path

from job import run
from mergecast import catalogue, metrics, prediction, tables
from mergecast.files import versions
from mergecast.report import read_setting, write_report


def main(snakemake):
    config, settings = snakemake.params.config, []
    words = [
        {"name": metric.name, "category": metric.category, "explanation": metric.summary, "definition": metric.definition}
        for metric in metrics.catalogue().values()
    ]
    predictors = [
        {"name": name, "kind": kind, "explanation": prediction.summary(name)} for name, kind in prediction.kinds().items()
    ]
    for name, resolved in snakemake.params.settings.items():
        folder = Path("results") / name
        models = tables.read(folder / "tables/checkpoints.csv")
        origin = {"base": models.base_sha256[0], "checkpoints": dict(zip(models.task, models.checkpoint_sha256, strict=True))}
        methods = [
            {"name": method, "explanation": catalogue.summary("merging", method), "parameters": parameters}
            for method, parameters in resolved["methods"].items()
        ]
        settings.append(
            read_setting(
                folder,
                configuration=json.loads(json.dumps(resolved | {"sha256": origin})),  # plain lists for tuples
                metrics_info=words,
                methods_info=methods,
                predictors_info=predictors,
            )
        )
    shared = {"versions": versions(), "tasks_file": config["tasks_file"], "bases": config["bases"]}
    write_report(snakemake.output[0], settings, shared)


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
