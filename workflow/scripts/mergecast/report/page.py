"""Put the page together: facts, charts and tables of every setting into one self-contained HTML file."""

import json
import math
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import altair as alt
import vl_convert
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from ..errors import MergecastError
from ..files import write_text
from ..plots import target_name
from . import tables
from .charts import figures
from .facts import gather
from .sections import across as over_settings
from .sections import sections
from .sections.scores import COLUMNS, views
from .setting import Setting

TEMPLATES = Path(__file__).parent / "templates"


def write_report(path, settings: Sequence[Setting], run_info: Mapping, across: Mapping | None = None) -> None:
    """Write the page over all settings to `path`: one file that loads nothing, the same bytes for the same input.

    `run_info` is shown as it is: nested dictionaries and lists of plain values (versions, hashes, seeds, …). `across` holds
    the tables over several settings by name ("transfer", "setting_agreement"), as far as there are any.
    Raises MergecastError without settings, for two of one name, or when a table is empty or lacks a column.
    """
    names = [setting.name for setting in settings]
    if not names:
        raise MergecastError("report: there is no setting to show; name at least one under `settings`")
    if len(set(names)) < len(names):
        raise MergecastError(f"report: two settings are named {max(names, key=names.count)!r}; give each its own name")
    write_text(path, render(settings, run_info, across))


def render(settings: Sequence[Setting], run_info: Mapping, across: Mapping | None = None) -> str:
    """The page as text."""
    shown = [_context(f"s{i}", setting) for i, setting in enumerate(settings, start=1)]
    carried = _across(over_settings.section(across or {}))
    specs = {key: spec for context in (*shown, carried) if context for key, spec in context["specs"].items()}
    script = bundle()
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            settings=shown,
            run_info=run_info,
            metrics_info=_union(setting.metrics_info for setting in settings),
            methods_info=_union(setting.methods_info for setting in settings),
            predictors_info=_union(setting.predictors_info for setting in settings),
            across=carried,
            charts=_json(specs),
            score_rows=_json({context["id"]: context["views"]["rows"] for context in shown}),
            score_columns=COLUMNS,
            forecasts=_json({context["id"]: context["forecasts"] for context in shown}),
            css=Markup((TEMPLATES / "page.css").read_text(encoding="utf-8")),
            js=Markup((TEMPLATES / "page.js").read_text(encoding="utf-8")),
            bundle=Markup(script.replace("</script", "<\\/script")),
            bundle_size=f"{len(script.encode()) / 1e6:.1f} MB",
            vegalite=alt.SCHEMA_VERSION.lstrip("v"),
        )
    )


@cache
def bundle() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script that defines `vegaEmbed`, of the version that Altair writes for."""
    version = ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])
    return vl_convert.javascript_bundle("window.vegaEmbed=vegaEmbed;", vl_version=version)


def _context(identity: str, setting: Setting) -> dict:
    """Everything the template says about one setting."""
    facts = gather(setting)
    analyses, missing = sections(setting, facts)
    drawn = figures(setting, facts) | {figure.name: figure for section in analyses for figure in section.figures}
    shown = views(setting.tables["scores"])
    chosen = (facts.forecast.predictor or facts.forecast.closest).name
    return {
        "id": identity,
        "name": setting.name,
        "facts": facts,
        "figures": drawn,
        "specs": _specs(identity, drawn),
        "sections": analyses,
        "missing": missing,
        "views": shown,
        "view": f"loto|{facts.target}|{shown['methods'][0]}",
        "pairs": tables.pairs(setting.headline, facts),
        "forecasts": tables.forecasts(setting.headline, facts),
        "predictors": list(dict.fromkeys(setting.headline["scores"].predictor)),
        "chosen": chosen,
        "scores": tables.scores(setting.headline["scores"], facts),
        "singles": tables.singles(setting.tables["checkpoints"]),
        "used": tables.most_used(setting, facts),
        "configuration": setting.configuration,
    }


def _specs(identity: str, drawn: Mapping) -> dict:
    return {f"{identity}-{f.name}-{i}": panel.spec for f in drawn.values() for i, panel in enumerate(f.panels)}


def _across(section) -> dict | None:
    """The section over settings, in the form that the template gives figures of a setting."""
    if section is None:
        return None
    drawn = {figure.name: figure for figure in section.figures}
    return {"id": "across", "figures": drawn, "specs": _specs("across", drawn), "section": section}


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = number
    environment.filters["breakable"] = lambda name: escape(name).replace("_", Markup("_<wbr>"))
    environment.filters["words"] = lambda name: str(name).replace("_", " ")
    environment.filters["target"] = target_name
    environment.tests["nested"] = lambda value: isinstance(value, Mapping) and bool(value)
    environment.tests["listing"] = lambda value: isinstance(value, list | tuple)
    return environment


def number(value, digits: int = 3) -> str:
    """A number for people: fixed digits, a true minus sign, and words where there is none.

    >>> number(-0.12345), number(None), number(float("nan"))
    ('−0.123', 'undefined', 'undefined')
    """
    if value is None or math.isnan(value):
        return "undefined"
    return f"{value:.{digits}f}".replace("-", "−")


def _union(lists) -> list[Mapping]:
    """Descriptions of all settings, each name once, in the order they first come."""
    found: dict = {}
    for info in (info for infos in lists for info in infos):
        found.setdefault(info["name"], info)
    return list(found.values())


def _json(value) -> Markup:
    """Strict JSON that cannot end the script element it stands in."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"), ensure_ascii=False)
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))
