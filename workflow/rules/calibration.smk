"""The metrics that look at images, once more at other numbers of calibration images, to see whether they settle.

The features of these numbers are large (a gradient is as large as its checkpoint) and go once the table is written.
"""

from itertools import product


def further_features(setting, scope):
    """The features of a scope that are made at further numbers of images, each after what it needs."""
    needs = [need for name in calibration_metrics(setting) for need in metrics.find(name).needs]
    return [
        name
        for name in features.with_needs(needs)
        if features.calibrated(name) and features.find(name).scope == scope and further_sizes(setting)
    ]


def calibration_files(setting, size=None):
    """The files that the metrics of a setting read at a number of images, by default the setting's own."""
    folders = {False: "features", True: f"calibration/{size}" if size else "features"}
    return list(
        dict.fromkeys(
            path
            for metric in calibration_metrics(setting)
            for need in metrics.find(metric).needs
            for path in feature_files(setting, need, folder=folders[features.calibrated(need)])
        )
    )


def calibration_folders(setting):
    """The folder of what depends on the number of images, for each number, the setting's own among them, in ascending order."""
    images_per_task = SETTINGS[setting].calibration["images_per_task"]
    further = {size: f"results/{setting}/calibration/{size}" for size in further_sizes(setting)}
    return dict(sorted({images_per_task: f"results/{setting}/features", **further}.items()))


for setting in filter(calibrated, MODEL_SETTINGS):
    names, sizes = further_features(setting, "checkpoint"), further_sizes(setting)
    for tasks in feature_tiles(setting, names[0]) if names else []:
        job = feature_job(setting, tasks, *names, sizes=sizes)

        rule:
            name:
                tiles.identifier("calibration_features", setting, tasks[0])
            input:
                **job.input,
            output:
                temp(
                    [
                        f"results/{setting}/calibration/{size}/{features.find(name).file.format(task=task)}"
                        for task in tasks
                        for size in sizes
                        for name in names
                    ]
                ),
            log:
                f"results/{setting}/logs/calibration/features/{tasks[0]}.log",
            benchmark:
                f"results/{setting}/benchmarks/calibration/features/{tasks[0]}.tsv"
            conda:
                "../envs/model.yaml"
            threads: 1
            resources:
                **job.resources,
            params:
                **job.params,
            script:
                "../scripts/feature.py"

    for name, size in product(further_features(setting, "grid"), sizes):
        job = feature_job(setting, list(SETTINGS[setting].tasks), name, sizes=[size])

        rule:
            name:
                tiles.identifier("calibration", name, setting, size)
            input:
                **job.input,
            output:
                temp(feature_files(setting, name, folder=f"calibration/{size}")),
            log:
                f"results/{setting}/logs/calibration/{name}/{size}.log",
            benchmark:
                f"results/{setting}/benchmarks/calibration/{name}/{size}.tsv"
            conda:
                "../envs/model.yaml"
            threads: 1
            resources:
                **job.resources,
            params:
                **job.params,
            script:
                "../scripts/feature.py"

    rule:
        name:
            tiles.identifier("calibration_metrics", setting)
        input:
            own=calibration_files(setting),
            further=[path for size in further_sizes(setting) for path in calibration_files(setting, size)],
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
            code=metric_code("calibration_metrics.py", *calibration_metrics(setting)),
            setting=setting,
            pairs=SETTINGS[setting].pairs,
            metrics=calibration_metrics(setting),
            folders=calibration_folders(setting),
        script:
            "../scripts/calibration_metrics.py"
