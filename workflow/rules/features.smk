"""What metrics see of a checkpoint, or of all of them, computed once. One rule per feature; see mergecast/features."""

from types import SimpleNamespace


def feature_files(setting, name, tasks=None, folder="features"):
    """The files of a feature: of every task of a setting or of those given, or the one of the grid."""
    feature = features.find(name)
    pattern = f"{folder}/{feature.file}"
    return every(pattern, setting, tasks) if feature.scope == "checkpoint" else [f"results/{setting}/{pattern}"]


def feature_job(*names, setting=None, sizes=None):
    """Input, params and resources of a job that computes features of one scope, each after what it needs.

    The setting is that at hand unless it is given, for a job at further numbers of calibration images: `sizes`, or the size
    at hand.
    """
    chosen = [features.find(name) for name in names]
    looked_at, validation = {feature.images for feature in chosen}, any(feature.split == "val" for feature in chosen)
    asked = features.resources(names)
    device = asked.pop("device")

    def resolved(wildcards):
        return SETTINGS[setting or wildcards.setting]

    def tasks(wildcards):
        return [wildcards.task] if chosen[0].scope == "checkpoint" else list(resolved(wildcards).tasks)

    def shown(wildcards):
        return list(resolved(wildcards).tasks) if "all" in looked_at else tasks(wildcards) if "own" in looked_at else []

    def needed(name):
        def files(wildcards):
            further = features.calibrated(name) and wildcards.get("size")
            folder = f"calibration/{further}" if further else "features"
            return feature_files(resolved(wildcards).name, name, tasks(wildcards), folder)

        return files

    def counts(wildcards):
        return (
            [int(wildcards.size)]
            if "size" in wildcards.keys()
            else [resolved(wildcards).calibration["images_per_task"]]
        )

    inputs = {need: needed(need) for feature in chosen for need in feature.needs if need not in names}
    if any(feature.weights for feature in chosen):
        inputs["base"] = lambda wildcards: f"results/{resolved(wildcards).name}/base.safetensors"
        inputs["checkpoints"] = lambda wildcards: every(
            "checkpoints/{task}.safetensors", resolved(wildcards).name, tasks(wildcards)
        )
    if any(looked_at):
        inputs["heads"] = lambda wildcards: [
            f"results/{resolved(wildcards).name}/heads/{task}.safetensors" for task in shown(wildcards)
        ]
        inputs["images"] = lambda wildcards: [images(resolved(wildcards).name, task) for task in shown(wildcards)]
    return SimpleNamespace(
        input=inputs,
        params={
            "code": code("feature.py", *(f"features.{name}" for name in names)),
            "features": list(names),
            "tasks": tasks,
            "shown": shown,
            "sizes": sizes or (counts if any(map(features.calibrated, names)) else [None]),
            "most": (lambda wildcards: resolved(wildcards).features["images"]) if validation else None,
            "further": setting is not None,
            "seed": (lambda wildcards: resolved(wildcards).seed) if any(looked_at) else None,
            "device": (lambda wildcards: resolved(wildcards).device) if device == "gpu" else device,
        },
        resources=on_gpu(**asked, device=setting and SETTINGS[setting].device) if device == "gpu" else on_cpu(**asked),
    )


for name in features.names():
    job = feature_job(name)

    rule:
        name:
            name
        input:
            **job.input,
        output:
            of(f"features/{features.find(name).file}"),
        log:
            of(f"logs/{features.find(name).stem}.log"),
        benchmark:
            of(f"benchmarks/{features.find(name).stem}.tsv")
        conda:
            "../envs/model.yaml"
        threads: 1
        resources:
            **job.resources,
        params:
            **job.params,
        script:
            "../scripts/feature.py"
