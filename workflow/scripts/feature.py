"""Features of one checkpoint or of the whole grid, one after another, each at every number of images asked for."""

from dataclasses import replace
from itertools import product

from job import run
from mergecast import features
from mergecast.features._given import Checkpoint, Grid
from mergecast.features._make import images_of, make, opened
from mergecast.models import devices
from mergecast.models.checkpoints import open_checkpoint


def main(snakemake):
    inputs, params = snakemake.input, snakemake.params
    device = devices.choose(params.device, threads=snakemake.threads)
    base = open_checkpoint(inputs.base) if inputs.get("base") else None
    files = dict(zip(params.tasks, inputs.get("checkpoints", []), strict=base is not None))
    models = {task: open_checkpoint(path, base) for task, path in files.items()}
    if features.find(params.features[0]).scope == "grid":
        given = Grid(tasks=tuple(params.tasks), base=base, models=models, device=device)
    else:
        (task,) = params.tasks
        given = Checkpoint(task=task, base=base, model=models.get(task), device=device)
    outputs = dict(zip(product(params.sizes, params.features), snakemake.output, strict=True))
    for (size, name), path in outputs.items():
        feature = features.find(name)
        needs = {need: [outputs[size, need]] if (size, need) in outputs else inputs[need] for need in feature.needs}
        rows = zip(params.shown, inputs.get("images", []), inputs.get("heads", []), strict=True)
        shown = [row for row in rows if feature.images == "all" or row[0] in params.tasks]
        images = images_of(feature, shown, size, seed=params.seed, most=params.most, further=params.further)
        make(name, path, replace(given, images=images, features=opened(needs, given)))


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
