"""The forecast of one predictor: every fold of every split, target and merge method, and the null."""

import pandas

from job import run
from mergecast import prediction, tables
from mergecast.files import file_hash, versions, write_csv, write_json
from mergecast.prediction import design, folds
from mergecast.seeding import seed_for


def main(snakemake):
    predictor, params = snakemake.wildcards.predictor, snakemake.params
    inputs, nulls, loto, others = prediction.inputs(predictor), [], {}, {}
    seen = tables.by_name(snakemake.input.tables)
    origin = {"inputs": {path: file_hash(path) for path in snakemake.input.tables}, "versions": versions()}
    halving = seed_for(params.setting, seed=params.seed)
    for target, splits in params.grid.items():
        built = design.build(inputs, params.methods, target, tasks=params.tasks, **seen)
        for split, options in splits.items():
            count = options["costly" if prediction.costly(predictor) else "permutations"]
            own = {"halves": options["halves"], "seed": halving} if "halves" in options else {}
            spec = folds.FoldSpec(
                predictor=predictor,
                target=target,
                split=split,
                setting=params.setting,
                options=own,
                levels=tuple(params.levels),
                draws=count,
                seed=params.seed,
            )
            found = folds.run(built, spec)
            nulls.append(found.nulls)
            for method, results in found.folds.items():
                for result in results:
                    key = (method, result["fold"])
                    (loto.setdefault(key, []) if split == "loto" else others.setdefault((split, method), [])).append(result)
    for (method, task), path in zip(params.loto, snakemake.output.folds, strict=True):
        write_json(path, {"folds": loto[method, task], "seed": params.seed, **origin})
    for (split, method), path in zip(params.others, snakemake.output.splits, strict=True):
        write_json(path, {"folds": others[split, method], "seed": params.seed, **origin})
    write_csv(snakemake.output.nulls, pandas.concat(nulls, ignore_index=True))


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
