"""Input functions of the analyses, their figures and the page: which of them a setting has, what they take and know."""

ANALYSES = declared.everything()
ACROSS = {
    name: analysis for name, analysis in ANALYSES.items() if analysis.scope == "across" and len(MEASURED_SETTINGS) > 1
}
LIBRARY = Path(declared.__file__).parents[1]
SHOWN = [*(LIBRARY / "report" / "templates").rglob("*.*"), *(LIBRARY / "analysis").glob("*/*.j2")]
TEMPLATES = sorted(path for path in SHOWN if path.is_file())


def known(setting):
    """What an analysis may know of a setting, as plain data; `USES` names its part."""
    resolved = SETTINGS[setting]
    return {
        "name": setting,
        "tasks": resolved.measured_tasks,
        "methods": list(resolved.methods),
        "metrics": list(resolved.metrics),
        "categories": categories(setting),
        "targets": list(resolved.targets),
        "target": resolved.targets[0],
        "symmetric": resolved.targets[0] in design.SYMMETRIC,
        "splits": list(resolved.splits),
        "permutations": resolved.splits.get("loto", {}).get("permutations", 0),
        "bootstrap": resolved.bootstrap,
        "predictor": resolved.analysis["predictor"],
        "predictors": list(resolved.predictors),
        "images": resolved.features["images"],
        "seed": resolved.seed,
    }


def categories(setting):
    """The category of each metric of a setting, in the order of the catalogue; one of tables made elsewhere may have none."""
    chosen = SETTINGS[setting].metrics
    return {name: metric.category for name, metric in metrics.catalogue().items() if name in chosen}


def analyses_of(setting):
    """The analyses of a setting, in the order of the page."""
    forecast = [*declared.FORECAST, *explored(setting), "directed"] if setting in MEASURED_SETTINGS else []
    return declared.of(known(setting), [*measured_tables(setting), *forecast, *(["curves"] if curves(setting) else [])])


def tables_of(setting):
    """Names of all tables of a setting."""
    made = [table for analysis in analyses_of(setting).values() for table in analysis.tables]
    forecast = declared.FORECAST if setting in MEASURED_SETTINGS else []
    return [*measured_tables(setting), *forecast, *explored(setting), *made]


def every_table(setting):
    """All tables of a setting."""
    return tables_files(setting, *tables_of(setting))


def figures_of(setting):
    """The analyses of a setting that have a figure."""
    return {
        name: analysis
        for name, analysis in analyses_of(setting).items()
        if analysis.has_figure and analysis.drawn(known(setting))
    }


def every_figure(setting):
    """All figures of a setting, in both formats."""
    return [f"results/{setting}/figures/{name}.{kind}" for name in figures_of(setting) for kind in ("svg", "pdf")]


def across_files():
    """The tables and figures over settings, if there are several."""
    tables = [f"results/across/tables/{table}.csv" for analysis in ACROSS.values() for table in analysis.tables]
    drawn = [name for name, analysis in ACROSS.items() if analysis.has_figure]
    return tables + [f"results/across/figures/{name}.{kind}" for name in drawn for kind in ("svg", "pdf")]


def settings_of(analysis, wildcards):
    """The settings that an analysis is given the tables of."""
    return [wildcards.setting] if analysis.scope == "setting" else MEASURED_SETTINGS


def taken(analysis, settings):
    """The tables that an analysis is given of each setting; directed values and covariates only if all have them, lest two
    things go by one name."""
    partial = {"directed": has_directed, **dict.fromkeys(TRAITS, has_traits)}
    names = [name for name in analysis.takes if name not in partial or all(map(partial[name], settings))]
    return [path for setting in settings for path in tables_files(setting, *names)]


def analysis_code(analysis, settings):
    """The code of an analysis, and of the predictors that it refits."""
    fitted = set()
    for setting in settings:
        named = {"analyst": [SETTINGS[setting].analysis["predictor"]], "all": SETTINGS[setting].predictors}
        fitted |= {predictor_module(name) for refitted in analysis.refits for name in named.get(refitted, [refitted])}
    return code("analysis.py", f"{analysis.wing}.table", *sorted(fitted))


def kept(analysis, kind, end):
    """Where the log (or benchmark) of an analysis is."""
    where = f"{{setting}}/{kind}/analyses" if analysis.scope == "setting" else f"{kind}/across"
    return f"results/{where}/{analysis.name}.{end}"


def folder(analysis):
    """Where the tables and figures of an analysis are."""
    return "{setting}" if analysis.scope == "setting" else "across"


def shown(analysis, name, **place):
    """A table or figure of an analysis, with its caption."""
    caption = f"../scripts/mergecast/analysis/{analysis.name}/caption.rst"
    return report(f"results/{folder(analysis)}/{name}", caption=caption, **place)


def stage(analysis):
    """What the figure of an analysis waits for: the models and merges, the forecast, or the analyses themselves."""
    if analysis.scope == "across":
        return "across"
    return "analyses" if analysis.tables else "forecast" if {*analysis.shows} & {*declared.FORECAST} else "models"


def metric_modules():
    """The modules of all metrics, for what shows their categories and their words."""
    return [f"metrics.{category}" for category in sorted({metric.category for metric in metrics.catalogue().values()})]


def pictured(setting):
    """What the figures have to know of a setting's configuration."""
    resolved = SETTINGS[setting]
    return {key: list(getattr(resolved, key)) for key in ("targets", "metrics")} | {
        "analysis": {"predictor": resolved.analysis["predictor"]}
    }


def figure_jobs():
    """(setting, stage, analyses): figures that are drawn by one job, since starting one takes longer than drawing."""
    drawn = {setting: figures_of(setting) for setting in SETTINGS}
    drawn |= {"across": {name: analysis for name, analysis in ACROSS.items() if analysis.has_figure}} if ACROSS else {}
    for setting, analyses in drawn.items():
        for name in dict.fromkeys(map(stage, analyses.values())):
            yield setting, name, [analysis for analysis in analyses.values() if stage(analysis) == name]
