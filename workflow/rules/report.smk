"""Figures a setting, and one page over all settings."""

for figure, tables in FIGURES.items():

    rule:
        name:
            f"figure_{figure}"
        input:
            tables=[of(table) for table in tables],
            curves=lambda wildcards, figure=figure: curves(wildcards.setting) if figure == "training" else [],
            code=code("figure.py", f"plots.{figure}"),
        output:
            svg=report(of(f"figures/{figure}.svg"), caption=f"../report/{figure}.rst", category="Figures"),
            pdf=of(f"figures/{figure}.pdf"),
        log:
            of(f"logs/figures/{figure}.log"),
        benchmark:
            of(f"benchmarks/figures/{figure}.tsv")
        conda:
            "../envs/plots.yaml"
        threads: 1
        params:
            figure=figure,
            target=lambda wildcards: SETTINGS[wildcards.setting].target,
        script:
            "../scripts/figure.py"


rule page:
    input:
        tables=[path for setting in SETTINGS for path in every_table(setting)],
        curves=[path for setting in SETTINGS for path in curves(setting)],
        bases=[clip(setting) for setting in SETTINGS],
        code=code("page.py"),
    output:
        report("results/report.html", caption="../report/page.rst", category="Page"),
    log:
        "results/logs/page.log",
    benchmark:
        "results/benchmarks/page.tsv"
    conda:
        "../envs/plots.yaml"
    threads: 1
    params:
        config=config,
        settings={name: asdict(setting) for name, setting in SETTINGS.items()},
    script:
        "../scripts/page.py"
