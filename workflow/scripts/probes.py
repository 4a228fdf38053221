"""One checkpoint run on the calibration images of every task: activations and input gradients."""

import json

from job import run
from mergecast import checkpoints, devices, encoders, tasks
from mergecast.features import probes


def main(snakemake):
    inputs, params = snakemake.input, snakemake.params
    device = devices.choose(params.device, threads=snakemake.threads)
    base = checkpoints.open_checkpoint(inputs.base)
    model = checkpoints.open_checkpoint(inputs.checkpoint, base)
    encoder = encoders.open_encoder(base, device=device).load(model)
    found = {}
    for name, images, head in zip(params.tasks, inputs.images, inputs.heads, strict=True):
        task = tasks.open_task(images)
        weight = encoders.open_head(head, class_names=task.class_names, base=base)
        found[name] = probes.probe(encoder, weight, probes.calibration(task, params.images_per_task, seed=params.seed))
    header = {
        "task": snakemake.wildcards.task,
        "checkpoint_sha256": checkpoints.content_hash(model),
        "base_sha256": checkpoints.content_hash(base),
        "calibration": json.dumps({"images_per_task": params.images_per_task, "seed": params.seed}),
    }
    checkpoints.save(snakemake.output[0], probes.tensors(found), header)


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
