"""Figures of each setting, and over settings; one page over all settings."""

for setting in SETTINGS:
    for group in FIGURES:

        rule:
            name:
                tiles.identifier("figures", group, setting)
            input:
                tables=tables_files(
                    setting, *sorted({table for name in figures_of(setting, group) for table in FIGURES[group][name]})
                ),
                curves=curves(setting) if "training" in figures_of(setting, group) else [],
            output:
                svg=[
                    report(
                        of(f"figures/{figure}.svg"),
                        caption=f"../report/{figure}.rst",
                        category="Figures",
                        subcategory=setting,
                    )
                    for figure in figures_of(setting, group)
                ],
                pdf=[of(f"figures/{figure}.pdf") for figure in figures_of(setting, group)],
            log:
                of(f"logs/figures/{group}.log"),
            benchmark:
                of(f"benchmarks/figures/{group}.tsv")
            wildcard_constraints:
                setting=one_of([setting]),
            localrule: True
            conda:
                "../envs/plots.yaml"
            threads: 1
            params:
                code=code("figure.py", "metrics._metric", *(f"plots.{figure}" for figure in figures_of(setting, group))),
                figures=figures_of(setting, group),
                metrics=SETTINGS[setting].metrics,
                target=SETTINGS[setting].targets[0],
                predictor=SETTINGS[setting].analysis["predictor"],
            script:
                "../scripts/figure.py"


rule figures_across:
    input:
        tables=["results/across/tables/transfer.csv"],
    output:
        svg=[report("results/across/figures/transfer.svg", caption="../report/transfer.rst", category="Figures")],
        pdf=["results/across/figures/transfer.pdf"],
    log:
        "results/logs/across/figures.log",
    benchmark:
        "results/benchmarks/across/figures.tsv"
    localrule: True
    conda:
        "../envs/plots.yaml"
    threads: 1
    params:
        code=code("figure.py", "metrics._metric", "plots.transfer"),
        figures=["transfer"],
        metrics=[],
        target=SETTINGS[next(iter(SETTINGS))].targets[0],
        predictor=None,
    script:
        "../scripts/figure.py"


rule page:
    input:
        tables=[path for setting in SETTINGS for path in every_table(setting)],
        across=[path for path in across_files() if path.endswith(".csv")],
        curves=[path for setting in MODEL_SETTINGS for path in curves(setting)],
        bases=[clip(setting) for setting in MODEL_SETTINGS],
    output:
        report("results/report.html", caption="../report/page.rst", category="Page"),
    log:
        "results/logs/page.log",
    benchmark:
        "results/benchmarks/page.tsv"
    localrule: True
    conda:
        "../envs/plots.yaml"
    threads: 1
    params:
        code=code("page.py", *metric_modules()),
        config=config,
        templates=lambda wildcards: contents(TEMPLATES),
        settings={name: asdict(setting) for name, setting in SETTINGS.items()},
    script:
        "../scripts/page.py"
