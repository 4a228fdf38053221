"""Tables a user brings, instead of models: checked and cut down to what is complete. One rule per setting of tables."""

if workflow.is_main_process:
    for line in remarks(config, SETTINGS):
        logger.warning(line)

for setting in TABLE_SETTINGS:

    rule:
        name:
            tiles.identifier("import", setting)
        input:
            by_content(*SETTINGS[setting].tables.values()),
        output:
            [
                report(of(f"tables/{table}.csv"), caption=f"../report/{table}.rst", category="Tables")
                for table in measured_tables(setting)
            ],
        log:
            of("logs/tables/import.log"),
        benchmark:
            of("benchmarks/tables/import.tsv")
        wildcard_constraints:
            setting=one_of([setting]),
        localrule: True
        conda:
            "../envs/tables.yaml"
        threads: 1
        params:
            code=code("import_tables.py", "metrics._metric"),
            setting=setting,
            files=SETTINGS[setting].tables,
            content=lambda wildcards: [contents(path) for path in SETTINGS[wildcards.setting].tables.values()],
            chosen=SETTINGS[setting].chosen,
        script:
            "../scripts/import_tables.py"
