"""The visual tower of a CLIP, which every checkpoint of a setting starts from."""

from job import run
from mergecast.models import encoders


def main(snakemake):
    encoders.save_visual(snakemake.output[0], snakemake.input.clip)


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
