"""The tables of covariates: one row per task, or per ordered pair of tasks, one column per number of a feature."""

from itertools import permutations
from pathlib import Path

import pandas

from job import run
from mergecast.features._store import Store
from mergecast.files import write_csv


def main(snakemake):
    tasks, store = list(snakemake.params.tasks), Store(Path(snakemake.output.traits).parents[1] / "features")
    for table, names in snakemake.params.features.items():
        columns = {column: values for name in names for column, values in store.covariates(name, tasks).items()}
        if table == "traits":
            frame = pandas.DataFrame({"task": tasks} | columns)
        else:
            places = list(permutations(range(len(tasks)), 2))
            frame = pandas.DataFrame({"kept": [tasks[a] for a, _ in places], "other": [tasks[b] for _, b in places]})
            frame = frame.assign(**{column: [values[place] for place in places] for column, values in columns.items()})
        write_csv(snakemake.output[table], frame)


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
