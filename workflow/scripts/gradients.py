"""Gradient of one checkpoint's loss on its own task's calibration images."""

from job import run
from mergecast.features.calibrated import Calibrated, shown
from mergecast.models import devices
from mergecast.models.checkpoints import open_checkpoint


def main(snakemake):
    inputs, params = snakemake.input, snakemake.params
    device = devices.choose(params.device, threads=snakemake.threads)
    base = open_checkpoint(inputs.base)
    model, task = open_checkpoint(inputs.checkpoint, base), snakemake.wildcards.task
    calibrated = Calibrated.place(base, model, task, seed=params.seed, device=device)
    own = shown([task], [inputs.images], [inputs.head], base)
    calibrated.save_gradient(snakemake.output[0], own, params.images_per_task)


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
