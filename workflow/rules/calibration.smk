"""The metrics that look at images, once more at other numbers of calibration images, to see whether they settle.

The features of these numbers are large (a gradient is as large as its checkpoint) and go once the table is written.
"""

for setting in filter(calibrated, MODEL_SETTINGS):
    if further_sizes(setting):

        rule:
            name:
                identifier("calibration_features", setting)
            input:
                base=f"results/{setting}/base.safetensors",
                checkpoint=f"results/{setting}/checkpoints/{{task}}.safetensors",
                heads=every("heads/{task}.safetensors", setting),
                images=[images(setting, task) for task in SETTINGS[setting].tasks],
            output:
                probes=temp(further_files(setting, "probes", "probes/{task}.safetensors")),
                gradients=temp(further_files(setting, "encoder_gradients", "gradients/{task}.safetensors")),
            log:
                f"results/{setting}/logs/calibration/features/{{task}}.log",
            benchmark:
                f"results/{setting}/benchmarks/calibration/features/{{task}}.tsv"
            conda:
                "../envs/model.yaml"
            threads: 1
            resources:
                **on_gpu(minutes=60, memory=3000, copies=10, device=SETTINGS[setting].device),
            params:
                code=code("calibration_features.py"),
                tasks=SETTINGS[setting].tasks,
                sizes=further_sizes(setting),
                model=model(setting),
                seed=SETTINGS[setting].seed,
                device=SETTINGS[setting].device,
            script:
                "../scripts/calibration_features.py"

        rule:
            name:
                identifier("calibration_products", setting)
            input:
                gradients=every("calibration/{{size}}/gradients/{task}.safetensors", setting),
            output:
                temp(f"results/{setting}/calibration/{{size}}/gradient_products.npz"),
            log:
                f"results/{setting}/logs/calibration/products/{{size}}.log",
            benchmark:
                f"results/{setting}/benchmarks/calibration/products/{{size}}.tsv"
            conda:
                "../envs/model.yaml"
            threads: 1
            resources:
                **on_cpu(minutes=60, memory=2000),
            params:
                code=code("gradient_products.py"),
                tasks=SETTINGS[setting].tasks,
            script:
                "../scripts/gradient_products.py"

    rule:
        name:
            identifier("calibration_metrics", setting)
        input:
            own=list(
                dict.fromkeys(
                    path
                    for metric in calibration_metrics(setting)
                    for path in feature_files(setting, SETTINGS[setting].tasks, metric)
                )
            ),
            probes=further_files(setting, "probes", *(f"probes/{task}.safetensors" for task in SETTINGS[setting].tasks)),
            products=further_files(setting, "encoder_gradients", "gradient_products.npz"),
        output:
            report(
                f"results/{setting}/tables/calibration_metrics.csv",
                caption="../report/calibration_metrics.rst",
                category="Tables",
            ),
        log:
            f"results/{setting}/logs/tables/calibration_metrics.log",
        benchmark:
            f"results/{setting}/benchmarks/tables/calibration_metrics.tsv"
        conda:
            "../envs/tables.yaml"
        threads: 1
        resources:
            **on_cpu(minutes=60, memory=2000),
        params:
            code=code(
                "calibration_metrics.py",
                *map(metric_code, calibration_metrics(setting)),
            ),
            setting=setting,
            pairs=SETTINGS[setting].pairs,
            metrics=calibration_metrics(setting),
            folders=calibration_folders(setting),
        script:
            "../scripts/calibration_metrics.py"
