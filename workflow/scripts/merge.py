"""Every merge of a tile, of a pair or of more, by one method, tested on all its tasks; the weights are never written."""

from tqdm import tqdm

from job import run
from mergecast import merging, tasks
from mergecast.evaluation.merge_quality import TaskTest, merge_quality
from mergecast.files import read_json, versions, write_json
from mergecast.models import devices, encoders
from mergecast.models.checkpoints import content_hash, open_checkpoint


def main(snakemake):
    inputs, params, method = snakemake.input, snakemake.params, snakemake.wildcards.method
    device = devices.choose(params.device, threads=snakemake.threads)
    base = open_checkpoint(inputs.base)
    encoder, placed = encoders.open_encoder(base, device=device), merging.Placed(base, device)
    models, tests = {}, {}
    files = zip(params.tasks, inputs.checkpoints, inputs.heads, inputs.images, inputs.evaluations, strict=True)
    for name, checkpoint, head, images, evaluation in files:
        task, models[name] = tasks.open_task(images), open_checkpoint(checkpoint, base)
        weight = encoders.open_head(head, class_names=task.class_names, base=base)
        tests[name] = TaskTest(name, weight, task.test, read_json(evaluation)["fine_tuned"]["accuracy"])
    # Factors take the memory of a few checkpoints: kept for a task that all merges hold (of a row of pairs), not for others.
    common = [task for task in params.tasks if all(task in merge["tasks"] for merge in params.merges)]
    svd = merging.shared_svd(method, common[0]) if common else None
    for merge, path in zip(tqdm(params.merges, method, unit="merge"), snakemake.output, strict=True):
        chosen = {task: merging.Placed(models[task], device) for task in merge["tasks"]}
        merged = merging.merge(method, placed, chosen, params.parameters, svd=svd)
        scores = merge_quality(encoder.load(merged), [tests[task] for task in chosen], batch_size=params.batch_size)
        origin = {
            "base": content_hash(base),
            "checkpoints": {task: content_hash(models[task]) for task in chosen},
            "heads": {task: content_hash({"weight": tests[task].head}) for task in chosen},
        }
        result = {"method": method, "parameters": dict(params.parameters), **merge, "inputs": origin}
        write_json(path, result | scores | {"seed": params.seed, "versions": versions()})


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
