"""A checkpoint made elsewhere, as one of ours: the same file a fine-tuning would have left."""

import torch

from job import run
from mergecast.errors import warn
from mergecast.models.checkpoints import open_checkpoint, save
from mergecast.models.doubts import doubts
from mergecast.models.external.checkpoint import read_checkpoint


def main(snakemake):
    torch.set_num_threads(snakemake.threads)
    base = open_checkpoint(snakemake.input.base)
    checkpoint = read_checkpoint(snakemake.params.path, base)
    for doubt in doubts(base, {str(snakemake.params.path): checkpoint.state}, f"the base of {snakemake.params.task}"):
        warn(doubt)
    save(snakemake.output[0], checkpoint.state, {"task": snakemake.params.task} | checkpoint.provenance(base))
    print("\n".join([checkpoint.layout, *checkpoint.notes()]))


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
