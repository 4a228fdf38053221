"""Inner products of the encoder gradients of every two checkpoints, in one streamed pass."""

from job import run
from mergecast.features import inner_products
from mergecast.models import devices
from mergecast.models.checkpoints import State


def main(snakemake):
    devices.choose("cpu", threads=snakemake.threads)
    files = zip(snakemake.params.tasks, snakemake.input.gradients, strict=True)
    states = {task: State(path) for task, path in files}
    headers = {task: state.metadata for task, state in states.items()}
    inner_products.save(
        snakemake.output[0],
        inner_products.products(states),
        sha256={task: header["checkpoint_sha256"] for task, header in headers.items()},
        base_sha256=next(iter(headers.values()))["base_sha256"],
    )


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
