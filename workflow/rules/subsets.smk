"""Random subsets of several tasks, merged and tested as pairs are: what a forecast from pairs is asked to rank."""

for setting in MODEL_SETTINGS:
    for merges in subset_tiles(setting):
        tasks = tiles.members([merge["tasks"] for merge in merges], TASKS)

        rule:
            name:
                tiles.identifier("subsets", setting, merges[0]["subset"])
            input:
                base=f"results/{setting}/base.safetensors",
                checkpoints=every("checkpoints/{task}.safetensors", setting, tasks),
                heads=every("heads/{task}.safetensors", setting, tasks),
                evaluations=every("checkpoints/{task}.json", setting, tasks),
                images=[images(setting, task) for task in tasks],
            output:
                [f"results/{setting}/subsets/{{method}}/{merge['subset']}.json" for merge in merges],
            log:
                f"results/{setting}/logs/subsets/{{method}}/{merges[0]['subset']}.log",
            benchmark:
                f"results/{setting}/benchmarks/subsets/{{method}}/{merges[0]['subset']}.tsv"
            conda:
                "../envs/model.yaml"
            threads: 1
            resources:
                **on_gpu(minutes=240, memory=4000, copies=16, device=SETTINGS[setting].device),
            params:
                code=lambda wildcards, setting=setting: method_code(setting, wildcards.method),
                tasks=tasks,
                merges=merges,
                parameters=lambda wildcards, setting=setting: merge_parameters(setting, wildcards.method),
                batch_size=SETTINGS[setting].evaluation["batch_size"],
                seed=SETTINGS[setting].seed,
                device=SETTINGS[setting].device,
            script:
                "../scripts/merge.py"

    if subsets(setting):

        rule:
            name:
                tiles.identifier("table_subsets", setting)
            input:
                subsets=subset_files(setting),
            output:
                report(of("tables/subsets.csv"), caption="../report/subsets.rst", category="Tables"),
            log:
                of("logs/tables/subsets.log"),
            benchmark:
                of("benchmarks/tables/subsets.tsv")
            wildcard_constraints:
                setting=one_of([setting]),
            localrule: True
            conda:
                "../envs/tables.yaml"
            threads: 1
            params:
                code=code("table_subsets.py"),
                methods=list(SETTINGS[setting].methods),
            script:
                "../scripts/table_subsets.py"
