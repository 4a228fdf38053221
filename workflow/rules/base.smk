"""Images, prepared once; the CLIP every setting starts from; its visual tower; one frozen zero-shot head per task."""


rule images:
    input:
        file=lambda wildcards: by_content(*rows.image_files(TASKS[wildcards.task])),
    output:
        "results/images/{size}px/{task}.safetensors",
    log:
        "results/logs/images/{size}px/{task}.log",
    benchmark:
        "results/benchmarks/images/{size}px/{task}.tsv"
    conda:
        "../envs/model.yaml"
    threads: 1
    resources:
        **on_cpu(minutes=240, memory=4000),
    params:
        code=lambda wildcards: code("images.py", f"tasks.sources.{TASKS[wildcards.task]['source']}"),
        row=lambda wildcards: rows.image_row(TASKS[wildcards.task]),
        content=lambda wildcards: contents(TASKS[wildcards.task]["path"]),
        size=lambda wildcards: int(wildcards.size),
        seed=config["seed"],
    script:
        "../scripts/images.py"


rule clip:
    input:
        images=lambda wildcards: corpus_images(wildcards.base),
        file=lambda wildcards: by_content(*base_files(wildcards.base)),
    output:
        clip="results/bases/{base}/clip.safetensors",
        curve="results/bases/{base}/curve.csv",
    log:
        "results/logs/bases/{base}.log",
    benchmark:
        "results/benchmarks/bases/{base}.tsv"
    priority: 1
    conda:
        "../envs/model.yaml"
    threads: lambda wildcards: BASES[wildcards.base].get("threads", 1)
    resources:
        **on_gpu(minutes=240, memory=8000, device=config.get("device")),
    params:
        code=lambda wildcards: code("clip.py", *corpus_modules(wildcards.base)),
        base=lambda wildcards: BASES[wildcards.base],
        model=lambda wildcards: model(wildcards.base),
        content=lambda wildcards: contents(*base_files(wildcards.base)),
        seed=config["seed"],
        device=config.get("device"),
    script:
        "../scripts/clip.py"


rule base:
    input:
        clip=lambda wildcards: clip(wildcards.setting),
    output:
        of("base.safetensors"),
    log:
        of("logs/base.log"),
    benchmark:
        of("benchmarks/base.tsv")
    conda:
        "../envs/model.yaml"
    threads: 1
    resources:
        **on_cpu(minutes=20, memory=2000, copies=4),
    params:
        code=code("base.py"),
    script:
        "../scripts/base.py"


rule head:
    input:
        clip=lambda wildcards: clip(wildcards.setting),
        base=of("base.safetensors"),
        images=lambda wildcards: images(wildcards.setting, wildcards.task),
    output:
        of("heads/{task}.safetensors"),
    log:
        of("logs/heads/{task}.log"),
    benchmark:
        of("benchmarks/heads/{task}.tsv")
    conda:
        "../envs/model.yaml"
    threads: 1
    resources:
        **on_cpu(minutes=60, memory=3000, copies=8),
    params:
        code=code("head.py"),
        model=lambda wildcards: model(SETTINGS[wildcards.setting].base),
    script:
        "../scripts/head.py"
