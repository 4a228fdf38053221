"""One fine-tuned checkpoint per task, and how good it is on its own."""


rule finetune:
    input:
        base=of("base.safetensors"),
        head=of("heads/{task}.safetensors"),
        images=lambda wildcards: images(wildcards.setting, wildcards.task),
    output:
        checkpoint=of("checkpoints/{task}.safetensors"),
        curve=of("curves/{task}.csv"),
    log:
        of("logs/finetune/{task}.log"),
    benchmark:
        of("benchmarks/finetune/{task}.tsv")
    conda:
        "../envs/model.yaml"
    threads: 1
    resources:
        **on_gpu(minutes=240, memory=3000, copies=10),
    params:
        code=code("finetune.py"),
        recipe=lambda wildcards: rows.recipe(SETTINGS[wildcards.setting].recipe, TASKS[wildcards.task]),
        seed=lambda wildcards: SETTINGS[wildcards.setting].seed,
        device=lambda wildcards: SETTINGS[wildcards.setting].device,
    script:
        "../scripts/finetune.py"


rule evaluate:
    input:
        base=of("base.safetensors"),
        checkpoint=of("checkpoints/{task}.safetensors"),
        head=of("heads/{task}.safetensors"),
        images=lambda wildcards: images(wildcards.setting, wildcards.task),
    output:
        of("checkpoints/{task}.json"),
    log:
        of("logs/evaluate/{task}.log"),
    benchmark:
        of("benchmarks/evaluate/{task}.tsv")
    conda:
        "../envs/model.yaml"
    threads: 1
    resources:
        **on_gpu(minutes=60, memory=3000, copies=6),
    params:
        code=code("evaluate.py"),
        batch_size=lambda wildcards: SETTINGS[wildcards.setting].evaluation["batch_size"],
        seed=lambda wildcards: SETTINGS[wildcards.setting].seed,
        device=lambda wildcards: SETTINGS[wildcards.setting].device,
    script:
        "../scripts/evaluate.py"
