"""What one checkpoint, loaded once, does on further numbers of calibration images: probes and gradients."""

from job import run
from mergecast.features.calibrated import FURTHER_SIZE, Calibrated, shown
from mergecast.models import devices
from mergecast.models.checkpoints import open_checkpoint


def main(snakemake):
    inputs, params = snakemake.input, snakemake.params
    device = devices.choose(params.device, threads=snakemake.threads)
    base = open_checkpoint(inputs.base)
    model, task = open_checkpoint(inputs.checkpoint, base), snakemake.wildcards.task
    calibrated = Calibrated.place(base, model, task, seed=params.seed, device=device)
    tasks = shown(params.tasks, inputs.images, inputs.heads, base)
    for save, paths in (
        (calibrated.save_probes, snakemake.output.probes),
        (calibrated.save_gradient, snakemake.output.gradients),
    ):
        if paths:  # none where no metric of the setting asks for them
            for images_per_task, path in zip(params.sizes, paths, strict=True):
                save(path, tasks, images_per_task, key=FURTHER_SIZE)


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
