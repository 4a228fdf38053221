"""The forecasters of a setting, kept as files, and what they forecast of every pair, merged or not."""


rule forecaster:
    input:
        tables=lambda wildcards: tables_files(wildcards.setting, "merges", *TRAITS),
        folds=lambda wildcards: f"results/{wildcards.setting}/folds/{FORECASTERS[wildcards.kind]}.json",
        checkpoints=lambda wildcards: every(
            "checkpoints/{task}.json", wildcards.setting, SETTINGS[wildcards.setting].measured_tasks
        ),
        library=lambda wildcards: library(wildcards.setting) if wildcards.kind == "images" else [],
    output:
        numbers=of("forecaster/{kind}.safetensors"),
        about=of("forecaster/{kind}.json"),
    log:
        of("logs/forecaster/{kind}.log"),
    benchmark:
        of("benchmarks/forecaster/{kind}.tsv")
    wildcard_constraints:
        setting=one_of([setting for setting in SETTINGS if forecasters(setting)]),
        kind=one_of(FORECASTERS),
    localrule: True
    conda:
        "../envs/tables.yaml"
    threads: 1
    params:
        code=lambda wildcards: code("forecaster.py", predictor_module(FORECASTERS[wildcards.kind])),
        predictor=lambda wildcards: FORECASTERS[wildcards.kind],
        tasks=lambda wildcards: sorted(SETTINGS[wildcards.setting].measured_tasks),
        methods=lambda wildcards: {
            name: merge_parameters(wildcards.setting, name) for name in SETTINGS[wildcards.setting].methods
        },
        target=lambda wildcards: SETTINGS[wildcards.setting].targets[0],
        levels=lambda wildcards: SETTINGS[wildcards.setting].intervals,
        images=lambda wildcards: {
            "most": SETTINGS[wildcards.setting].features["images"],
            "size": BASES[SETTINGS[wildcards.setting].base]["image_size"],
            "clip": SETTINGS[wildcards.setting].base,
        },
        features=lambda wildcards: feature_codes(wildcards.setting),
        seed=lambda wildcards: SETTINGS[wildcards.setting].seed,
    script:
        "../scripts/forecaster.py"


for setting in filter(lent_by, MODEL_SETTINGS):

    rule:
        name:
            tiles.identifier("forecasts", setting)
        input:
            forecaster=[f"results/{lent_by(setting)}/forecaster/images.{end}" for end in ("json", "safetensors")],
            traits=f"results/{setting}/tables/traits.csv",
            pair_traits=f"results/{setting}/tables/pair_traits.csv",
            library=f"results/{setting}/tables/library.csv",
            checkpoints=every("checkpoints/{task}.json", setting),
        output:
            **{
                table: report(
                    f"results/{setting}/tables/{table}.csv", caption=f"../report/{table}.rst", category="Tables"
                )
                for table in declared.EXPLORED
            },
            pairs=[
                path
                for method in SETTINGS[lent_by(setting)].methods
                for path in pair_files(f"forecasts/{method}", setting)
            ],
        log:
            f"results/{setting}/logs/forecasts.log",
        benchmark:
            f"results/{setting}/benchmarks/forecasts.tsv"
        localrule: True
        conda:
            "../envs/tables.yaml"
        threads: 1
        params:
            setting=setting,
            code=code("forecasts.py", *(f"features.{name}" for name in traits(setting))),
            tasks=list(SETTINGS[setting].tasks),
            measured=list(SETTINGS[setting].measured_tasks),
            methods=list(SETTINGS[lent_by(setting)].methods),
        script:
            "../scripts/forecasts.py"
