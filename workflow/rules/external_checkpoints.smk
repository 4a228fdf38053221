"""Checkpoints made elsewhere, brought instead of fine-tuning: read, renamed, checked. One rule per checkpoint.

These rules have no wildcards, so Snakemake takes them and not `finetune`, which could make the same files.
"""

for setting in MODEL_SETTINGS:
    for task, path in (SETTINGS[setting].checkpoints or {}).items():

        rule:
            name:
                tiles.identifier("import_checkpoint", setting, task)
            input:
                base=f"results/{setting}/base.safetensors",
                files=by_content(*external.files(path)),
            output:
                f"results/{setting}/checkpoints/{task}.safetensors",
            log:
                f"results/{setting}/logs/external/{task}.log",
            benchmark:
                f"results/{setting}/benchmarks/external/{task}.tsv"
            conda:
                "../envs/model.yaml"
            threads: 1
            resources:
                **on_cpu(minutes=30, memory=2000, copies=8),
            params:
                code=code("import_checkpoint.py"),
                task=task,
                path=path,
                content=lambda wildcards, path=path: contents(*external.files(path)),
            script:
                "../scripts/import_checkpoint.py"
