"""Inner products of the task vectors of every two checkpoints, in one streamed pass."""

from job import run
from mergecast.features import inner_products
from mergecast.models import devices
from mergecast.models.checkpoints import content_hash, open_checkpoint


def main(snakemake):
    devices.choose("cpu", threads=snakemake.threads)
    base = open_checkpoint(snakemake.input.base)
    files = zip(snakemake.params.tasks, snakemake.input.checkpoints, strict=True)
    states = {task: open_checkpoint(path, base) for task, path in files}
    hashes = {task: content_hash(state) for task, state in states.items()}
    table = inner_products.products(states, base)
    inner_products.save(snakemake.output[0], table, sha256=hashes, base_sha256=content_hash(base))


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
