"""What is made of the tables: one folder per analysis, found by its name, and nothing else to be listed anywhere.

`analysis/NAME/__init__.py` declares it, in constants:

    ORDER      place on the page, a number                      TITLE     heading on the page
    SCOPE      "setting" (default), or "across" all settings    MISSED    False: say nothing where a setting has none of it
    TAKES      tables that `table.py` is given                  TABLES    tables that it makes
    USES       what it is told of the setting                   REFITS    predictors that it fits anew, see below
    RESOURCES  {"minutes": …, "memory": … in MB} of its job; without it, the table is made in seconds by a local rule
    SHOWS      tables that figure and section are made of (default: its own); "curves" are the training curves

REFITS names predictors and baselines; "analyst" is the predictor of the analyses, "all" are all of a setting. Their code is
part of what its tables depend on.

and, where it needs them, two functions of plain data: `applies(setting)`, whether a setting has the analysis, and
`drawn(setting)`, whether it has the figure. A setting that lacks a table of TAKES or SHOWS has no such analysis.
Beside it stand, as needed:

    table.py     make(tables, setting) -> {name: table}; across settings, both are by the setting's name first
    figure.py    draw(setting) -> charts.Figure, on the page and as figures/NAME.svg and .pdf
    section.py   section(setting) -> Section, or None where there is nothing to say; without one, the figure stands alone
    caption.rst  what Snakemake's report says of the tables and the figure
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields
from functools import cache

from .. import catalogue
from ..errors import MergecastError

SCOPES = ("setting", "across")
# What there is without any analysis: tables of what was measured, those of the forecast, and what is known of a setting.
MEASURED = ("checkpoints", "metrics", "directed", "merges", "subsets", "calibration_metrics", "correct", "dropped",
            "traits", "pair_traits", "library", "timings", "curves")  # fmt: skip
FORECAST = ("predictions", "intervals", "folds", "scores", "coefficients", "coverage", "nulls", "comparisons")
# What the explorer on top of the page is made of; a setting may lack any of it.
EXPLORED = ("forecasts", "forecast_reasons", "neighbours", "plan")
KNOWN = ("name", "tasks", "methods", "metrics", "categories", "targets", "target", "symmetric", "splits", "permutations",
         "bootstrap", "predictor", "predictors", "images",
         "seed")  # fmt: skip


@dataclass(frozen=True)
class Analysis:
    """What an analysis declares, and which files it has."""

    name: str
    order: float
    title: str
    scope: str = "setting"
    takes: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    refits: tuple[str, ...] = ()
    resources: Mapping[str, int] | None = None
    shows: tuple[str, ...] = ()
    missed: bool = True
    has_figure: bool = False
    has_section: bool = False
    applies: Callable[[Mapping], bool] = lambda setting: True
    drawn: Callable[[Mapping], bool] = lambda setting: True

    @property
    def wing(self) -> str:
        """Where its modules are, for `catalogue.load` and the hash of code."""
        return f"analysis.{self.name}"

    @property
    def modules(self) -> list[str]:
        """Modules that show it: its section, its figure."""
        return [f"{self.wing}.{part}" for part, there in (("figure", self.has_figure), ("section", self.has_section)) if there]


@cache
def everything() -> dict[str, Analysis]:
    """All analyses by name, in the order of the page.

    Returns
    -------
    dict of Analysis

    Raises
    ------
    MergecastError
        For a declaration that is not complete, names what is not known, or makes a table that another one makes.
    """
    analyses = [_read(name) for name in catalogue.folders("analysis")]
    makers: dict[str, str] = {}
    for analysis in analyses:
        for table in analysis.tables:
            if table in makers:
                raise MergecastError(f"analysis/{analysis.name}: TABLES: {makers[table]} makes {table!r} too; rename one")
            makers[table] = analysis.name
    tables = (*MEASURED, *FORECAST, *EXPLORED, *makers)
    for analysis in analyses:
        for key, names, known in (
            ("TAKES", analysis.takes, tables), ("SHOWS", analysis.shows, tables), ("USES", analysis.uses, KNOWN)
        ):  # fmt: skip
            for name in names:
                if name not in known:
                    raise MergecastError(f"analysis/{analysis.name}: {key}: {catalogue.unknown('name', name, known)}")
    return {analysis.name: analysis for analysis in sorted(analyses, key=lambda analysis: (analysis.order, analysis.name))}


def of(setting: Mapping, tables: Collection[str]) -> dict[str, Analysis]:
    """Those that a setting has, in the order of the page.

    Parameters
    ----------
    setting : mapping
        What `applies` is asked about.
    tables : collection of str
        What the setting has without any analysis.

    Returns
    -------
    dict of Analysis
        By name.
    """
    there, names = set(tables), set()
    local = {name: analysis for name, analysis in everything().items() if analysis.scope == "setting"}
    while more := [
        name
        for name, analysis in local.items()
        if name not in names and {*analysis.takes, *analysis.shows} <= {*there, *analysis.tables} and analysis.applies(setting)
    ]:
        names.update(more)
        there.update(table for name in more for table in local[name].tables)
    return {name: analysis for name, analysis in local.items() if name in names}


def _read(name: str) -> Analysis:
    module = catalogue.load("analysis", name)
    where, parts = f"analysis/{name}/__init__.py", catalogue.names(f"analysis.{name}")
    known = {field.name.upper(): field.name for field in fields(Analysis) if field.name not in ("name", "applies", "drawn")}
    said = {key: value for key, value in vars(module).items() if key.isupper()}
    for key in said:
        if key not in known:
            raise MergecastError(f"{where}: {catalogue.unknown('constant', key, known)}")
    for key in ("ORDER", "TITLE"):
        if key not in said:
            raise MergecastError(f"{where}: lacks {key}; say where on the page it stands, and under which heading")
    if said.get("SCOPE", "setting") not in SCOPES:
        raise MergecastError(f"{where}: SCOPE: {catalogue.unknown('scope', said['SCOPE'], SCOPES)}")
    if ("table" in parts) != bool(said.get("TABLES")):
        raise MergecastError(f"{where}: TABLES and table.py belong together; add the one that is missing")
    if {"table", "figure"} & {*parts} and not (catalogue.ROOT / "analysis" / name / "caption.rst").is_file():
        raise MergecastError(f"{where}: lacks caption.rst beside it; say what its tables and figure show")
    made = {"shows": said.get("TABLES", ()), "has_figure": "figure" in parts, "has_section": "section" in parts}
    made |= {key: vars(module)[key] for key in ("applies", "drawn") if key in vars(module)}
    for key, value in said.items():
        if key in ("TAKES", "TABLES", "USES", "SHOWS", "REFITS") and not isinstance(value, tuple):
            raise MergecastError(f"{where}: {key}: {value!r} must be a tuple of names, such as ({str(value)!r},)")
    return Analysis(name, **{**made, **{known[key]: value for key, value in said.items()}})
