"""The CLIP that a base starts from: pre-trained here, from OpenCLIP's cache, or from a file."""

import pandas

from job import run
from mergecast import tasks
from mergecast.errors import MergecastError
from mergecast.files import versions, write_csv
from mergecast.models import bases, devices, encoders
from mergecast.tasks import captions


def main(snakemake):
    params, base = snakemake.params, dict(snakemake.params.base)
    name, size, curve, training = base["model"], base["image_size"], [], None
    if encoders.image_size(name) != size:
        raise MergecastError(f"bases: model {name} takes images of {encoders.image_size(name)} px, not {size}; set image_size")
    device = devices.choose(params.device, threads=base.get("threads", 1))
    if base["kind"] == "pretrain":
        from mergecast.training import progress
        from mergecast.training.pretrain import Recipe, pretrain

        made_from = {"inputs": list(snakemake.input), "params": dict(params), "threads": base.get("threads", 1)}
        training = progress.beside(snakemake.output.clip, **made_from)
        if drawn := base["corpus"].get("procedural"):
            corpus = captions.drawn_corpus(drawn, size=size, seed=params.seed)
        else:
            shown = [tasks.open_task(path) for path in snakemake.input.images]
            corpus = captions.task_corpus(shown, mirrored=base["corpus"].get("mirrored", False))
        recipe = Recipe(**base["training"])
        clip, curve = pretrain(name, corpus, recipe, seed=params.seed, device=device, progress=training)
    elif base["kind"] == "openclip":
        clip, name = bases.from_openclip(name, base["weights"])
    else:
        clip = bases.from_file(name, base["path"])
    provenance = {"base": snakemake.wildcards.base, "definition": base, "seed": params.seed, "versions": versions()}
    write_csv(
        snakemake.output.curve, pandas.DataFrame(curve, columns=["step", "learning_rate", "train_loss", "train_accuracy"])
    )
    encoders.save_clip(snakemake.output.clip, clip, name, provenance)
    if training:
        training.done()


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
