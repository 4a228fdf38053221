"""How good the base and the fine-tuned checkpoint of one task are on its test images."""

from job import run
from mergecast import evaluation, tasks
from mergecast.files import versions, write_json
from mergecast.models import devices, encoders
from mergecast.models.checkpoints import content_hash, norm, open_checkpoint, task_vector_norm


def main(snakemake):
    inputs, params = snakemake.input, snakemake.params
    device = devices.choose(params.device, threads=snakemake.threads)
    base = open_checkpoint(inputs.base)
    checkpoint, task = open_checkpoint(inputs.checkpoint, base), tasks.open_task(inputs.images)
    head = encoders.open_head(inputs.head, class_names=task.class_names, base=base)
    encoder, test = encoders.open_encoder(base, device=device), task.test
    zero_shot, fine_tuned = (
        evaluation.evaluate(encoder.load(state), head, test.images, test.labels, batch_size=params.batch_size)
        for state in (base, checkpoint)
    )
    result = {
        "task": task.name,
        "source": task.source,
        "zero_shot": {key: zero_shot[key] for key in ("accuracy", "loss", "right")},
        "fine_tuned": {key: fine_tuned[key] for key in ("accuracy", "loss", "right")},
        "chance_accuracy": 1 / len(task.class_names),
        "n_classes": len(task.class_names),
        "n_test_images": zero_shot["n"],
        "task_vector_norm": task_vector_norm(base, checkpoint),
        "relative_norm": task_vector_norm(base, checkpoint) / norm(base),
        "inputs": {
            "base": content_hash(base),
            "checkpoints": {task.name: content_hash(checkpoint)},
            "heads": {task.name: content_hash({"weight": head})},
        },
        "seed": params.seed,
        "versions": versions(),
    }
    write_json(snakemake.output[0], result)


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
