"""The tables of one analysis, of a setting or over all of them."""

from pathlib import Path

from job import run
from mergecast import catalogue, tables
from mergecast.files import write_csv


def main(snakemake):
    """`params.analysis` names it; `params.settings` is what it may know of each setting, whose tables are the input."""
    known, taken = snakemake.params.settings, {}
    for path in map(Path, snakemake.input.tables):
        taken.setdefault(path.parts[-3], {})[path.stem] = tables.read(path)  # results/SETTING/tables/NAME.csv
    make = catalogue.load(f"analysis.{snakemake.params.analysis}", "table").make
    if snakemake.params.across:
        made = make(taken, known)
    else:
        ((name, setting),) = known.items()
        made = make(taken[name], setting)
    for path in snakemake.output:
        write_csv(path, made[Path(path).stem])


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
