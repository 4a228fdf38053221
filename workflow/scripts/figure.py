"""Figures of a setting, or over all settings, drawn from their tables, as SVG and PDF; any number in one process."""

import inspect

from job import run
from mergecast import catalogue, metrics, plots, tables


def categories(present):
    """The category of every metric, in the order of the catalogue; metrics that it does not know come last."""
    known = {name: metric.category for name, metric in metrics.catalogue().items()}
    return known | {name: "other" for name in present if name not in known}


def main(snakemake):
    """`params.figures` names the figures in the order of `output.svg` and `output.pdf`."""
    target = snakemake.params.target
    known = plots.of_analyst(tables.by_name(snakemake.input.tables), snakemake.params.predictor) | {
        "curves": tables.by_name(snakemake.input.get("curves", [])),
        "categories": categories(snakemake.params.metrics),
        "column": target,
        "target": target.replace("_", " "),
    }
    files = [[paths] if isinstance(paths, str) else paths for paths in (snakemake.output.svg, snakemake.output.pdf)]
    for name, svg, pdf in zip(snakemake.params.figures, *files, strict=True):
        # A figure takes what it names: tables by their names, curves, the categories of the metrics, the target.
        draw = catalogue.load("plots", name).draw
        figure = draw(**{key: known[key] for key in inspect.signature(draw).parameters if key in known})
        plots.save(figure, svg, pdf)


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
