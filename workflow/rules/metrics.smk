"""Each metric of each pair, from cached features. One rule per tile of pairs, the metric a wildcard."""


def metric_code(script, *names):
    """The code of a script and of the metrics that it computes, of no other metric, and of the features that they read."""
    chosen = [metrics.find(name) for name in names]
    return code(
        script,
        *sorted({f"metrics.{metric.category}:{metric.name}" for metric in chosen}),
        *sorted({f"features.{need}" for metric in chosen for need in metric.needs}),
    )


for setting in MODEL_SETTINGS:
    for number, pairs in enumerate(tiles.packed_rows(SETTINGS[setting].tasks, SETTINGS[setting].tile["metrics"])):

        rule:
            name:
                tiles.identifier("metric", setting, number)
            input:
                features=lambda wildcards, setting=setting, tasks=tiles.members(pairs, TASKS): [
                    path
                    for need in metrics.find(wildcards.metric).needs
                    for path in feature_files(setting, need, tasks)
                ],
            output:
                [f"results/{setting}/metrics/{{metric}}/{a}__{b}.json" for a, b in pairs],
            log:
                f"results/{setting}/logs/metrics/{{metric}}/{number}.log",
            benchmark:
                f"results/{setting}/benchmarks/metrics/{{metric}}/{number}.tsv"
            conda:
                "../envs/tables.yaml"
            threads: 1
            resources:
                **on_cpu(minutes=30, memory=2000),
            params:
                code=lambda wildcards: metric_code("metric.py", wildcards.metric),
                setting=setting,
                pairs=pairs,
                parameters=lambda wildcards, setting=setting: calibration(setting, wildcards.metric),
                seed=SETTINGS[setting].seed,
            script:
                "../scripts/metric.py"
