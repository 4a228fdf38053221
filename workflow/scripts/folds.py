"""The forecast of one predictor: every fold of every split, merge method and target in one file; and the null."""

from collections import defaultdict

import pandas

from job import run
from mergecast import prediction, tables
from mergecast.files import file_hash, versions, write_csv, write_json
from mergecast.prediction import design, folds
from mergecast.seeding import seed_for


def main(snakemake):
    predictor, params = snakemake.wildcards.predictor, snakemake.params
    inputs, nulls, by_fold = prediction.inputs(predictor), [], defaultdict(list)
    seen = tables.by_name(snakemake.input.tables)
    origin = {"inputs": {path: file_hash(path) for path in snakemake.input.tables}, "versions": versions()}
    setting = snakemake.wildcards.setting
    halving = seed_for(setting, seed=params.seed)
    for target, splits in params.grid.items():
        built = design.build(inputs, params.methods, target, tasks=params.tasks, **seen)
        for split, options in splits.items():
            count = options["costly" if prediction.costly(predictor) else "permutations"]
            drawn = {"halves": options["halves"], "seed": halving} if "halves" in options else {}
            spec = folds.FoldSpec(
                predictor=predictor,
                target=target,
                split=split,
                setting=setting,
                options=drawn,
                levels=tuple(params.levels),
                draws=count,
                seed=params.seed,
            )
            forecast = folds.run(built, spec)
            nulls.append(forecast.nulls)
            for method, results in forecast.folds.items():
                for result in results:
                    by_fold[split, method, result["fold"]].append(result)
    # Split by split, method by method, fold by fold, the targets of a fold side by side: the order of the tables.
    results = [result for results in by_fold.values() for result in results]
    write_json(snakemake.output.folds, {"folds": results, "seed": params.seed, **origin})
    write_csv(snakemake.output.nulls, pandas.concat(nulls, ignore_index=True))


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
