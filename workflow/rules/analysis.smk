"""What the forecast rests on and how far it reaches: one rule an analysis, each a table."""


rule correlations:
    input:
        tables=lambda wildcards: design_tables(wildcards.setting),
    output:
        report(of("tables/correlations.csv"), caption="../report/correlations.rst", category="Analyses"),
    log:
        of("logs/tables/correlations.log"),
    benchmark:
        of("benchmarks/tables/correlations.tsv")
    localrule: True
    conda:
        "../envs/tables.yaml"
    threads: 1
    params:
        code=code("table_correlations.py"),
        setting=lambda wildcards: analysed(wildcards.setting),
        draws=lambda wildcards: SETTINGS[wildcards.setting].splits["loto"]["permutations"],
    script:
        "../scripts/table_correlations.py"


rule ablation:
    input:
        tables=lambda wildcards: design_tables(wildcards.setting),
    output:
        report(of("tables/ablation.csv"), caption="../report/ablation.rst", category="Analyses"),
    log:
        of("logs/tables/ablation.log"),
    benchmark:
        of("benchmarks/tables/ablation.tsv")
    conda:
        "../envs/tables.yaml"
    threads: 1
    resources:
        **on_cpu(minutes=60, memory=2000),
    params:
        code=lambda wildcards: code("table_ablation.py", analyst_module(wildcards.setting), *metric_modules()),
        setting=lambda wildcards: analysed(wildcards.setting),
    script:
        "../scripts/table_ablation.py"


rule greedy:
    input:
        tables=lambda wildcards: design_tables(wildcards.setting),
    output:
        scores=report(of("tables/greedy.csv"), caption="../report/greedy.rst", category="Analyses"),
        metrics=report(of("tables/greedy_metrics.csv"), caption="../report/greedy.rst", category="Analyses"),
    log:
        of("logs/tables/greedy.log"),
    benchmark:
        of("benchmarks/tables/greedy.tsv")
    conda:
        "../envs/tables.yaml"
    threads: 1
    resources:
        **on_cpu(minutes=60, memory=2000),
    params:
        code=code("table_greedy.py"),
        setting=lambda wildcards: analysed(wildcards.setting),
    script:
        "../scripts/table_greedy.py"


rule stability:
    input:
        coefficients=of("tables/coefficients.csv"),
    output:
        stability=report(of("tables/stability.csv"), caption="../report/stability.rst", category="Analyses"),
        agreement=report(of("tables/method_agreement.csv"), caption="../report/agreement.rst", category="Analyses"),
    log:
        of("logs/tables/stability.log"),
    benchmark:
        of("benchmarks/tables/stability.tsv")
    localrule: True
    conda:
        "../envs/tables.yaml"
    threads: 1
    params:
        code=code("table_stability.py"),
        target=lambda wildcards: SETTINGS[wildcards.setting].targets[0],
    script:
        "../scripts/table_stability.py"


rule selection:
    input:
        predictions=of("tables/predictions.csv"),
    output:
        report(of("tables/selection.csv"), caption="../report/selection.rst", category="Analyses"),
    log:
        of("logs/tables/selection.log"),
    benchmark:
        of("benchmarks/tables/selection.tsv")
    localrule: True
    conda:
        "../envs/tables.yaml"
    threads: 1
    params:
        code=code("table_selection.py"),
        target=lambda wildcards: SETTINGS[wildcards.setting].targets[0],
    script:
        "../scripts/table_selection.py"


rule subset_ranking:
    input:
        predictions=of("tables/predictions.csv"),
        subsets=of("tables/subsets.csv"),
        merges=of("tables/merges.csv"),
    output:
        ranking=report(of("tables/subset_ranking.csv"), caption="../report/subset_ranking.rst", category="Analyses"),
        scores=report(of("tables/subset_scores.csv"), caption="../report/subset_ranking.rst", category="Analyses"),
    log:
        of("logs/tables/subset_ranking.log"),
    benchmark:
        of("benchmarks/tables/subset_ranking.tsv")
    localrule: True
    conda:
        "../envs/tables.yaml"
    threads: 1
    params:
        code=code("table_subset_ranking.py"),
        target=lambda wildcards: SETTINGS[wildcards.setting].targets[0],
        draws=lambda wildcards: SETTINGS[wildcards.setting].bootstrap,
        seed=lambda wildcards: SETTINGS[wildcards.setting].seed,
    script:
        "../scripts/table_subset_ranking.py"


rule calibration:
    input:
        metrics=of("tables/calibration_metrics.csv"),
        merges=of("tables/merges.csv"),
    output:
        report(of("tables/calibration.csv"), caption="../report/calibration.rst", category="Analyses"),
    log:
        of("logs/tables/calibration.log"),
    benchmark:
        of("benchmarks/tables/calibration.tsv")
    localrule: True
    conda:
        "../envs/tables.yaml"
    threads: 1
    params:
        code=code("table_calibration.py"),
        target=lambda wildcards: SETTINGS[wildcards.setting].targets[0],
    script:
        "../scripts/table_calibration.py"


rule setting_agreement:
    input:
        coefficients=[f"results/{setting}/tables/coefficients.csv" for setting in SETTINGS],
    output:
        report(
            "results/across/tables/setting_agreement.csv", caption="../report/across.rst", category="Across settings"
        ),
    log:
        "results/logs/across/setting_agreement.log",
    benchmark:
        "results/benchmarks/across/setting_agreement.tsv"
    localrule: True
    conda:
        "../envs/tables.yaml"
    threads: 1
    params:
        code=code("across_agreement.py"),
        settings={setting: analysed(setting) for setting in SETTINGS},
    script:
        "../scripts/across_agreement.py"


rule transfer:
    input:
        tables=across_tables(),
    output:
        report("results/across/tables/transfer.csv", caption="../report/across.rst", category="Across settings"),
    log:
        "results/logs/across/transfer.log",
    benchmark:
        "results/benchmarks/across/transfer.tsv"
    conda:
        "../envs/tables.yaml"
    threads: 1
    resources:
        **on_cpu(minutes=60, memory=2000),
    params:
        code=code("across_transfer.py", *sorted({analyst_module(setting) for setting in SETTINGS})),
        settings={setting: analysed(setting) for setting in SETTINGS},
    script:
        "../scripts/across_transfer.py"
