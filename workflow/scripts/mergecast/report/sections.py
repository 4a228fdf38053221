"""The sections of the page: what each analysis has to say, in the order that the analyses declare."""

from .. import catalogue
from ..analysis._section import Section
from ..analysis.declared import Analysis, everything
from ..tables.setting import Setting


def sections(setting: Setting, scope: str = "setting") -> tuple[dict[str, tuple[str, Section]], list[str]]:
    """(title, section) by the name of the analysis, and the titles of those that have nothing to say of this setting.

    Parameters
    ----------
    setting : Setting
    scope : str, default "setting"
        Of the analyses that are asked: "setting" or "across".

    Returns
    -------
    tuple of dict and list of str
        In the order of the page. Titles of analyses that declare MISSED = False are left out.
    """
    entries, missing = {}, []
    for name, analysis in everything().items():
        if analysis.scope == scope:
            made = _section(analysis, setting) if all(_there(table, setting) for table in analysis.shows) else None
            if made is not None:
                entries[name] = (analysis.title, made)
            elif analysis.missed:
                missing.append(analysis.title)
    return entries, missing


def _there(table: str, setting: Setting) -> bool:
    return bool(setting.curves) if table == "curves" else table in setting.tables and not setting.tables[table].empty


def _section(analysis: Analysis, setting: Setting) -> Section | None:
    if analysis.has_section:
        return catalogue.load(analysis.wing, "section").section(setting)
    return Section(figures=[catalogue.load(analysis.wing, "figure").draw(setting)]) if analysis.has_figure else None
