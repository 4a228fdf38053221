"""Features of some checkpoints or of the whole grid, one after another, each at every number of images asked for."""

from dataclasses import replace
from itertools import product

from job import run
from mergecast import features
from mergecast.features._given import Checkpoint, Grid
from mergecast.features._make import images_of, make, opened
from mergecast.grid import tiles
from mergecast.models import devices
from mergecast.models.checkpoints import open_checkpoint


def main(snakemake):
    inputs, params = snakemake.input, snakemake.params
    device = devices.choose(params.device, threads=snakemake.threads)
    base = open_checkpoint(inputs.base) if inputs.get("base") else None
    files = dict(zip(params.tasks, inputs.get("checkpoints", []), strict=base is not None))
    models = {task: open_checkpoint(path, base) for task, path in files.items()}
    if features.find(params.features[0]).scope == "grid":
        givens = [Grid(tasks=tuple(params.tasks), base=base, models=models, device=device)]
    else:
        givens = [Checkpoint(task=task, base=base, model=models.get(task), device=device) for task in params.tasks]
    outputs = tiles.chunks(list(snakemake.output), len(params.sizes) * len(params.features))
    for place, (given, paths) in enumerate(zip(givens, outputs, strict=True)):
        made = dict(zip(product(params.sizes, params.features), paths, strict=True))
        for (size, name), path in made.items():
            feature = features.find(name)
            if feature.scope == "grid":
                needs = {need: inputs[need] for need in feature.needs}
            else:
                needs = {need: [made.get((size, need)) or inputs[need][place]] for need in feature.needs}
            tasks = params.shown if feature.images == "all" else params.tasks[place : place + 1]
            rows = zip(params.shown, inputs.get("images", []), inputs.get("heads", []), strict=True)
            seen = [row for row in rows if row[0] in tasks]
            images = images_of(feature, seen, size, seed=params.seed, most=params.most, further=params.further)
            make(name, path, replace(given, images=images, features=opened(needs, given)))


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
