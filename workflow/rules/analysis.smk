"""What is made of the tables: an analysis is a folder of the library, which says what it takes, makes and shows."""

for analysis in ANALYSES.values():
    if analysis.tables:

        rule:
            name:
                tiles.identifier("analysis", analysis.name)
            input:
                tables=lambda wildcards, analysis=analysis: taken(analysis, settings_of(analysis, wildcards)),
            output:
                [
                    shown(
                        analysis,
                        f"tables/{table}.csv",
                        category="Analyses" if analysis.scope == "setting" else "Across settings",
                    )
                    for table in analysis.tables
                ],
            log:
                kept(analysis, "logs", "log"),
            benchmark:
                kept(analysis, "benchmarks", "tsv")
            localrule: analysis.resources is None
            conda:
                "../envs/tables.yaml"
            threads: 1
            resources:
                **(on_cpu(**analysis.resources) if analysis.resources else {}),
            params:
                code=lambda wildcards, analysis=analysis: analysis_code(analysis, settings_of(analysis, wildcards)),
                analysis=analysis.name,
                across=analysis.scope == "across",
                settings=lambda wildcards, analysis=analysis: {
                    setting: {key: known(setting)[key] for key in analysis.uses}
                    for setting in settings_of(analysis, wildcards)
                },
            script:
                "../scripts/analysis.py"
