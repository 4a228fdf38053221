"""One metric of every pair of a tile, from cached features."""

from job import run
from mergecast import metrics
from mergecast.features._store import Store, blocked
from mergecast.files import versions, write_json


def main(snakemake):
    params, metric = snakemake.params, metrics.find(snakemake.wildcards.metric)
    store = Store(f"results/{params.setting}/features")
    outputs = {tuple(pair): path for pair, path in zip(params.pairs, snakemake.output, strict=True)}
    for a, b in blocked(outputs):
        path = outputs[a, b]
        features = store.pair(a, b, metric.needs)
        result = {
            "metric": metric.name,
            "category": metric.category,
            "tasks": [a, b],
            "value": metrics.compute(metric, features),
            **({"directed": metric.directed(features)} if metric.directed else {}),
            "parameters": dict(params.parameters),
            "inputs": store.inputs(a, b, metric.needs),
            "seed": params.seed,
            "versions": versions(),
        }
        write_json(path, result)


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
