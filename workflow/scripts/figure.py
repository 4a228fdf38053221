"""One figure of a setting, drawn from its tables, as SVG and PDF."""

import inspect
from pathlib import Path

from job import run
from mergecast import catalogue, metrics, plots, tables


def by_name(paths):
    return {Path(path).stem: tables.read(path) for path in paths}


def main(snakemake):
    target = snakemake.params.target
    known = by_name(snakemake.input.tables) | {
        "curves": by_name(snakemake.input.curves),
        "categories": {name: metric.category for name, metric in metrics.catalogue().items()},
        "column": target,
        "target": target.replace("_", " "),
    }
    # A figure takes what it names: tables by their names, curves, the categories of the metrics, the target.
    draw = catalogue.load("plots", snakemake.params.figure).draw
    figure = draw(**{name: known[name] for name in inspect.signature(draw).parameters if name in known})
    plots.save(figure, snakemake.output.svg, snakemake.output.pdf)


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
