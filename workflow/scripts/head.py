"""The frozen zero-shot head of one task: its class prompts through the text tower."""

from job import run
from mergecast import tasks
from mergecast.models import devices, encoders
from mergecast.models.checkpoints import State, content_hash


def main(snakemake):
    devices.choose("cpu", threads=snakemake.threads)
    clip, model = encoders.open_clip_file(snakemake.input.clip)
    task = tasks.open_task(snakemake.input.images)
    weight = encoders.zero_shot_head(clip, model, task.class_names, task.prompts)
    base_sha256 = content_hash(State(snakemake.input.base))
    encoders.save_head(snakemake.output[0], weight, task=task.name, class_names=task.class_names, base_sha256=base_sha256)


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
