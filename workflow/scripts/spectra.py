"""Singular values and leading and trailing singular vectors of one checkpoint's task vector."""

from job import run
from mergecast.features import spectra
from mergecast.models import devices
from mergecast.models.checkpoints import content_hash, open_checkpoint


def main(snakemake):
    devices.choose("cpu", threads=snakemake.threads)
    base = open_checkpoint(snakemake.input.base)
    model = open_checkpoint(snakemake.input.checkpoint, base)
    spectra.save(
        snakemake.output[0],
        spectra.spectra(base, model),
        task=snakemake.wildcards.task,
        checkpoint_sha256=content_hash(model),
        base_sha256=content_hash(base),
    )


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
