"""Tables of what was measured; the forecast, fold by fold; the tables of how good it is."""


rule table_checkpoints:
    input:
        singles=lambda wildcards: every("singles/{task}.json", wildcards.setting),
        code=code("table_checkpoints.py"),
    output:
        report(of("tables/checkpoints.csv"), caption="../report/checkpoints.rst", category="Tables"),
    log:
        of("logs/tables/checkpoints.log"),
    benchmark:
        of("benchmarks/tables/checkpoints.tsv")
    conda:
        "../envs/tables.yaml"
    threads: 1
    script:
        "../scripts/table_checkpoints.py"


rule table_metrics:
    input:
        files=lambda wildcards: [
            path
            for metric in SETTINGS[wildcards.setting].metrics
            for path in pair_files(f"metrics/{metric}", wildcards.setting)
        ],
        code=code("table_metrics.py"),
    output:
        report(of("tables/metrics.csv"), caption="../report/metrics.rst", category="Tables"),
    log:
        of("logs/tables/metrics.log"),
    benchmark:
        of("benchmarks/tables/metrics.tsv")
    conda:
        "../envs/tables.yaml"
    threads: 1
    script:
        "../scripts/table_metrics.py"


rule table_method:
    input:
        merges=lambda wildcards: pair_files(f"merges/{wildcards.method}", wildcards.setting),
        code=code("table_merges.py"),
    output:
        of("tables/merges/{method}.csv"),
    log:
        of("logs/tables/merges/{method}.log"),
    benchmark:
        of("benchmarks/tables/merges/{method}.tsv")
    conda:
        "../envs/tables.yaml"
    threads: 1
    script:
        "../scripts/table_merges.py"


rule table_merges:
    input:
        methods=lambda wildcards: [
            f"results/{wildcards.setting}/tables/merges/{method}.csv" for method in SETTINGS[wildcards.setting].methods
        ],
        code=code("concatenate.py"),
    output:
        report(of("tables/merges.csv"), caption="../report/merges.rst", category="Tables"),
    log:
        of("logs/tables/merges.log"),
    benchmark:
        of("benchmarks/tables/merges.tsv")
    conda:
        "../envs/tables.yaml"
    threads: 1
    script:
        "../scripts/concatenate.py"


for setting in SETTINGS:

    rule:
        name:
            identifier("folds", setting)
        input:
            merges=f"results/{setting}/tables/merges/{{method}}.csv",
            seen=lambda wildcards, setting=setting: tables_seen(setting, wildcards.predictor),
            code=lambda wildcards: code("folds.py", predictor_module(wildcards.predictor)),
        output:
            every("folds/{{method}}/{{predictor}}/{task}.json", setting),
        log:
            f"results/{setting}/logs/folds/{{method}}/{{predictor}}.log",
        benchmark:
            f"results/{setting}/benchmarks/folds/{{method}}/{{predictor}}.tsv"
        conda:
            "../envs/tables.yaml"
        threads: 1
        params:
            setting=setting,
            tasks=SETTINGS[setting].tasks,
            target=SETTINGS[setting].target,
            seed=SETTINGS[setting].seed,
        script:
            "../scripts/folds.py"


rule table_forecast:
    input:
        folds=lambda wildcards: [
            path
            for method in SETTINGS[wildcards.setting].methods
            for predictor in SETTINGS[wildcards.setting].predictors
            for path in every(f"folds/{method}/{predictor}/{{task}}.json", wildcards.setting)
        ],
        code=code("table_forecast.py"),
    output:
        **{
            table: report(of(f"tables/{table}.csv"), caption=f"../report/{table}.rst", category="Tables")
            for table in FORECAST_TABLES
        },
    log:
        of("logs/tables/forecast.log"),
    benchmark:
        of("benchmarks/tables/forecast.tsv")
    conda:
        "../envs/tables.yaml"
    threads: 1
    script:
        "../scripts/table_forecast.py"


rule table_correlations:
    input:
        metrics=of("tables/metrics.csv"),
        merges=of("tables/merges.csv"),
        code=code("table_correlations.py"),
    output:
        report(of("tables/correlations.csv"), caption="../report/correlations.rst", category="Tables"),
    log:
        of("logs/tables/correlations.log"),
    benchmark:
        of("benchmarks/tables/correlations.tsv")
    conda:
        "../envs/tables.yaml"
    threads: 1
    params:
        target=lambda wildcards: SETTINGS[wildcards.setting].target,
    script:
        "../scripts/table_correlations.py"
