"""One self-contained page over all settings."""

import json
from pathlib import Path

from job import run
from mergecast import catalogue, metrics, prediction, tables
from mergecast.report import read_setting, stems, write_report
from mergecast.workflow import records


def origin(folder):
    """Hashes of base and checkpoints, for the configuration shown; None for a setting of tables."""
    models = tables.read(folder / "tables/checkpoints.csv")
    if "base_sha256" not in models:
        return None
    return {"base": models.base_sha256[0], "checkpoints": dict(zip(models.task, models.checkpoint_sha256, strict=True))}


def explained(name, parameters):
    """What a merge method does; one of tables made elsewhere may be unknown here."""
    known = name in catalogue.names("merging")
    return {"name": name, "explanation": catalogue.summary("merging", name) if known else "", "parameters": parameters}


def main(snakemake):
    words = [
        {"name": metric.name, "category": metric.category, "explanation": metric.summary, "definition": metric.definition}
        for metric in metrics.catalogue().values()
    ]
    predictors = [
        {"name": name, "kind": kind, "explanation": prediction.summary(name)} for name, kind in prediction.kinds().items()
    ]
    settings = []
    for name, resolved in snakemake.params.settings.items():
        folder = Path("results") / name
        told = resolved | {"measured": len(resolved["measured"]) or None, "sha256": origin(folder)}
        details = {"metrics_info": words, "predictors_info": predictors}
        details["configuration"] = json.loads(json.dumps({key: value for key, value in told.items() if value is not None}))
        details["methods_info"] = [explained(*method) for method in resolved["methods"].items()]
        details["names"] = stems(snakemake.input.tables, folder / "tables")  # others are of an earlier configuration
        details["curves"] = stems(snakemake.input.get("curves", []), folder / "curves")
        settings.append(read_setting(folder, **details))
    shared = records.shown_versions() | {key: snakemake.params.config.get(key) for key in ("tasks_file", "bases")}
    across = {Path(path).stem: tables.read(path) for path in snakemake.input.get("across", [])}
    write_report(snakemake.output[0], settings, shared, across)


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
