"""Figures of a setting, or over all settings, drawn from their tables, as SVG and PDF; any number in one process."""

from job import run
from mergecast import catalogue, tables
from mergecast.charts import paper
from mergecast.tables.setting import Setting


def main(snakemake):
    """`params.analyses` names the figures in the order of `output.svg` and `output.pdf`."""
    params, output = snakemake.params, snakemake.output
    read, curves = (tables.by_name(snakemake.input.get(name, [])) for name in ("tables", "curves"))
    metrics = [{"name": name, "category": category} for name, category in params.categories.items()]
    setting = Setting(params.name, read, curves, params.configuration, metrics)
    files = [[paths] if isinstance(paths, str) else paths for paths in (output.svg, output.pdf)]
    for name, svg, pdf in zip(params.analyses, *files, strict=True):
        paper.save(catalogue.load(f"analysis.{name}", "figure").draw(setting), svg, pdf)


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
