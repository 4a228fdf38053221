"""What metrics see of a checkpoint, computed once: spectra, probes, gradients; and all inner products in one pass."""


rule inner_products:
    input:
        base=of("base.safetensors"),
        checkpoints=lambda wildcards: every("checkpoints/{task}.safetensors", wildcards.setting),
    output:
        of("features/inner_products.npz"),
    log:
        of("logs/inner_products.log"),
    benchmark:
        of("benchmarks/inner_products.tsv")
    conda:
        "../envs/model.yaml"
    threads: 1
    resources:
        **on_cpu(minutes=60, memory=2000, copies=2),
    params:
        code=code("inner_products.py"),
        tasks=lambda wildcards: SETTINGS[wildcards.setting].tasks,
    script:
        "../scripts/inner_products.py"


rule spectra:
    input:
        base=of("base.safetensors"),
        checkpoint=of("checkpoints/{task}.safetensors"),
    output:
        of("features/spectra/{task}.safetensors"),
    log:
        of("logs/spectra/{task}.log"),
    benchmark:
        of("benchmarks/spectra/{task}.tsv")
    conda:
        "../envs/model.yaml"
    threads: 1
    resources:
        **on_cpu(minutes=60, memory=2000, copies=4),
    params:
        code=code("spectra.py"),
    script:
        "../scripts/spectra.py"


rule probes:
    input:
        base=of("base.safetensors"),
        checkpoint=of("checkpoints/{task}.safetensors"),
        heads=lambda wildcards: every("heads/{task}.safetensors", wildcards.setting),
        images=lambda wildcards: [images(wildcards.setting, task) for task in SETTINGS[wildcards.setting].tasks],
    output:
        of("features/probes/{task}.safetensors"),
    log:
        of("logs/probes/{task}.log"),
    benchmark:
        of("benchmarks/probes/{task}.tsv")
    conda:
        "../envs/model.yaml"
    threads: 1
    resources:
        **on_gpu(minutes=60, memory=3000, copies=6),
    params:
        code=code("probes.py"),
        tasks=lambda wildcards: SETTINGS[wildcards.setting].tasks,
        model=lambda wildcards: model(wildcards.setting),
        images_per_task=lambda wildcards: SETTINGS[wildcards.setting].calibration["images_per_task"],
        seed=lambda wildcards: SETTINGS[wildcards.setting].seed,
        device=lambda wildcards: SETTINGS[wildcards.setting].device,
    script:
        "../scripts/probes.py"


rule gradients:
    input:
        base=of("base.safetensors"),
        checkpoint=of("checkpoints/{task}.safetensors"),
        head=of("heads/{task}.safetensors"),
        images=lambda wildcards: images(wildcards.setting, wildcards.task),
    output:
        of("features/gradients/{task}.safetensors"),
    log:
        of("logs/gradients/{task}.log"),
    benchmark:
        of("benchmarks/gradients/{task}.tsv")
    conda:
        "../envs/model.yaml"
    threads: 1
    resources:
        **on_gpu(minutes=30, memory=3000, copies=8),
    params:
        code=code("gradients.py"),
        model=lambda wildcards: model(wildcards.setting),
        images_per_task=lambda wildcards: SETTINGS[wildcards.setting].calibration["images_per_task"],
        seed=lambda wildcards: SETTINGS[wildcards.setting].seed,
        device=lambda wildcards: SETTINGS[wildcards.setting].device,
    script:
        "../scripts/gradients.py"


rule gradient_products:
    input:
        gradients=lambda wildcards: every("features/gradients/{task}.safetensors", wildcards.setting),
    output:
        of("features/gradient_products.npz"),
    log:
        of("logs/gradient_products.log"),
    benchmark:
        of("benchmarks/gradient_products.tsv")
    conda:
        "../envs/model.yaml"
    threads: 1
    resources:
        **on_cpu(minutes=60, memory=2000),
    params:
        code=code("gradient_products.py"),
        tasks=lambda wildcards: SETTINGS[wildcards.setting].tasks,
    script:
        "../scripts/gradient_products.py"
