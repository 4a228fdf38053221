"""Tables of what was measured; the forecast of each predictor, every fold in one file; the tables of how good it is."""


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
        tasks=lambda wildcards: SETTINGS[wildcards.setting].tasks,
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
        tasks=lambda wildcards: SETTINGS[wildcards.setting].tasks,
        metrics=lambda wildcards: SETTINGS[wildcards.setting].metrics,
    script:
        "../scripts/table_metrics.py"


rule table_traits:
    input:
        files=lambda wildcards: [
            path for name in traits(wildcards.setting) for path in feature_files(wildcards.setting, name)
        ],
    output:
        **{
            table: report(of(f"tables/{table}.csv"), caption=f"../report/{table}.rst", category="Tables")
            for table in TRAITS
        },
    log:
        of("logs/tables/traits.log"),
    benchmark:
        of("benchmarks/tables/traits.tsv")
    wildcard_constraints:
        setting=one_of(MODEL_SETTINGS),
    localrule: True
    conda:
        "../envs/tables.yaml"
    threads: 1
    params:
        code=lambda wildcards: code("table_traits.py", *(f"features.{name}" for name in traits(wildcards.setting))),
        tasks=lambda wildcards: SETTINGS[wildcards.setting].tasks,
        features=lambda wildcards: covariates(wildcards.setting),
    script:
        "../scripts/table_traits.py"


rule table_timings:
    input:
        made=lambda wildcards: tables_files(wildcards.setting, "merges", *TRAITS),
        images=lambda wildcards: [images(wildcards.setting, task) for task in SETTINGS[wildcards.setting].tasks],
    output:
        report(of("tables/timings.csv"), caption="../report/timings.rst", category="Tables"),
    log:
        of("logs/tables/timings.log"),
    benchmark:
        of("benchmarks/tables/timings.tsv")
    wildcard_constraints:
        setting=one_of(MODEL_SETTINGS),
    localrule: True
    conda:
        "../envs/tables.yaml"
    threads: 1
    params:
        code=code("table_timings.py"),
        jobs=lambda wildcards: timed_jobs(wildcards.setting),
        tasks=lambda wildcards: SETTINGS[wildcards.setting].tasks,
        most=lambda wildcards: SETTINGS[wildcards.setting].features["images"],
    script:
        "../scripts/table_timings.py"


rule table_merges:
    input:
        merges=lambda wildcards: [
            path
            for method in SETTINGS[wildcards.setting].methods
            for path in pair_files(f"merges/{method}", wildcards.setting, {*SETTINGS[wildcards.setting].measured})
        ],
        evaluations=lambda wildcards: every("checkpoints/{task}.json", wildcards.setting),
    output:
        merges=report(of("tables/merges.csv"), caption="../report/merges.rst", category="Tables"),
        correct=report(of("tables/correct.csv"), caption="../report/correct.rst", category="Tables"),
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
        tasks=lambda wildcards: SETTINGS[wildcards.setting].tasks,
        methods=lambda wildcards: list(SETTINGS[wildcards.setting].methods),
    script:
        "../scripts/table_merges.py"


rule folds:
    input:
        tables=lambda wildcards: tables_seen(wildcards.setting, wildcards.predictor),
    output:
        folds=of("folds/{predictor}.json"),
        nulls=of("nulls/{predictor}.csv"),
    log:
        of("logs/folds/{predictor}.log"),
    benchmark:
        of("benchmarks/folds/{predictor}.tsv")
    conda:
        "../envs/tables.yaml"
    threads: 1
    resources:
        **on_cpu(minutes=240, memory=3000),
    params:
        code=lambda wildcards: code("folds.py", predictor_module(wildcards.predictor)),
        tasks=lambda wildcards: sorted(SETTINGS[wildcards.setting].measured_tasks),
        methods=lambda wildcards: list(SETTINGS[wildcards.setting].methods),
        grid=lambda wildcards: forecast_grid(wildcards.setting),
        levels=lambda wildcards: SETTINGS[wildcards.setting].intervals,
        seed=lambda wildcards: SETTINGS[wildcards.setting].seed,
    script:
        "../scripts/folds.py"


rule table_forecast:
    input:
        folds=lambda wildcards: predictor_files("folds/{predictor}.json", wildcards.setting),
        nulls=lambda wildcards: predictor_files("nulls/{predictor}.csv", wildcards.setting),
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
        methods=lambda wildcards: list(SETTINGS[wildcards.setting].methods),
        predictors=lambda wildcards: SETTINGS[wildcards.setting].predictors,
        tasks=lambda wildcards: SETTINGS[wildcards.setting].measured_tasks,
        target=lambda wildcards: SETTINGS[wildcards.setting].targets[0],
        draws=lambda wildcards: SETTINGS[wildcards.setting].bootstrap,
        seed=lambda wildcards: SETTINGS[wildcards.setting].seed,
    script:
        "../scripts/table_forecast.py"
