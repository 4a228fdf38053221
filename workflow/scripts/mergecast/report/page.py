"""Put the page together: facts, charts and tables of every setting into one self-contained HTML file."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import vl_convert
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from .. import analysis
from ..charts import SPLIT_NAMES, number, target_name, theme, words
from ..charts.figure import VEGALITE
from ..errors import MergecastError
from ..files import write_text
from ..tables.setting import Setting
from .explorer import explorer
from .facts import gather
from .methods import methods
from .packing import pack
from .sections import sections

TEMPLATES = Path(__file__).parent / "templates"
STYLES = ("vendor/tabulator.min.css", "page.css", "explorer.css", "print.css")
ANSWER = ("base", "state", "explorer", "pair", "plan", "grid")  # scripts of the explorer, in the order they build on each other


def write_report(path, settings: Sequence[Setting], run_info: Mapping, across: Mapping | None = None) -> None:
    """Write the page over all settings to `path`: one file that loads nothing, the same bytes for the same input.

    Parameters
    ----------
    path : Path or str
    settings : sequence of Setting
    run_info : mapping
        Shown as it is: nested dictionaries and lists of plain values (versions, hashes, seeds, …).
    across : mapping from name to DataFrame, optional
        The tables over several settings ("transfer", "setting_agreement"), as far as there are any.

    Raises
    ------
    MergecastError
        Without settings, for two of one name, when a table is empty or lacks a column, or when `path` cannot be written.
    """
    names = [setting.name for setting in settings]
    if not names:
        raise MergecastError("report: there is no setting to show; name at least one under `settings`")
    if len(set(names)) < len(names):
        raise MergecastError(f"report: two settings are named {max(names, key=names.count)!r}; give each its own name")
    write_text(path, render(settings, run_info, across))


def render(settings: Sequence[Setting], run_info: Mapping, across: Mapping | None = None) -> str:
    """The page as text.

    Parameters
    ----------
    settings : sequence of Setting
    run_info : mapping
        As for `write_report`.
    across : mapping from name to DataFrame, optional
        As for `write_report`.

    Returns
    -------
    str
        HTML.

    Raises
    ------
    MergecastError
        When a table is empty or lacks a column.
    """
    shown = [_context(f"s{i}", setting) for i, setting in enumerate(settings, start=1)]
    spanning = _shown("across", *sections(Setting("across", across or {}), "across"))
    everywhere = [*shown, spanning]
    packs = {f"evidence-{context['id']}": {"specs": _specs(context), "data": _scripts(context)} for context in everywhere}
    libraries = {"vega": bundle(), "tabulator": _text("vendor/tabulator.min.js")}
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            settings=shown,
            run_info=run_info,
            metrics_info=_union(setting.metrics_info for setting in settings),
            methods_info=_union(setting.methods_info for setting in settings),
            predictors_info=_union(setting.predictors_info for setting in settings),
            across=spanning,
            explorer=_json([context["explorer"] for context in shown]),
            packs={name: pack(_plain(parts)) for name, parts in packs.items()}
            | {name: pack(_runnable(script)) for name, script in libraries.items()},
            themes=_json({"light": theme.config(theme.LIGHT), "dark": theme.config(theme.DARK)}),
            css=Markup(theme.css() + "".join(map(_text, STYLES))),
            explorer_js=Markup("".join(_text(f"js/{name}.js") for name in ANSWER)),
            evidence_js=Markup(_text("js/evidence.js")),
            bundle_size=f"{len(libraries['vega'].encode()) / 1e6:.1f} MB",
            vegalite=VEGALITE,
        )
    )


@cache
def bundle() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script that defines `vegaEmbed`, of the version that Altair writes for."""
    return vl_convert.javascript_bundle("window.vegaEmbed=vegaEmbed;", vl_version=VEGALITE)


@cache
def _text(name: str) -> str:
    """A file of the templates."""
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _runnable(script: str) -> str:
    """A script without the line that points to its map, which is not in the page."""
    return "\n".join(line for line in script.splitlines() if not line.startswith("//# sourceMappingURL"))


def _context(identity: str, setting: Setting) -> dict:
    """Everything the template says about one setting."""
    facts = gather(setting)
    context = _shown(identity, *sections(setting))
    side_by_side = methods(facts, setting.headline["merges"])
    return context | {
        "name": setting.name,
        "facts": facts,
        "explorer": explorer(setting, facts),
        "figures": {side_by_side.name: side_by_side, **context["figures"]},
        "configuration": setting.configuration,
    }


def _shown(identity: str, entries: Mapping, missing: Sequence[str]) -> dict:
    """Sections as the template takes them, with their figures by name."""
    listed = [{"name": name, "title": title, "section": section} for name, (title, section) in entries.items()]
    figures = {figure.name: figure for each in listed for figure in each["section"].figures}
    return {"id": identity, "sections": listed, "missing": missing, "figures": figures}


def _specs(context: Mapping) -> dict:
    """Specifications by the names that the template gives their places."""
    figures = context["figures"].values()
    return {f"{context['id']}-{f.name}-{i}": panel.spec for f in figures for i, panel in enumerate(f.panels)}


def _scripts(context: Mapping) -> dict:
    """What the sections of a setting hand to the page's script, by analysis."""
    sections = context["sections"]
    return {each["name"]: each["section"].script for each in sections if each["section"].script is not None}


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader([TEMPLATES, Path(analysis.__file__).parent]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = lambda value, digits=3: number(value, digits)
    environment.filters["breakable"] = lambda name: escape(name).replace("_", Markup("_<wbr>"))
    environment.filters["words"] = words
    environment.filters["target"] = target_name
    environment.filters["split"] = lambda name: SPLIT_NAMES[name]
    environment.tests["nested"] = lambda value: isinstance(value, Mapping) and bool(value)
    environment.tests["listing"] = lambda value: isinstance(value, list | tuple)
    return environment


def _union(lists) -> list[Mapping]:
    """Descriptions of all settings, each name once, in the order they first come."""
    descriptions: dict = {}
    for info in (info for infos in lists for info in infos):
        descriptions.setdefault(info["name"], info)
    return list(descriptions.values())


def _plain(value) -> str:
    """Strict JSON."""
    return json.dumps(value, allow_nan=False, separators=(",", ":"), ensure_ascii=False)


def _json(value) -> Markup:
    """Strict JSON that cannot end the script element it stands in."""
    return Markup(_plain(value).replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))
