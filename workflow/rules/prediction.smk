"""Tables of what was measured; the forecast, fold by fold; the tables of how good it is."""


rule table_checkpoints:
    input:
        evaluations=lambda wildcards: every("checkpoints/{task}.json", wildcards.setting),
    output:
        report(of("tables/checkpoints.csv"), caption="../report/checkpoints.rst", category="Tables"),
    log:
        of("logs/tables/checkpoints.log"),
    benchmark:
        of("benchmarks/tables/checkpoints.tsv")
    wildcard_constraints:
        setting=one_of(MODEL_SETTINGS),
    localrule: True
    conda:
        "../envs/tables.yaml"
    threads: 1
    params:
        code=code("table_checkpoints.py"),
    script:
        "../scripts/table_checkpoints.py"


rule table_metrics:
    input:
        files=lambda wildcards: [
            path
            for metric in SETTINGS[wildcards.setting].metrics
            for path in pair_files(f"metrics/{metric}", wildcards.setting)
        ],
    output:
        metrics=report(of("tables/metrics.csv"), caption="../report/metrics.rst", category="Tables"),
        directed=report(of("tables/directed.csv"), caption="../report/directed.rst", category="Tables"),
    log:
        of("logs/tables/metrics.log"),
    benchmark:
        of("benchmarks/tables/metrics.tsv")
    wildcard_constraints:
        setting=one_of(MODEL_SETTINGS),
    localrule: True
    conda:
        "../envs/tables.yaml"
    threads: 1
    params:
        code=code("table_metrics.py"),
    script:
        "../scripts/table_metrics.py"


rule table_merges:
    input:
        merges=lambda wildcards: [
            path
            for method in SETTINGS[wildcards.setting].methods
            for path in pair_files(f"merges/{method}", wildcards.setting)
        ],
    output:
        report(of("tables/merges.csv"), caption="../report/merges.rst", category="Tables"),
    log:
        of("logs/tables/merges.log"),
    benchmark:
        of("benchmarks/tables/merges.tsv")
    wildcard_constraints:
        setting=one_of(MODEL_SETTINGS),
    localrule: True
    conda:
        "../envs/tables.yaml"
    threads: 1
    params:
        code=code("table_merges.py"),
    script:
        "../scripts/table_merges.py"


for setting in SETTINGS:

    rule:
        name:
            identifier("folds", setting)
        input:
            tables=lambda wildcards, setting=setting: tables_seen(setting, wildcards.predictor),
        output:
            folds=[
                f"results/{setting}/folds/{method}/{{predictor}}/{task}.json" for method, task in loto_folds(setting)
            ],
            splits=[
                f"results/{setting}/splits/{split}/{method}/{{predictor}}.json"
                for split, method in other_folds(setting)
            ],
            nulls=f"results/{setting}/nulls/{{predictor}}.csv",
        log:
            f"results/{setting}/logs/folds/{{predictor}}.log",
        benchmark:
            f"results/{setting}/benchmarks/folds/{{predictor}}.tsv"
        conda:
            "../envs/tables.yaml"
        threads: 1
        resources:
            **on_cpu(minutes=240, memory=3000),
        params:
            code=lambda wildcards: code("folds.py", predictor_module(wildcards.predictor)),
            setting=setting,
            tasks=SETTINGS[setting].tasks,
            methods=list(SETTINGS[setting].methods),
            grid=lambda wildcards, setting=setting: forecast_grid(setting),
            levels=SETTINGS[setting].intervals,
            loto=loto_folds(setting),
            others=other_folds(setting),
            seed=SETTINGS[setting].seed,
        script:
            "../scripts/folds.py"


rule table_forecast:
    input:
        folds=lambda wildcards: every_fold(wildcards.setting),
        nulls=lambda wildcards: [
            f"results/{wildcards.setting}/nulls/{predictor}.csv"
            for predictor in SETTINGS[wildcards.setting].predictors
        ],
    output:
        **{
            table: report(of(f"tables/{table}.csv"), caption=f"../report/{table}.rst", category="Tables")
            for table in declared.FORECAST
        },
    log:
        of("logs/tables/forecast.log"),
    benchmark:
        of("benchmarks/tables/forecast.tsv")
    localrule: True
    conda:
        "../envs/tables.yaml"
    threads: 1
    params:
        code=code("table_forecast.py"),
        tasks=lambda wildcards: SETTINGS[wildcards.setting].tasks,
        target=lambda wildcards: SETTINGS[wildcards.setting].targets[0],
        draws=lambda wildcards: SETTINGS[wildcards.setting].bootstrap,
        seed=lambda wildcards: SETTINGS[wildcards.setting].seed,
    script:
        "../scripts/table_forecast.py"
