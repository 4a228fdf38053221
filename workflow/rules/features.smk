"""What metrics see of a checkpoint, or of all of them, computed once. One rule per feature and tile of checkpoints."""

from types import SimpleNamespace


def feature_files(setting, name, tasks=None, folder="features"):
    """The files of a feature: of every task of a setting or of those given, or the one of the grid."""
    feature = features.find(name)
    pattern = f"{folder}/{feature.file}"
    return every(pattern, setting, tasks) if feature.scope == "checkpoint" else [f"results/{setting}/{pattern}"]


def feature_job(setting, tasks, *names, sizes=None):
    """Input, params and resources of a job that computes features of one scope for some tasks, each after what it needs.

    `sizes` are further numbers of calibration images; by default it is the setting's own.
    """
    resolved = SETTINGS[setting]
    chosen = [features.find(name) for name in names]
    looked_at, validation = {feature.images for feature in chosen}, any(feature.split == "val" for feature in chosen)
    asked = features.resources(names)
    device = asked.pop("device")
    if chosen[0].scope == "checkpoint":
        asked["minutes"] *= len(tasks)
    shown = list(resolved.tasks) if "all" in looked_at else tasks if "own" in looked_at else []

    def needed(name):
        further = features.calibrated(name) and sizes
        return feature_files(setting, name, tasks, f"calibration/{sizes[0]}" if further else "features")

    inputs = {need: needed(need) for feature in chosen for need in feature.needs if need not in names}
    if any(feature.weights for feature in chosen):
        inputs["base"] = f"results/{setting}/base.safetensors"
        inputs["checkpoints"] = every("checkpoints/{task}.safetensors", setting, tasks)
    if any(looked_at):
        inputs["heads"] = every("heads/{task}.safetensors", setting, shown)
        inputs["images"] = [images(setting, task) for task in shown]
    own = [resolved.calibration["images_per_task"]]
    return SimpleNamespace(
        input=inputs,
        params={
            "code": code("feature.py", *(f"features.{name}" for name in names)),
            "features": list(names),
            "tasks": tasks,
            "shown": shown,
            "sizes": sizes or (own if any(map(features.calibrated, names)) else [None]),
            "most": resolved.features["images"] if validation else None,
            "further": sizes is not None,
            "seed": resolved.seed if any(looked_at) else None,
            "device": resolved.device if device == "gpu" else device,
        },
        resources=on_gpu(**asked, device=resolved.device) if device == "gpu" else on_cpu(**asked),
    )


for setting in MODEL_SETTINGS:
    for name in features.names():
        feature = features.find(name)
        for tasks in feature_tiles(setting, name):
            job, stem = feature_job(setting, tasks, name), feature.stem.format(task=tasks[0])

            rule:
                name:
                    tiles.identifier(name, setting, *([tasks[0]] if feature.scope == "checkpoint" else []))
                input:
                    **job.input,
                output:
                    feature_files(setting, name, tasks),
                log:
                    f"results/{setting}/logs/{stem}.log",
                benchmark:
                    f"results/{setting}/benchmarks/{stem}.tsv"
                conda:
                    "../envs/model.yaml"
                threads: 1
                resources:
                    **job.resources,
                params:
                    **job.params,
                script:
                    "../scripts/feature.py"
