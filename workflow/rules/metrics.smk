"""Each metric of each pair, from cached features. One rule a tile of pairs, the metric a wildcard."""

for setting in MODEL_SETTINGS:
    for number, pairs in enumerate(metric_tiles(setting)):

        rule:
            name:
                identifier("metric", setting, number)
            input:
                features=lambda wildcards, setting=setting, tasks=tasks_of(pairs): feature_files(
                    setting, tasks, wildcards.metric
                ),
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
                code=lambda wildcards: code("metric.py", metric_code(wildcards.metric)),
                setting=setting,
                pairs=pairs,
                parameters=lambda wildcards, setting=setting: calibration(setting, wildcards.metric),
                seed=SETTINGS[setting].seed,
            script:
                "../scripts/metric.py"
