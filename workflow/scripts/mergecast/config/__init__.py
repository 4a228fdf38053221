"""The configuration: read (`messages`), checked (`consistency`) and resolved into one `Setting` each (`settings`)."""

from .settings import DEFAULTS, Setting, remarks, resolve

__all__ = ["DEFAULTS", "Setting", "remarks", "resolve"]
