"""Figures of each setting, and over settings; one page over all settings in which something was merged."""

for setting, name, analyses in figure_jobs():

    rule:
        name:
            tiles.identifier("figures", name, *([] if setting == "across" else [setting]))
        input:
            tables=tables_files(setting, *sorted({table for each in analyses for table in each.shows} - {"curves"})),
            curves=curves(setting) if any("curves" in each.shows for each in analyses) else [],
        output:
            svg=[
                shown(
                    each,
                    f"figures/{each.name}.svg",
                    category="Figures",
                    **({} if setting == "across" else {"subcategory": setting}),
                )
                for each in analyses
            ],
            pdf=[f"results/{folder(each)}/figures/{each.name}.pdf" for each in analyses],
        log:
            "results/logs/across/figures.log" if setting == "across" else of(f"logs/figures/{name}.log"),
        benchmark:
            "results/benchmarks/across/figures.tsv" if setting == "across" else of(f"benchmarks/figures/{name}.tsv")
        wildcard_constraints:
            setting=one_of([setting]),
        localrule: True
        conda:
            "../envs/plots.yaml"
        threads: 1
        params:
            code=code("figures.py", *(f"{each.wing}.figure" for each in analyses)),
            analyses=[each.name for each in analyses],
            name=setting,
            categories={} if setting == "across" else categories(setting),
            configuration={} if setting == "across" else pictured(setting),
        script:
            "../scripts/figures.py"


rule page:
    input:
        tables=[path for setting in MEASURED_SETTINGS for path in every_table(setting)],
        across=[path for path in across_files() if path.endswith(".csv")],
        curves=[path for setting in MEASURED_SETTINGS for path in curves(setting)],
        bases=[clip(setting) for setting in MODEL_SETTINGS if setting in MEASURED_SETTINGS],
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
        code=code("page.py", *metric_modules(), *(module for each in ANALYSES.values() for module in each.modules)),
        config=config,
        templates=lambda wildcards: {os.path.relpath(path, LIBRARY): content_hash_of(path) for path in TEMPLATES},
        settings={name: asdict(SETTINGS[name]) for name in MEASURED_SETTINGS},
    script:
        "../scripts/page.py"
