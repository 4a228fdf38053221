"""Gradient of one checkpoint's loss on its own task's calibration images."""

import json

from job import run
from mergecast import checkpoints, devices, encoders, tasks
from mergecast.features.gradients import encoder_gradient
from mergecast.features.probes import calibration


def main(snakemake):
    inputs, params = snakemake.input, snakemake.params
    device = devices.choose(params.device, threads=snakemake.threads)
    base = checkpoints.open_checkpoint(inputs.base)
    model, task = checkpoints.open_checkpoint(inputs.checkpoint, base), tasks.open_task(inputs.images)
    encoder = encoders.open_encoder(base, device=device).load(model)
    head = encoders.open_head(inputs.head, class_names=task.class_names, base=base)
    gradient = encoder_gradient(encoder, head, calibration(task, params.images_per_task, seed=params.seed))
    header = {
        "task": task.name,
        "checkpoint_sha256": checkpoints.content_hash(model),
        "base_sha256": checkpoints.content_hash(base),
        "calibration": json.dumps({"images_per_task": params.images_per_task, "seed": params.seed}),
    }
    checkpoints.save(snakemake.output[0], gradient, header)


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
