"""A forecaster fitted on all that a setting measured, as two files."""

from dataclasses import replace
from pathlib import Path

from job import run
from mergecast import tables
from mergecast.features._store import File
from mergecast.files import file_hash, read_json, versions
from mergecast.prediction import design, fitting, forecaster


def main(snakemake):
    inputs, params, setting = snakemake.input, snakemake.params, snakemake.wildcards.setting
    built = design.build("traits", list(params.methods), params.target, tasks=params.tasks, **tables.by_name(inputs.tables))
    options = {"setting": setting, "target": params.target, "levels": list(params.levels), "seed": params.seed}
    fitted = fitting.fit(built, params.predictor, read_json(inputs.folds)["folds"], **options)
    checkpoints = [read_json(path)["inputs"] for path in inputs.checkpoints]
    about = {
        "setting": setting,
        "base": checkpoints[0]["base"],
        "checkpoints": {task: sha256 for each in checkpoints for task, sha256 in each["checkpoints"].items()},
        "parameters": dict(params.methods),
        "images": dict(params.images),
        "code": dict(params.features),
        "inputs": {path: file_hash(path) for path in [*inputs.tables, inputs.folds]},
        "seed": params.seed,
        "versions": versions(),
    }
    library = {path.stem: File(path) for path in map(Path, inputs.library)}
    needed = {task: {name: views[name] for name in forecaster.VIEWS} for task, views in library.items()}
    whole = replace(fitted, about={**fitted.about, **about}, library=needed)
    forecaster.save(Path(snakemake.output.about).parent, snakemake.wildcards.kind, whole)


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
