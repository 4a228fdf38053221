"""Fine-tune the visual tower on one task, its zero-shot head frozen."""

import pandas

from job import run
from mergecast import tasks
from mergecast.files import versions, write_csv
from mergecast.models import devices, encoders
from mergecast.models.checkpoints import content_hash, open_checkpoint, save
from mergecast.training import progress
from mergecast.training.finetune import Recipe, finetune


def main(snakemake):
    inputs, params = snakemake.input, snakemake.params
    device = devices.choose(params.device, threads=snakemake.threads)
    base, task = open_checkpoint(inputs.base), tasks.open_task(inputs.images)
    head = encoders.open_head(inputs.head, class_names=task.class_names, base=base)
    encoder = encoders.open_encoder(base, device=device)
    training = progress.beside(snakemake.output.checkpoint, inputs=list(inputs), params=dict(params), threads=snakemake.threads)
    state, curve = finetune(encoder, head, task, Recipe(**params.recipe), seed=params.seed, progress=training)
    provenance = {
        "task": task.name,
        "base_sha256": content_hash(base),
        "model": base.metadata["model"],
        "recipe": dict(params.recipe),
        "seed": params.seed,
        "versions": versions(),
    }
    write_csv(snakemake.output.curve, pandas.DataFrame(curve))
    save(snakemake.output.checkpoint, state, provenance)
    training.done()


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
