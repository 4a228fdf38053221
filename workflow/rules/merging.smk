"""Each pair merged by each method, tested on both tasks. One rule per tile of one row of the grid, the method a wildcard.

A pair that is forecast alone has a rule of its own, for who asks for its file.
"""

for setting in MODEL_SETTINGS:
    for pairs in merge_tiles(setting):
        tasks = tiles.members(pairs, TASKS)

        rule:
            name:
                tiles.identifier("merge", setting, pairs[0][1], pairs[0][0])
            input:
                base=f"results/{setting}/base.safetensors",
                checkpoints=every("checkpoints/{task}.safetensors", setting, tasks),
                heads=every("heads/{task}.safetensors", setting, tasks),
                evaluations=every("checkpoints/{task}.json", setting, tasks),
                images=[images(setting, task) for task in tasks],
            output:
                [f"results/{setting}/merges/{{method}}/{a}__{b}.json" for a, b in pairs],
            log:
                f"results/{setting}/logs/merges/{{method}}/{pairs[0][0]}__{pairs[0][1]}.log",
            benchmark:
                f"results/{setting}/benchmarks/merges/{{method}}/{pairs[0][0]}__{pairs[0][1]}.tsv"
            conda:
                "../envs/model.yaml"
            threads: 1
            resources:
                **on_gpu(minutes=120, memory=4000, copies=12, device=SETTINGS[setting].device),
            params:
                code=lambda wildcards, setting=setting: method_code(setting, wildcards.method),
                tasks=tasks,
                merges=[{"tasks": pair} for pair in pairs],
                parameters=lambda wildcards, setting=setting: merge_parameters(setting, wildcards.method),
                batch_size=SETTINGS[setting].evaluation["batch_size"],
                seed=SETTINGS[setting].seed,
                device=SETTINGS[setting].device,
            script:
                "../scripts/merge.py"


rule merged_weights:
    input:
        base=of("base.safetensors"),
        checkpoints=lambda wildcards: every(
            "checkpoints/{task}.safetensors", wildcards.setting, [wildcards.a, wildcards.b]
        ),
    output:
        of("merged/{method}/{a}__{b}.safetensors"),
    log:
        of("logs/merged/{method}/{a}__{b}.log"),
    conda:
        "../envs/model.yaml"
    threads: 1
    resources:
        **on_gpu(minutes=60, memory=4000, copies=12),
    params:
        code=lambda wildcards: method_code(wildcards.setting, wildcards.method, "merged_weights.py"),
        parameters=lambda wildcards: merge_parameters(wildcards.setting, wildcards.method),
        device=lambda wildcards: SETTINGS[wildcards.setting].device,
    script:
        "../scripts/merged_weights.py"
