"""Every pair of a tile merged by one method and tested on both its tasks; the weights are never written."""

from tqdm import tqdm

from job import run
from mergecast import devices, encoders, merging, tasks
from mergecast.checkpoints import content_hash, open_checkpoint
from mergecast.files import read_json, versions, write_json
from mergecast.merge_quality import Trial, merge_quality


def main(snakemake):
    inputs, params, method = snakemake.input, snakemake.params, snakemake.wildcards.method
    device = devices.choose(params.device, threads=snakemake.threads)
    base = open_checkpoint(inputs.base)
    encoder, placed = encoders.open_encoder(base, device=device), merging.Placed(base, device)
    models, trials = {}, {}
    files = zip(params.tasks, inputs.checkpoints, inputs.heads, inputs.images, inputs.singles, strict=True)
    for name, checkpoint, head, images, single in files:
        task, models[name] = tasks.open_task(images), open_checkpoint(checkpoint, base)
        weight = encoders.open_head(head, class_names=task.class_names, base=base)
        trials[name] = Trial(name, weight, task.test, read_json(single)["fine_tuned"]["accuracy"])
    svd = merging.shared_svd(method, params.pairs[0][1])
    for pair, path in zip(tqdm(params.pairs, method, unit="pair"), snakemake.output, strict=True):
        merged = merging.merge(
            method, placed, {task: merging.Placed(models[task], device) for task in pair}, params.parameters, svd=svd
        )
        scores = merge_quality(encoder.load(merged), [trials[task] for task in pair], batch_size=params.batch_size)
        origin = {
            "base": content_hash(base),
            "checkpoints": {task: content_hash(models[task]) for task in pair},
            "heads": {task: content_hash({"weight": trials[task].head}) for task in pair},
        }
        result = {"method": method, "parameters": dict(params.parameters), "tasks": list(pair), "inputs": origin}
        write_json(path, result | scores | {"seed": params.seed, "versions": versions()})


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
