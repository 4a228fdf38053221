"""The weights of one merged pair, written because they were asked for."""

from job import run
from mergecast import merging
from mergecast.models import devices
from mergecast.models.checkpoints import open_checkpoint
from mergecast.models.merged import save_merged


def main(snakemake):
    inputs, wildcards, parameters = snakemake.input, snakemake.wildcards, dict(snakemake.params.parameters)
    device = devices.choose(snakemake.params.device, threads=snakemake.threads)
    base = open_checkpoint(inputs.base)
    files = zip((wildcards.a, wildcards.b), inputs.checkpoints, strict=True)
    models = {task: open_checkpoint(path, base) for task, path in files}
    placed = {task: merging.Placed(state, device) for task, state in models.items()}
    merged = merging.merge(wildcards.method, merging.Placed(base, device), placed, parameters)
    save_merged(snakemake.output[0], merged, method=wildcards.method, parameters=parameters, base=base, models=models)


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
